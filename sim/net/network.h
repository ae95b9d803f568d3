#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/core/pool.h"
#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/flow_hash.h"
#include "sim/net/link.h"
#include "sim/net/noise.h"
#include "sim/net/plan.h"
#include "sim/net/routing.h"
#include "sim/net/scan_cost.h"
#include "sim/net/scheduler.h"
#include "sim/net/time_split.h"
#include "sim/net/transport.h"

namespace knetsim {

using FlowIndex = std::uint32_t;
using MessageIndex = std::uint32_t;

/// What plans refer to by index.
struct PlanTables {
  std::vector<NoiseShape> shapes;
  std::vector<ScanCurve> curves;
  KindIndex wire_kind = 0;  ///< Kind under which serialization and propagation on links is counted.
};

/// What a flow (a TCP connection, or the packets of a UDP 5-tuple) is opened with.
struct FlowSpec {
  const FlowPlans* plans = nullptr;  ///< Outlives the flow.
  std::array<HostId, 3> nodes{};     ///< Machines passed from client to server; as many as the plans say.
  FiveTuple tuple;                   ///< Of the inner packets, client to server.
  Encapsulation encapsulation = Encapsulation::None;
  std::array<float, kSymbols> symbols{};  ///< Values of the plans' symbols; [0] is unused.
  double outer_untracked = 0;             ///< Probability that a tunnel's outer tuple is new to conntrack, each way.
  std::uint64_t id = 0;                   ///< Keys the flow's own random draws.
  bool datagrams = false;                 ///< UDP: nothing that is lost is sent again.
};

/// What the endpoints of messages (threads) are told.
class MessageOwner {
 public:
  virtual ~MessageOwner() = default;
  /// A whole message is in the receiving socket. A SYN is not told of: the SYN-ACK that answers it is.
  /// The owner asks receiver_burst() and then releases the message.
  virtual void on_message(Time now, MessageIndex message) = 0;
  /// A datagram was lost, or connect() gave up after the last SYN. The message is released already.
  virtual void on_lost(Time now, std::uint64_t cookie) = 0;
};

/// Counters of the whole network, for conservation checks and results.
struct NetworkCounters {
  std::uint64_t sent = 0;       ///< Messages launched by owners.
  std::uint64_t delivered = 0;  ///< ... and handed to a receiver.
  std::uint64_t lost = 0;       ///< ... and lost for good.
  std::uint64_t packets_dropped = 0;
  std::uint64_t syn_resent = 0;
  std::uint64_t resent_by[4] = {};  ///< Recoveries by Repair.
};

/// Moves messages over their plans: visits links and receive cores in the order of time, resends what is lost, paces
/// what does not fit into the window. Threads' own stages (sending, receiving) are costed here and run by the owner as
/// bursts.
class Network final : public EventHandler {
 public:
  /// @param first_source  Sources first_source + host are used for each host's events, then one for each link.
  Network(Scheduler& scheduler, Cpus& cpus, const Topology& topology, const Routing& routing, const PlanTables& tables,
          RandomStreams streams, KernelVersion kernel, std::uint32_t first_source);

  static std::uint32_t sources_needed(const Topology& topology) {
    return static_cast<std::uint32_t>(topology.hosts() + topology.links().size());
  }

  void set_owner(MessageOwner& owner) { owner_ = &owner; }
  /// Factor on every CPU cost of the host: frequency, SMT. 1 by default.
  void set_cpu_factor(HostId host, double factor) { cpu_factor_[host] = factor; }

  FlowIndex open(const FlowSpec& spec, Time now);
  /// Nothing more is sent, and no message is under way.
  void close(FlowIndex flow);

  /// A message that a thread is about to send. `split` may be null; it outlives the message.
  MessageIndex prepare(FlowIndex flow, FlowPacket packet, Bytes payload, std::uint64_t noise_id, TimeSplit* split,
                       std::uint64_t cookie);
  /// CPU time of the sending thread for it; 0 where the first stage is not the sender's.
  /// @param core  Where the thread is expected to run: its cache decides what a rule scan costs.
  Duration sender_burst(MessageIndex message, CoreIndex core, Time now);
  /// The sending burst has ended; the split's clock stands at `now`.
  void launch(MessageIndex message, Time now);

  struct ReceiverBurst {
    Duration cpu{};
    Duration wake{};  ///< To be paid only if the thread's core is idle; counted under wake_kind then.
    KindIndex wake_kind = 0;
  };
  ReceiverBurst receiver_burst(MessageIndex message, CoreIndex core, Time now);
  void release(MessageIndex message);

  FlowPacket packet_of(MessageIndex message) const { return messages_[message].packet; }
  std::uint64_t cookie_of(MessageIndex message) const { return messages_[message].cookie; }
  TimeSplit* split_of(MessageIndex message) const { return messages_[message].split; }

  void on_event(Time now, const Event& event) override;

