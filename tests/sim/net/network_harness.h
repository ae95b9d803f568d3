#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "sim/core/ensure.h"
#include "sim/net/network.h"

namespace knetsim {

struct HarnessCosts {
  double per_ack_ps = 0;  ///< Of the sender's core and of the receive core, for each pure ACK.
  double softirq_ps = 0;  ///< Of the receive core, for each message ...
  double per_skb_ps = 0;  ///< ... and for each skb.
};

/// A network whose walks cost nothing: what is left are links, windows and timers. Messages are sent by a time line,
/// and what became of each is noted.
class NetworkHarness final : public MessageOwner, public EventHandler {
 public:
  struct End {
    Time at{};
    std::uint64_t cookie = 0;
    bool lost = false;
  };

  explicit NetworkHarness(const Topology& topology, const TcpSettings& tcp = {}, const HarnessCosts& costs = {})
      : topology_(topology),
        routing_(topology_),
        plans_(tcp_plans(costs)),
        datagram_plans_(datagram_plans()),
        same_pod_plans_(same_pod_plans()),
        tables_{.shapes = {NoiseShape(0)}, .curves = {}, .wire_kind = 1},
        scheduler(static_cast<std::uint32_t>(1 + topology_.hosts()) + Network::sources_needed(topology_)),
        cpus(scheduler, 1),
        network(scheduler, with_machines(cpus, topology_), topology_, routing_, tables_, RandomStreams(1), tcp,
                static_cast<std::uint32_t>(1 + topology_.hosts())),
        handler_(scheduler.add(*this)) {
    network.set_owner(*this);
  }

  static constexpr Bytes kMss{1448};
  static constexpr Bytes kFullPacket{1538};  ///< On the wire.
  static constexpr Bytes kBarePacket{90};    ///< A SYN or an ACK: 52 bytes of headers.

  FlowIndex open(HostId client, HostId server, bool datagrams = false) {
    return open(datagrams ? datagram_plans_ : plans_, client, server, datagrams);
  }
  /// Between two sockets of one pod: no link and no softirq lie between them.
  FlowIndex open_same_pod(HostId host) { return open(same_pod_plans_, host, host, false); }

  FlowIndex open(const FlowPlans& plans, HostId client, HostId server, bool datagrams) {
    FlowSpec spec;
    spec.plans = &plans;
    spec.nodes = {client, server};
    spec.tuple = {.src_address = client, .dst_address = server, .src_port = next_port_++, .dst_port = 80};
    spec.id = next_port_;
    spec.datagrams = datagrams;
    spec.asks_listener = turned_away > 0;
    return network.open(spec, scheduler.now());
  }

  /// At `when` the sending thread has done its part. @return The message's number, in order of the calls.
  std::uint64_t send_at(Time when, FlowIndex flow, FlowPacket packet, Bytes payload = {}) {
    sends_.push_back({flow, packet, payload});
    scheduler.schedule(when, 0, {handler_, 0, static_cast<std::uint32_t>(sends_.size() - 1), 0});
    return sends_.size() - 1;
  }

  /// The one end of the message. Fails the invariant where there is none or more than one.
  const End& end_of(std::uint64_t cookie) const {
    const End* found = nullptr;
    for (const End& end : ends) {
      if (end.cookie == cookie) {
        KNETSIM_ENSURE(found == nullptr);
        found = &end;
      }
    }
    KNETSIM_ENSURE(found != nullptr);
    return *found;
  }

  /// sent = delivered + lost + in flight, and what left the network's sight is what links dropped.
  bool conserves() const {
    std::uint64_t dropped = 0;
    bool links_conserve = true;
    for (LinkId link = 0; link < network.links().size(); ++link) {
      const LinkCounters c = network.links().counters(link, scheduler.now());
      dropped += c.packets_dropped;
      links_conserve = links_conserve && c.offered == c.sent + c.dropped + c.queued;
    }
    const NetworkCounters& n = network.counters();
    return links_conserve && n.packets_dropped == dropped && n.sent == sends_.size() &&
           n.sent == n.delivered + n.lost + network.in_flight() && n.delivered + n.lost == ends.size();
  }

