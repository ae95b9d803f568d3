#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/pool.h"
#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/flow_state.h"
#include "sim/net/link.h"
#include "sim/net/routing.h"
#include "sim/net/scheduler.h"
#include "sim/net/stage_costs.h"
#include "sim/net/time_split.h"
#include "sim/net/transport.h"

namespace knetsim {

/// What the endpoints of messages (threads) are told. It is told from events of the network alone, never from inside a
/// call of its own to it, and may call whatever it likes of the network in return.
class MessageOwner {
 public:
  virtual ~MessageOwner() = default;
  /// A whole message is in the receiving socket. A SYN is not told of: the SYN-ACK that answers it is.
  /// The owner asks receiver_burst() and then releases the message.
  virtual void on_message(Time now, MessageIndex message) = 0;
  /// A datagram was lost, or connect() gave up after the last SYN. The message is released already.
  virtual void on_lost(Time now, std::uint64_t cookie) = 0;
  /// A SYN is at the listening socket, for the first time or again. Asked of flows that say so (FlowSpec::asks_listener).
  /// @return  False where the socket has no room for it: it is dropped in silence, and sent again when its timer says.
  virtual bool takes_syn(std::uint64_t /*cookie*/, Time /*now*/) { return true; }
};

/// Who does the client's part of a connection's end.
enum class ClientEnd : std::uint8_t {
  Booked,  ///< Nobody waits for it: its CPU time is booked with the rest when the flow is closed.
  Read,    ///< The client's thread did, before the flow is closed: reading_end().
};

/// Counters of the whole network, for conservation checks and results.
struct NetworkCounters {
  std::uint64_t sent = 0;          ///< Messages launched by owners.
  std::uint64_t delivered = 0;     ///< ... and handed to a receiver.
  std::uint64_t lost = 0;          ///< ... and lost for good.
  std::int64_t bytes_offered = 0;  ///< To links, over every hop, headers included.
  std::uint64_t packets_dropped = 0;
  std::uint64_t syn_resent = 0;
  std::uint64_t packets_resent = 0;
  std::uint64_t duplicates = 0;      ///< Packets that a receiver held already.
  std::uint64_t repairs_by[4] = {};  ///< How often each Repair began.
};

/// Moves messages over their plans: visits links and receive cores in the order of time, resends what is lost, paces
/// what does not fit into the window. Threads' own stages (sending, receiving) are costed here and run by the owner as
/// bursts. One class in four sources, since the same two tables are what they all work on; each says what it is about.
class Network final : public EventHandler {
 public:
  /// @param first_source  Sources first_source + host are used for each host's events, then one for each link.
  Network(Scheduler& scheduler, Cpus& cpus, const Topology& topology, const Routing& routing, const PlanTables& tables,
          RandomStreams streams, const TcpSettings& tcp, std::uint32_t first_source);

  static std::uint32_t sources_needed(const Topology& topology) {
    return static_cast<std::uint32_t>(topology.hosts() + topology.links().size());
  }

  void set_owner(MessageOwner& owner) { owner_ = &owner; }
  /// Factor on every CPU cost of the host: frequency, SMT. 1 by default.
  void set_cpu_factor(HostId host, double factor) { cpu_factor_[host] = factor; }
  double cpu_factor(HostId host) const { return cpu_factor_[host]; }

  /// What the host's symbols stand at from now on, in plans of every flow. 0 by default.
  void set_symbols(HostId host, const MachineSymbols& symbols) { symbols_[host] = symbols; }

  FlowIndex open(const FlowSpec& spec, Time now);
  const FlowPlans& plans(FlowIndex flow) const { return *flows_[flow].spec.plans; }
  /// Nothing more is sent, and no message is under way.
  void close(FlowIndex flow, ClientEnd end = ClientEnd::Booked);
  /// A stream of an open connection (HTTP/2): a flow on the connection's way and cores, with its round-trip time and its
  /// window as they stand, so that a message of it goes beside those of others. Left out: streams that are sent at the
  /// same time have a window each, and what one loses holds up no other.
  /// @param number  Among the connection's streams; keys its draws.
  FlowIndex open_stream(FlowIndex connection, std::uint32_t number);
  /// The stream is over, with no message under way; nothing is sent for it.
  void close_stream(FlowIndex stream);
  /// CPU time of a client's thread that reads to the end of an answer whose FIN came with it, and closes too.
  Duration reading_end(FlowIndex flow) const;