  const Links& links() const { return links_; }
  const NetworkCounters& counters() const { return counters_; }
  /// Messages of owners that are neither delivered nor lost.
  std::uint64_t in_flight() const { return counters_.sent - counters_.delivered - counters_.lost; }
  std::size_t live_flows() const { return flows_.live(); }
  /// Longest plain round trip seen by a handshake is kept per flow; exposed for tests.
  Duration smoothed_rtt(FlowIndex flow) const { return flows_[flow].rtt.srtt(); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::uint32_t kPiecePackets =
      22;  ///< Half a GSO skb: finer pieces interleave with other traffic as packets do.
  enum Kind : std::uint16_t { kHop, kSoftirq, kDone, kPieceSent, kResend, kAckLate, kSynTimer };

  /// The way from one machine to the next.
  struct Segment {
    std::array<LinkId, kMaxPathLinks> links{};
    std::uint8_t count = 0;
  };
  /// One direction of a flow.
  struct Direction {
    std::array<Segment, 2> segments{};
    std::array<CoreIndex, 3> core{};  ///< Receive core at each machine, in the order passed.
    CongestionWindow window{};
    Time last_sent{};
    std::uint32_t unsent = 0;         ///< Packets of the message under way that were not sent yet.
    std::uint32_t unacked = 0;        ///< Sent, no ACK seen.
    std::uint32_t undelivered = 0;    ///< Not in the receiver's socket.
    std::uint32_t backoff = 0;        ///< Timeouts in a row.
    MessageIndex head = kNone;        ///< The owner's message, kept until all has arrived.
    std::uint32_t round_packets = 0;  ///< All packets of the message under way.
    MessageIndex carrier = kNone;     ///< What is under way and accounts for the owner's time; at most one at a time.
    std::uint64_t pieces = 0;         ///< Pieces and ACKs so far; numbers their draws.
    bool piece_pending = false;       ///< A piece is still leaving the host.
    bool outer_untracked = false;
    bool lossy = false;  ///< Packets of the message under way were lost.
  };
  struct Flow {
    FlowSpec spec;
    std::array<Direction, 2> way{};
    RttEstimator rtt;
    Time opened{};
    Time syn_sent{};
    std::uint32_t pending = 0;  ///< Messages and timers that refer to the flow.
    std::uint32_t syn_attempt = 0;
    bool closed = false;
  };
  struct Message {
    FlowIndex flow = kNone;
    FlowPacket packet = FlowPacket::First;
    std::uint8_t stage = 0;
    std::uint8_t link = 0;
    bool owned = false;  ///< The owner's; else a piece, a resend or an ACK of the network's own.
    bool piece = false;  ///< A part of a message, sent as the window and the host's own queue allow.
    bool resent = false;
    bool pure_ack = false;
    std::uint32_t acks = 0;  ///< Packets that this pure ACK acknowledges.
    MessageSize size;
    PacketTrain full;  ///< As it left the sender.
    Train train;       ///< Where it is now.
    RngStream noise{0, 0};
    TimeSplit* split = nullptr;
    std::uint64_t cookie = 0;
  };
  struct StageCost {
    Duration latency{};   ///< Delays the message; LatencyAndCpu work included.
    Duration cpu{};       ///< Occupies the core while it delays the message.
    Duration cpu_only{};  ///< Occupies the core afterwards.
    Duration wake{};
  };

  static std::size_t way_of(FlowPacket packet) {
    return packet == FlowPacket::SynAck || packet == FlowPacket::Response ? 1 : 0;
  }
  const Plan& plan_of(const Message& message) const { return (*flows_[message.flow].spec.plans)[message.packet]; }
  HostId node_at(const Flow& flow, const Message& message, std::uint8_t position) const;
  void route(Flow& flow, std::size_t way);
  void size_message(Message& message, Bytes payload, std::uint32_t packets) const;
  StageCost evaluate(Message& message, const Stage& stage, CoreIndex scan_core, double factor, bool idle, Time now);
  void commit_parts(TimeSplit* split, Duration whole, Duration visible) const;
  void next_stage(MessageIndex index, Time now);
  void enter_wire(MessageIndex index, Time now);
  void hop(MessageIndex index, Time now);
  void softirq(MessageIndex index, Time now);
  void deliver(MessageIndex index, Time now);
  void pump(FlowIndex flow, std::size_t way, Time now);
  void launch_piece(FlowIndex flow, std::size_t way, std::uint32_t packets, Time now, bool resent);
  void send_ack(FlowIndex flow, std::size_t way, std::uint32_t packets, Time now);
  void acked(FlowIndex flow, std::size_t way, std::uint32_t packets, Time now);
  void packets_lost(MessageIndex index, std::uint32_t lost, std::uint32_t behind, Time now);
  void vanish(MessageIndex index, Time now);
  void resend(FlowIndex flow, std::size_t way, std::uint32_t packets, Time now);
  void syn_timer(MessageIndex index, bool again, Time now);
  void drop_reference(FlowIndex flow);
  void free_message(MessageIndex index);
  std::uint32_t host_source(HostId host) const { return first_source_ + host; }

  Scheduler& scheduler_;
  Cpus& cpus_;
  const Topology& topology_;
  const Routing& routing_;
  const PlanTables& tables_;
  RandomStreams streams_;
  SynSchedule syn_schedule_;
  RecoveryTimers timers_ = linux_timers();
  MessageOwner* owner_ = nullptr;
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;
  Links links_;
  Pool<Flow> flows_;
  Pool<Message> messages_;
  std::vector<double> cpu_factor_;                        // shape (hosts,)
  std::vector<std::array<Time, kScanTables>> last_scan_;  // shape (cores,)
  struct Part {
    KindIndex kind = 0;
    Duration span{};
  };
  std::array<Part, 64> parts_{};  // of the stage evaluated last
  std::size_t parts_count_ = 0;
  KindIndex wake_kind_ = 0;
  NetworkCounters counters_;
};

}  // namespace knetsim
