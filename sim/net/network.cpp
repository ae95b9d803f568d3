#include "sim/net/network.h"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.h"
#include "sim/core/hash.h"

// What owners of messages ask for: flows are opened and closed, messages prepared and launched, threads' bursts costed.

namespace knetsim {
namespace {

constexpr Purpose kFlowDraws("network.flow");

}  // namespace

Network::Network(Scheduler& scheduler, Cpus& cpus, const Topology& topology, const Routing& routing,
                 const PlanTables& tables, RandomStreams streams, const TcpSettings& tcp, std::uint32_t first_source)
    : scheduler_(scheduler),
      cpus_(cpus),
      topology_(topology),
      routing_(routing),
      tables_(tables),
      streams_(streams),
      tcp_(tcp),
      syn_schedule_(syn_schedule(tcp.kernel)),
      timers_(linux_timers(tcp.kernel)),
      handler_(scheduler.add(*this)),
      first_source_(first_source),
      links_(topology.links()),
      cpu_factor_(topology.hosts(), 1.0),
      symbols_(topology.hosts()),
      costs_(tables, cpus.cores()) {}

FlowIndex Network::open(const FlowSpec& spec, Time now) {
  const FlowIndex index = flows_.take();
  FlowState& flow = flows_[index];
  flow.spec = spec;
  flow.opened = now;
  RngStream draws = streams_.get(kFlowDraws, spec.id);
  for (std::size_t way = 0; way < 2; ++way) {
    flow.way[way].outer_untracked = draws.uniform() < spec.outer_untracked;
    flow.way[way].last_sent = now;
    route(flow, way);
  }
  // The SYN-ACK leaves from the core that took the SYN.
  const std::size_t last = (*spec.plans)[FlowPacket::First].nodes - std::size_t{1};
  flow.way[1].core[0] = flow.way[0].core[last];
  flow.way[0].core[0] = flow.way[1].core[last];
  return index;
}

void Network::route(FlowState& flow, std::size_t way) {
  const FlowPlans& plans = *flow.spec.plans;
  const std::uint8_t nodes = plans[way == 0 ? FlowPacket::Request : FlowPacket::Response].nodes;
  FiveTuple inner = flow.spec.tuple;
  if (way == 1) {
    std::swap(inner.src_address, inner.dst_address);
    std::swap(inner.src_port, inner.dst_port);
  }
  FlowDirection& direction = flow.way[way];
  const auto host = [&](std::size_t position) { return flow.spec.nodes[way == 0 ? position : nodes - 1 - position]; };
  for (std::size_t position = 0; position < nodes; ++position) {
    // The header on the wire into this machine; for the first one, that of the way out.
    const std::size_t from = position == 0 ? 0 : position - 1;
    const std::size_t to = position == 0 ? std::min<std::size_t>(1, nodes - std::size_t{1}) : position;
    const std::uint64_t hash =
        outer_hash(flow.spec.encapsulation, inner, {host(from) + std::uint64_t{1}, host(to) + std::uint64_t{1}});
    const HostId node = host(position);
    direction.core[position] =
        cpus_.first_core(node) + static_cast<CoreIndex>(((hash >> 32) * cpus_.core_count(node)) >> 32);
    if (position > 0) {
      PathSegment& segment = direction.segments[position - 1];
      segment.count = static_cast<std::uint8_t>(routing_.path(host(from), node, hash, segment.links));
    }
  }
}

FlowIndex Network::open_stream(FlowIndex connection, std::uint32_t number) {
  const FlowIndex index = flows_.take();
  FlowState& stream = flows_[index];
  const FlowState& whole = flows_[connection];
  KNETSIM_ENSURE(!whole.closed && !whole.spec.datagrams);
  stream.spec = whole.spec;
  stream.spec.id = hash_combine(whole.spec.id, number);
  stream.spec.outer_timeout = Duration{};  // the tunnel's entry is the connection's, which others keep alive
  stream.rtt = whole.rtt;
  stream.opened = whole.opened;
  for (std::size_t way = 0; way < 2; ++way) {
    FlowDirection& mine = stream.way[way];
    const FlowDirection& shared = whole.way[way];
    mine.segments = shared.segments;
    mine.core = shared.core;
    mine.window = shared.window;
    mine.last_sent = shared.last_sent;
    mine.arrived = shared.arrived;
    mine.lone_acks = shared.lone_acks;
  }
  return index;
}

void Network::close_stream(FlowIndex index) {
  FlowState& stream = flows_[index];
  KNETSIM_ENSURE(!stream.closed && stream.way[0].head == kNoMessage && stream.way[1].head == kNoMessage);
  stream.closed = true;
  if (stream.pending == 0) flows_.release(index);
}

Duration Network::reading_end(FlowIndex index) const {
  const FlowSpec& spec = flows_[index].spec;
  const double work = (*spec.plans)[FlowPacket::First].reading_end_ps * cpu_factor_[spec.nodes[0]];
  return Duration(static_cast<std::int64_t>(work + 0.5));
}

void Network::close(FlowIndex index, ClientEnd end) {
  FlowState& flow = flows_[index];
  KNETSIM_ENSURE(!flow.closed && flow.way[0].head == kNoMessage && flow.way[1].head == kNoMessage);
  flow.closed = true;
  const Plan& first = (*flow.spec.plans)[FlowPacket::First];
  for (std::size_t i = 0; i < first.nodes; ++i) {
    const double done = i == 0 && end == ClientEnd::Read ? first.reading_end_ps : 0;
    double closing = first.closing_ps[i] - done;
    for (const ClosingTerm& term : first.closing) {
      if (term.node == i) {
        closing += term.ps * symbol_value(term.symbol, flow.spec.symbols, symbols_[flow.spec.nodes[i]]);
      }
    }
    const double work = closing * cpu_factor_[flow.spec.nodes[i]];
    if (work > 0) {
      cpus_.book_softirq(flow.way[0].core[i], scheduler_.now(), Duration(static_cast<std::int64_t>(work + 0.5)));
    }
  }
  if (flow.pending == 0) {
    flows_.release(index);
  }
}

void Network::size_message(MessageState& message, Bytes payload, std::uint32_t packets) const {
  const Plan& plan = plan_of(message);
  const bool datagrams = flows_[message.flow].spec.datagrams;
  const std::int64_t segment = plan.max_segment_bytes;
  MessageSize& size = message.size;
  size.payload = payload;
  message.full = plan.packets_of(datagrams || packets == 0 ? payload : Bytes(packets * segment), datagrams);
  size.packets = static_cast<std::int32_t>(message.full.packets);
  size.skbs = (size.packets + plan.packets_per_skb() - 1) / plan.packets_per_skb();
  if (!datagrams && payload > Bytes{}) {
    // GRO hands up an skb at a time, and each of more than one segment is acknowledged at once, as is the first of a
    // connection (quickack mode). After that a single segment's ACK waits for data to ride on, as long as that came in
    // time before (pingpong mode).
    // Linux v6.6 net/ipv4/tcp_input.c, __tcp_ack_snd_check; tcp_output.c, tcp_event_data_sent.
    const bool alone = flows_[message.flow].way[way_of(message.packet)].lone_acks;
    size.acks = size.packets > 1 ? size.skbs : alone ? 1 : 0;
  }
  size.wire = message.full.bytes;
}

MessageIndex Network::prepare(FlowIndex flow, FlowPacket packet, Bytes payload, std::uint64_t noise_id,
                              TimeSplit* split, std::uint64_t cookie, std::int32_t writes) {
  const MessageIndex index = messages_.take();
  MessageState& message = messages_[index];
  message.flow = flow;
  message.packet = packet;
  message.owned = true;
  message.noise = streams_.get(kMessageNoise.of(static_cast<std::uint64_t>(packet)), noise_id);
  message.split = split;
  message.cookie = cookie;
  size_message(message, payload, 0);
  if (writes > 1) {
    MessageSize& size = message.size;
    size.messages = writes;
    size.skbs = std::max(size.skbs, writes);
    if (size.acks > 0) size.acks = std::max(size.acks, writes);
  }
  ++flows_[flow].pending;
  return index;
}

Duration Network::sender_burst(MessageIndex index, CoreIndex core, Time now) {
  MessageState& message = messages_[index];
  const Plan& plan = plan_of(message);
  const PlaceScope place(message.split, {SpanPlace::Kind::Thread, 0});
  Duration cpu{};
  while (message.stage < plan.stages.size() && plan.stages[message.stage].place == StagePlace::SenderCore) {
    const FlowState& flow = flows_[message.flow];
    const Stage& stage = plan.stages[message.stage];
    const StageCost cost = spend(message, stage, core, cpu_factor_[node_at(flow, message, stage.node)], now);
    if (cost.cpu_only > Duration{}) {  // ACKs that come back: receive work, not this thread's
      cpus_.book_softirq(flow.way[way_of(message.packet)].core[0], now, cost.cpu_only);
    }
    cpu += cost.latency;
    ++message.stage;
  }
  return cpu;
}

void Network::launch(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  const std::size_t way_index = way_of(message.packet);
  FlowDirection& way = flow.way[way_index];
  ++counters_.sent;
  launching_ = true;
  if (flow.spec.outer_timeout > Duration::zero() && now - way.last_sent > flow.spec.outer_timeout) {
    way.outer_untracked = true;
  }
  if (carries_data(message.packet) && !flow.spec.datagrams) {
    begin_transfer(index, now);
  } else {
    if (message.packet == FlowPacket::First) {
      flow.opened = flow.syn_sent = now;
    }
    way.last_sent = now;
    next_stage(index, now);
  }
  launching_ = false;
}

Network::ReceiverBurst Network::receiver_burst(MessageIndex index, CoreIndex core, Time now, std::int32_t reads) {
  MessageState& message = messages_[index];
  message.size.messages = reads;
  const Plan& plan = plan_of(message);
  const PlaceScope place(message.split, {SpanPlace::Kind::Thread, 0});
  ReceiverBurst burst;
  while (message.stage < plan.stages.size()) {
    const Stage& stage = plan.stages[message.stage];
    KNETSIM_ENSURE(stage.place == StagePlace::ReceiverCore);
    const StageCost cost =
        spend(message, stage, core, cpu_factor_[node_at(flows_[message.flow], message, stage.node)], now);
    if (cost.cpu_only > Duration{}) {
      cpus_.book_softirq(core, now, cost.cpu_only);
    }
    burst.cpu += cost.latency;
    if (cost.wake > Duration{}) {
      burst.wake += cost.wake;
      burst.wake_kind = cost.wake_kind;
    }
    ++message.stage;
  }
  return burst;
}

void Network::release(MessageIndex index) { free_message(index); }

void Network::free_message(MessageIndex index) {
  const FlowIndex flow = messages_[index].flow;
  messages_.release(index);
  drop_reference(flow);
}

void Network::drop_reference(FlowIndex index) {
  FlowState& flow = flows_[index];
  if (--flow.pending == 0 && flow.closed) {
    flows_.release(index);
  }
}

}  // namespace knetsim