  /// A message that a thread is about to send. `split` may be null; it outlives the message.
  /// @param writes  So many system calls hand it over, one after the other: each is an skb of its own, or several.
  MessageIndex prepare(FlowIndex flow, FlowPacket packet, Bytes payload, std::uint64_t noise_id, TimeSplit* split,
                       std::uint64_t cookie, std::int32_t writes = 1);
  /// CPU time of the sending thread for it; 0 where the first stage is not the sender's.
  /// @param core  Where the thread is expected to run: its cache decides what a rule scan costs.
  Duration sender_burst(MessageIndex message, CoreIndex core, Time now);
  /// The sending burst has ended; the split's clock stands at `now`. The owner is not called back from inside: what comes
  /// or is lost at once (a socket of the same host, a full first queue) is told of by an event at `now`.
  void launch(MessageIndex message, Time now);

  struct ReceiverBurst {
    Duration cpu{};
    Duration wake{};  ///< To be paid only if the thread's core is idle; counted under wake_kind then.
    KindIndex wake_kind = 0;
  };
  /// @param reads  System calls by which the thread, once awake, takes it.
  ReceiverBurst receiver_burst(MessageIndex message, CoreIndex core, Time now, std::int32_t reads = 1);
  void release(MessageIndex message);

  FlowPacket packet_of(MessageIndex message) const { return messages_[message].packet; }
  std::uint64_t cookie_of(MessageIndex message) const { return messages_[message].cookie; }
  TimeSplit* split_of(MessageIndex message) const { return messages_[message].split; }

  void on_event(Time now, const Event& event) override;

  const Links& links() const { return links_; }
  /// See Links::begin_window().
  void begin_window(Time now) { links_.begin_window(now); }
  const NetworkCounters& counters() const { return counters_; }
  /// Messages of owners that are neither delivered nor lost, by difference.
  std::uint64_t in_flight() const { return counters_.sent - counters_.delivered - counters_.lost; }
  std::size_t live_flows() const { return flows_.live(); }
  /// From the first SYN to ETIMEDOUT where nothing comes back.
  Duration connect_gives_up_after() const { return syn_schedule_.give_up; }
  /// Longest plain round trip seen by a handshake is kept per flow; exposed for tests.
  Duration smoothed_rtt(FlowIndex flow) const { return flows_[flow].rtt.srtt(); }

 private:
  /// What each packet's costs are drawn for.
  static constexpr Purpose kMessageNoise{"network.message"};
  enum Kind : std::uint16_t { kHop, kSoftirq, kDone, kPieceSent, kRecoveryTimer, kSynTimer, kDelivered, kDatagramLost };
  /// What kPieceSent and kRecoveryTimer are about.
  static std::uint64_t pack(std::size_t way, std::uint32_t transfer) { return (std::uint64_t{way} << 32) | transfer; }