  void on_event(Time now, const Event& event) override {
    const Send& send = sends_[event.a];
    const MessageIndex message = network.prepare(send.flow, send.packet, send.payload, event.a, nullptr, event.a);
    KNETSIM_ENSURE(network.sender_burst(message, 0, now) == Duration{});
    launching_ = true;
    network.launch(message, now);
    launching_ = false;
  }
  void on_message(Time now, MessageIndex message) override {
    KNETSIM_ENSURE(!launching_, "an owner is not called back from inside launch()");
    ends.push_back({now, network.cookie_of(message), false});
    network.receiver_burst(message, 0, now);
    network.release(message);
  }
  bool takes_syn(std::uint64_t /*cookie*/, Time /*now*/) override {
    if (turned_away == 0) return true;
    --turned_away;
    return false;
  }
  void on_lost(Time now, std::uint64_t cookie) override {
    KNETSIM_ENSURE(!launching_, "an owner is not called back from inside launch()");
    ends.push_back({now, cookie, true});
  }

 private:
  struct Send {
    FlowIndex flow;
    FlowPacket packet;
    Bytes payload;
  };

  static Cpus& with_machines(Cpus& cpus, const Topology& topology) {
    for (std::size_t host = 0; host < topology.hosts(); ++host) cpus.add_node(4);
    return cpus;
  }
  static Stage stage(StagePlace place, std::uint8_t node) { return {.place = place, .node = node}; }
  static FlowPlans tcp_plans(const HarnessCosts& costs) {
    FlowPlans plans;
    for (Plan& plan : plans.plan) {
      plan.nodes = 2;
      plan.header_bytes = 52;
      plan.max_segment_bytes = 1448;
      plan.stages = {stage(StagePlace::SenderCore, 0), stage(StagePlace::Wire, 0), stage(StagePlace::SoftirqCore, 1),
                     stage(StagePlace::ReceiverCore, 1)};
      plan.terms = {{.kind = 2, .latency = false, .per_ack_ps = costs.per_ack_ps},
                    {.kind = 3, .per_message_ps = costs.softirq_ps, .per_skb_ps = costs.per_skb_ps},
                    {.kind = 2, .latency = false, .per_ack_ps = costs.per_ack_ps}};
      plan.stages[0].terms = 1;
      plan.stages[2].first_term = 1;
      plan.stages[2].terms = 2;
    }
    plans[FlowPacket::First].stages.pop_back();
    return plans;
  }
  static FlowPlans same_pod_plans() {
    FlowPlans plans = tcp_plans({});
    for (Plan& plan : plans.plan) {
      plan.nodes = 1;
      plan.stages = {stage(StagePlace::SenderCore, 0), stage(StagePlace::ReceiverCore, 0)};
    }
    plans[FlowPacket::First].stages.pop_back();
    return plans;
  }
  static FlowPlans datagram_plans() {
    FlowPlans plans = tcp_plans({});
    plans[FlowPacket::First].stages = plans[FlowPacket::Request].stages;
    for (Plan& plan : plans.plan) {
      plan.header_bytes = 28;
      plan.max_segment_bytes = 1472;
    }
    return plans;
  }

  Topology topology_;
  Routing routing_;
  FlowPlans plans_;
  FlowPlans datagram_plans_;
  FlowPlans same_pod_plans_;
  PlanTables tables_;

 public:
  Scheduler scheduler;
  Cpus cpus;
  Network network;
  std::uint32_t turned_away = 0;  ///< SYNs that the listening sockets of flows that are opened from now on drop.
  std::vector<End> ends;

 private:
  std::uint16_t handler_;
  std::uint16_t next_port_ = 40'000;
  bool launching_ = false;
  std::vector<Send> sends_;
};

}  // namespace knetsim
