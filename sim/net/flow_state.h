#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/flow_hash.h"
#include "sim/net/link.h"
#include "sim/net/plan.h"
#include "sim/net/routing.h"
#include "sim/net/scoreboard.h"
#include "sim/net/time_split.h"
#include "sim/net/transport.h"

namespace knetsim {

using FlowIndex = std::uint32_t;
using MessageIndex = std::uint32_t;
inline constexpr std::uint32_t kNoMessage = ~std::uint32_t{0};
using RecoveryIndex = std::uint32_t;
inline constexpr std::uint32_t kNoRecovery = ~std::uint32_t{0};

/// What a flow (a TCP connection, or the packets of a UDP 5-tuple) is opened with.
struct FlowSpec {
  const FlowPlans* plans = nullptr;  ///< Outlives the flow.
  std::array<HostId, 3> nodes{};     ///< Machines passed from client to server; as many as the plans say.
  FiveTuple tuple;                   ///< Of the inner packets, client to server.
  Encapsulation encapsulation = Encapsulation::None;
  FlowSymbols symbols{};       ///< Values of the flow's own symbols in the plans.
  double outer_untracked = 0;  ///< Probability that a tunnel's outer tuple is new to conntrack, each way.
  Duration outer_timeout{};    ///< After so long without a packet it is new again; 0: never.
  std::uint64_t id = 0;        ///< Keys the flow's own random draws.
  bool datagrams = false;      ///< UDP: nothing that is lost is sent again.
  bool asks_listener =
      false;  ///< The owner is asked whether the listening socket takes a SYN: MessageOwner::takes_syn().
};

/// The way from one machine to the next.
struct PathSegment {
  std::array<LinkId, kMaxPathLinks> links{};
  std::uint8_t count = 0;
};

/// One direction of a flow: the way of its packets, and the sender's and receiver's state of the message under way, of
/// which there is at most one.
struct FlowDirection {
  std::array<PathSegment, 2> segments{};
  std::array<CoreIndex, 3> core{};  ///< Receive core at each machine, in the order passed.
  CongestionWindow window{};
  Time last_sent{};
  Time arrived{};                        ///< Packets of a message came in last; the start of the run before that.
  std::uint64_t pieces = 0;              ///< Pieces and ACKs so far; numbers their draws.
  MessageIndex head = kNoMessage;        ///< The owner's message, kept until all has arrived.
  MessageIndex carrier = kNoMessage;     ///< What accounts for the owner's time; at most one at a time.
  std::uint32_t transfers = 0;           ///< Messages so far: what is under way of an earlier one counts no more.
  std::uint32_t round_packets = 0;       ///< All packets of the message under way.
  std::uint32_t unsent = 0;              ///< Packets of it that were not sent yet.
  std::uint32_t undelivered = 0;         ///< Not in the receiver's socket.
  RecoveryIndex recovery = kNoRecovery;  ///< From the first loss of the message under way to its end. Before that:
  std::uint32_t unacked = 0;             ///< Sent, no ACK seen.
  std::uint32_t reported = 0;            ///< For so many of the message ACKs have left.
  std::uint32_t run_packets = 0;         ///< Sent without a pause up to now, in pieces: they form skbs together.
  bool piece_pending = false;            ///< The host's NIC is still sending a piece.
  bool lone_acks = true;                 ///< A single segment is acknowledged by itself, not by its answer.
  bool outer_untracked = false;
};

/// How a message is repaired, from its first loss to its end.
struct RecoveryState {
  enum class Phase : std::uint8_t {
    Open,      ///< Nothing is taken for lost.
    Recovery,  ///< Until `point` is acknowledged the window is spent on what the ACKs show to be lost.
    Loss,      ///< The same after a timeout, in slow start.
  };
  Scoreboard board;
  std::vector<SegmentRange> unheard;  ///< Taken in by the receiver, and no ACK told: the next one does.
  std::uint32_t point = 0;
  std::uint32_t timeouts = 0;  ///< In a row: doublings of the RTO.
  Phase phase = Phase::Open;
  bool probed = false;          ///< Since an ACK last moved the window.
  Duration rtt{};               ///< The latest sample.
  Time timer_from{};            ///< The RTO counts from here.
  Time reorder_until = kNever;  ///< RACK's timer; never: it does not run.
  Time event_at = kNever;       ///< The one event that is scheduled for all these.
  static constexpr Time kNever = Time::max();
};

/// An open flow. Way 0 leads from client to server.
struct FlowState {
  FlowSpec spec;
  std::array<FlowDirection, 2> way{};
  RttEstimator rtt;
  Time opened{};
  Time syn_sent{};
  std::uint32_t pending = 0;  ///< Messages and timers that refer to the flow.
  std::uint32_t syn_attempt = 0;
  bool closed = false;
};

/// What travels: an owner's message, or what the network sends in its place.
struct MessageState {
  FlowIndex flow = ~FlowIndex{0};
  FlowPacket packet = FlowPacket::First;
  std::uint8_t stage = 0;  ///< Of the plan: where it is, or goes next.
  std::uint8_t link = 0;   ///< Of the segment that it crosses.
  bool owned = false;      ///< The owner's; else a piece, a resend or an ACK of the network's own.
  bool piece = false;      ///< A part of a message, sent as the window and the host's NIC allow.
  bool pure_ack = false;
  std::uint32_t transfer = 0;  ///< Of its direction. Of an ACK: of the data's.
  SegmentRange segments;       ///< Of the message: carried, or acknowledged.
  Time sent{};                 ///< When the data was handed to the sender's NIC; an ACK echoes it (RFC 7323).
  MessageSize size;
  PacketTrain full;  ///< As it left the sender.
  Train train;       ///< Where it is now.
  RngStream noise{0, 0};
  TimeSplit* split = nullptr;
  std::uint64_t cookie = 0;
};

/// 0 for what goes from client to server, 1 for the way back.
inline std::size_t way_of(FlowPacket packet) {
  return packet == FlowPacket::SynAck || packet == FlowPacket::Response ? 1 : 0;
}
/// A Request or a Response: what TCP numbers, acknowledges and paces.
inline bool carries_data(FlowPacket packet) { return packet == FlowPacket::Request || packet == FlowPacket::Response; }

}  // namespace knetsim