  const Plan& plan_of(const MessageState& message) const { return (*flows_[message.flow].spec.plans)[message.packet]; }
  HostId node_at(const FlowState& flow, const MessageState& message, std::uint8_t position) const {
    const std::uint8_t nodes = plan_of(message).nodes;
    return flow.spec.nodes[way_of(message.packet) == 0 ? position : static_cast<std::size_t>(nodes - 1 - position)];
  }
  StageVisit visit_of(const MessageState& message, const Stage& stage, CoreIndex core, double factor, bool idle,
                      Time now) const {
    const FlowState& flow = flows_[message.flow];
    return {.plan = plan_of(message),
            .stage = stage,
            .size = message.size,
            .symbols = flow.spec.symbols,
            .machine = symbols_[node_at(flow, message, stage.node)],
            .outer_untracked = flow.way[way_of(message.packet)].outer_untracked,
            .core = core,
            .factor = factor,
            .idle = idle,
            .now = now};
  }
  /// All of a stage's work, in one go and accounted for. @param factor  On CPU costs.
  StageCost spend(MessageState& message, const Stage& stage, CoreIndex core, double factor, Time now) {
    return costs_.spend(visit_of(message, stage, core, factor, /*idle=*/false, now), message.noise, message.split);
  }
  std::uint32_t host_source(HostId host) const { return first_source_ + host; }
  std::uint32_t link_source(LinkId link) const {
    return first_source_ + static_cast<std::uint32_t>(topology_.hosts()) + link;
  }

  // network.cpp: what owners ask for
  void route(FlowState& flow, std::size_t way);
  void size_message(MessageState& message, Bytes payload, std::uint32_t packets) const;
  void drop_reference(FlowIndex flow);
  void free_message(MessageIndex index);

  // network_travel.cpp: the way of a message
  void next_stage(MessageIndex index, Time now);
  void enter_wire(MessageIndex index, Time now);
  void hop(MessageIndex index, Time now);
  void softirq(MessageIndex index, Time now);
  void deliver(MessageIndex index, Time now);

  MessageIndex front_packet(MessageIndex index);
  MessageIndex as_piece(MessageIndex index);

  // network_window.cpp: messages in pieces
  void begin_transfer(MessageIndex index, Time now);
  MessageIndex data_arrived(MessageIndex index, Time now);
  std::uint32_t window_limit(const MessageState& message) const;
  void end_transfer(FlowDirection& way);
  void pump(FlowIndex flow, std::size_t way, Time now);
  void launch_piece(FlowIndex flow, std::size_t way, SegmentRange segments, Time now, bool resent);
  void send_ack(FlowIndex flow, std::size_t way, const MessageState& data, SegmentRange segments, Time now);
  void acked(MessageIndex ack, Time now);

  // network_recovery.cpp: what was lost
  void packets_lost(MessageIndex index, std::uint32_t lost, Time now);
  void vanish(MessageIndex index, Time now);
  void datagram_lost(HostId host, std::uint64_t cookie, Time now);
  RecoveryState& begin_recovery(FlowIndex flow, std::size_t way);
  std::uint32_t hear(RecoveryState& recovery, SegmentRange segments);
  void heard_in_recovery(FlowIndex flow, std::size_t way, SegmentRange segments, Time now);
  void detect_losses(FlowIndex flow, std::size_t way, Time now);
  void enter_recovery(FlowDirection& way, Repair by);
  Time probe_at(const FlowState& flow, const FlowDirection& way) const;
  Time timeout_at(const FlowState& flow, const FlowDirection& way) const;
  void arm_timer(FlowIndex flow, std::size_t way, Time now);
  void recovery_timer(FlowIndex flow, std::size_t way, Time now);
  void probe(FlowIndex flow, std::size_t way, Time now);
  void time_out(FlowIndex flow, std::size_t way, Time now);
  void syn_timer(MessageIndex index, bool again, Time now);

  Scheduler& scheduler_;
  Cpus& cpus_;
  const Topology& topology_;
  const Routing& routing_;
  const PlanTables& tables_;
  RandomStreams streams_;
  TcpSettings tcp_;
  SynSchedule syn_schedule_;
  RecoveryTimers timers_;
  MessageOwner* owner_ = nullptr;
  bool launching_ = false;  ///< In launch(): the owner is not to be called.
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;
  Links links_;
  Pool<FlowState> flows_;
  Pool<MessageState> messages_;
  Pool<RecoveryState> recoveries_;
  std::vector<double> cpu_factor_;       // shape (hosts,)
  std::vector<MachineSymbols> symbols_;  // shape (hosts,)
  StageCosts costs_;
  NetworkCounters counters_;
};

}  // namespace knetsim
