#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/net/link_framing.h"

namespace knetsim {

/// Index of a kind of work in the tables of whoever describes walks. The engine adds up costs by it and knows no more.
using KindIndex = std::uint8_t;
/// Kinds that a time split has room for: those of today and as many as a few more proxies bring. An array and no vector,
/// since every request has a split of its own and sums those of its calls: each unused place costs it some bytes to clear,
/// an allocation would cost more. Who makes tables with more is refused (StageCosts).
inline constexpr std::size_t kMaxKinds = 64;

/// Where a stage's work is done. Consecutive steps at one place are one stage, hence one visit to one resource.
enum class StagePlace : std::uint8_t {
  SenderCore,    ///< Part of the sending thread's burst; the engine is not asked for a core.
  SoftirqCore,   ///< FIFO work of the receive core that the flow's hash chose on that node.
  ReceiverCore,  ///< Part of the receiving thread's burst.
  Wire,          ///< The links from this stage's node to the next stage's node.
};

enum class StageCondition : std::uint8_t { Always, IdleResource, OuterUntracked };

/// What a message amounts to, in each unit that a cost can be charged for.
struct MessageSize {
  Bytes payload{};
  std::int32_t messages = 1;  ///< 0 for packets that one has been paid for before: they come behind it
  std::int32_t skbs = 1;      ///< GSO/GRO aggregates of up to 64 KiB
  std::int32_t packets = 1;   ///< wire packets
  std::int32_t acks = 0;      ///< pure ACKs that it brings about
  Bytes wire{};               ///< everything that its packets put on the wire, framing included
};

/// Index of a value that costs go with and that differs from flow to flow or from machine to machine: 0 is the constant
/// 1, then come the flow's own, set when it opens, then those of the machine at which the work is done, as they are at
/// that moment. Whoever describes walks says what they count.
using SymbolIndex = std::uint8_t;
inline constexpr std::size_t kFlowSymbols = 16;
inline constexpr std::size_t kMachineSymbols = 21;
using FlowSymbols = std::array<float, kFlowSymbols>;        ///< [0] is unused.
using MachineSymbols = std::array<float, kMachineSymbols>;  ///< Of the symbols from kFlowSymbols on.

inline float symbol_value(SymbolIndex symbol, const FlowSymbols& flow, const MachineSymbols& machine) {
  if (symbol == 0) return 1;
  return symbol < kFlowSymbols ? flow[symbol] : machine[symbol - kFlowSymbols];
}

/// The cost of one kind of work in a stage: the sum of the coefficients times the message's units, as a median in
/// picoseconds, times the value of the symbol, times the stage's drawn factor of this shape.
struct CostTerm {
  KindIndex kind = 0;
  SymbolIndex symbol = 0;
  std::uint8_t shape = 0;  ///< Index into PlanTables::shapes; terms of a stage are sorted by it.
  StageCondition when = StageCondition::Always;
  bool latency = true;  ///< Delays the message.
  bool cpu = true;      ///< Occupies the core.
  bool plain = false;   ///< Always, both of them, and no symbol: said apart, since nearly all are.
  double per_message_ps = 0;
  double per_skb_ps = 0;
  double per_packet_ps = 0;
  double per_ack_ps = 0;
  double per_byte_ps = 0;
};

/// Items of a scan that go with one symbol, and their memory.
struct ScanPart {
  SymbolIndex symbol = 0;  ///< Never 0.
  double items = 0;        ///< For each unit of the symbol's value; likewise
  double bytes = 0;
};

/// A linear scan of a table in memory, whose cost depends on what of the table is still in the cache of the core that
/// scans it (sim/net/scan_cost.h).
struct ScanTerm {
  KindIndex kind = 0;
  std::uint8_t shape = 0;
  StageCondition when = StageCondition::Always;
  std::uint8_t curve = 0;        ///< Index into PlanTables::curves.
  std::uint8_t table = 0;        ///< Which of a node's tables: the cache remembers each by itself. Below kScanTables.
  std::uint16_t first_part = 0;  ///< What is scanned is the sum of these ...
  std::uint16_t parts = 0;
  double items = 0;  ///< ... and of these items, ...
  double bytes = 0;  ///< ... which take so much.
};
inline constexpr std::size_t kScanTables = 2;

/// Work of a flow's end on one machine that goes with a symbol.
struct ClosingTerm {
  std::uint8_t node = 0;  ///< As in Stage.
  SymbolIndex symbol = 0;
  double ps = 0;
};

/// One visit of a message to one resource. Ranges index into the plan's term arrays.
struct Stage {
  StagePlace place{};
  std::uint8_t node = 0;  ///< Position along the walk: 0 is the sender's node.
  std::uint16_t first_term = 0;
  std::uint16_t terms = 0;
  std::uint16_t first_scan = 0;
  std::uint16_t scans = 0;
  Duration delay{};  ///< Latency-only constant of this stage that is not drawn (0 for most).
};

/// How one class of packets of a flow travels: what a described walk becomes for the engine.
struct Plan {
  std::vector<Stage> stages;
  std::vector<CostTerm> terms;
  std::vector<ScanTerm> scans;
  std::vector<ScanPart> scan_parts;
  /// Mean CPU time, picoseconds, of what nobody waits for in the life of the flow (its last packets, its teardown), by
  /// machine from the sender on: booked on the flow's receive cores when it is closed. Read in the plan of First.
  std::array<double, 3> closing_ps{};
  std::vector<ClosingTerm> closing;  ///< Beside it.
  /// Part of it at the sender's machine that its thread does itself where it waits for the end: the read() that finds
  /// the other side's FIN, and its own close().
  double reading_end_ps = 0;
  std::uint8_t nodes = 1;               ///< Machines passed, 1..3.
  std::uint32_t header_bytes = 0;       ///< Per wire packet: IP, transport, encapsulation; without Ethernet framing.
  std::uint32_t max_segment_bytes = 0;  ///< Payload of a full packet.
  bool tunnelled = false;               ///< The outer header alone is hashed, and is a flow of its own to conntrack.

  /// Full packets of an skb: GSO and GRO put together at most 64 KiB less one byte, headers included.
  /// @source Linux v6.6 include/linux/netdevice.h, GSO_LEGACY_MAX_SIZE.
  std::int32_t packets_per_skb() const {
    constexpr std::int64_t kGsoBytes = 65535;
    return static_cast<std::int32_t>(std::max<std::int64_t>(1, (kGsoBytes - header_bytes) / max_segment_bytes));
  }

  /// The packets of a message on the wire: a TCP message's, or those of one datagram.
  PacketTrain packets_of(Bytes payload, bool datagram) const {
    const Bytes segment(max_segment_bytes);
    const Bytes header(header_bytes);
    const Bytes plain = kIpv4Header + kUdpHeader;
    return datagram ? udp_train(payload, {.mtu = segment + plain, .header = plain, .encapsulation = header - plain})
                    : tcp_train(payload, {.mtu = segment + header, .header = header});
  }
};

/// The classes of packets that a flow sends, in plan order.
enum class FlowPacket : std::uint8_t { First, SynAck, Request, Response, kCount };

/// Plans of a flow, shared by all flows of its class.
struct FlowPlans {
  std::array<Plan, static_cast<std::size_t>(FlowPacket::kCount)> plan;
  const Plan& operator[](FlowPacket packet) const { return plan[static_cast<std::size_t>(packet)]; }
  Plan& operator[](FlowPacket packet) { return plan[static_cast<std::size_t>(packet)]; }
};

}  // namespace knetsim
