#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/net/network.h"

// Transfers: a message that does not fit into the congestion window leaves in pieces, paced by the acknowledgements of
// those before.

namespace knetsim {
namespace {

// Windows stop growing here: net.ipv4.tcp_wmem's default maximum of 4 MiB in segments of 1,448 bytes.
constexpr std::uint32_t kWindowLimit = 2896;

// How long an ACK waits for data to ride on. @source Linux v6.6 include/net/tcp.h, TCP_ATO_MIN.
constexpr Duration kDelayedAck = std::chrono::milliseconds(40);

// Half a GSO skb of 1,448-byte segments: finer pieces interleave with other traffic as packets do.
constexpr std::uint32_t kPiecePackets = 22;

constexpr Purpose kMessageNoise("network.message");

}  // namespace

void Network::begin_transfer(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  const std::size_t way_index = way_of(message.packet);
  FlowDirection& way = flow.way[way_index];
  const auto packets = static_cast<std::uint32_t>(message.size.packets);
  FlowDirection& other = flow.way[1 - way_index];
  if (other.delivered > kTimeZero) {
    other.lone_acks = now - other.delivered > kDelayedAck;
  }
  way.window.after_idle(now - way.last_sent, flow.rtt.rto(timers_));
  way.last_sent = now;
  KNETSIM_ENSURE(way.head == kNoMessage, "one message of a direction at a time");
  way.head = index;
  way.undelivered = packets;
  way.unsent = 0;
  way.unacked = 0;
  way.backoff = 0;
  way.round_packets = packets;
  way.run_packets = 0;
  way.carrier = kNoMessage;
  if (plan_of(message).nodes > 1 && packets > std::min(way.window.cwnd, kPiecePackets)) {
    way.unsent = packets;
    pump(message.flow, way_index, now);
    return;
  }
  way.carrier = index;
  message.sent = now;
  next_stage(index, now);
}

// Packets of a transfer are in the receiver's socket. @return The owner's message once all are, else kNoMessage.
MessageIndex Network::data_arrived(MessageIndex index, Time now) {
  const FlowIndex flow_index = messages_[index].flow;
  const auto packets = static_cast<std::uint32_t>(messages_[index].size.packets);
  const std::size_t way_index = way_of(messages_[index].packet);
  FlowDirection& way = flows_[flow_index].way[way_index];
  way.undelivered -= std::min(way.undelivered, packets);
  way.backoff = 0;
  way.carrier = way.carrier == index ? kNoMessage : way.carrier;
  if (way.unsent > 0) {
    send_ack(flow_index, way_index, packets, now);
  }
  if (index != way.head) {
    free_message(index);
  }
  if (way.undelivered > 0) {
    return kNoMessage;
  }
  way.delivered = now;
  const MessageIndex head = way.head;
  way.head = kNoMessage;
  if (way.round_packets * 2 > way.window.cwnd && way.window.cwnd < way.window.ssthresh) {
    way.window.cwnd = std::min(kWindowLimit, way.window.cwnd + way.unacked);
  }
  if (TimeSplit* split = messages_[head].split; split != nullptr) {
    split->hold_until(way.lossy ? Wait::Recovery : Wait::Window, now);
  }
  way.lossy = false;
  // The receiving stage sees the whole message, whichever piece came last.
  messages_[head].stage = static_cast<std::uint8_t>(plan_of(messages_[head]).stages.size() - 1);
  messages_[head].size.packets = static_cast<std::int32_t>(way.round_packets);
  return head;
}

void Network::pump(FlowIndex index, std::size_t way_index, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  if (way.unsent > 0 && way.unacked < way.window.cwnd && !way.piece_pending) {
    const std::uint32_t packets = std::min({way.unsent, way.window.cwnd - way.unacked, kPiecePackets});
    way.unsent -= packets;
    launch_piece(index, way_index, packets, now, false);
  }
}

void Network::launch_piece(FlowIndex index, std::size_t way_index, std::uint32_t packets, Time now, bool resent) {
  FlowState& flow = flows_[index];
  FlowDirection& way = flow.way[way_index];
  KNETSIM_ENSURE(way.head != kNoMessage);
  const MessageIndex piece_index = messages_.take();
  MessageState& piece = messages_[piece_index];
  const MessageState& head = messages_[way.head];
  ++flow.pending;
  piece.flow = index;
  piece.packet = head.packet;
  piece.piece = !resent;
  piece.resent = resent;
  piece.sent = now;
  piece.noise = streams_.get(kMessageNoise.of(16 + way_index), mix64(flow.spec.id ^ ++way.pieces));
  size_message(piece, Bytes{}, packets);
  piece.size.payload = Bytes(std::int64_t{packets} * plan_of(piece).max_segment_bytes);
  way.unacked += packets;
  way.last_sent = now;
  if (way.unsent == 0 && way.carrier == kNoMessage && head.split != nullptr && head.split->clock <= now) {
    way.carrier = piece_index;
    piece.split = head.split;
    piece.split->hold_until(resent ? Wait::Recovery : Wait::Window, now);
  }
  const Plan& plan = plan_of(piece);
  if (!resent) {
    // Pieces that leave one behind another share skbs: GRO puts together what comes in one train. Each skb is
    // acknowledged by one ACK, whose CPU time is the data's (send_ack() plays more of them, for the window alone).
    const auto skbs_of = [per_skb = plan.packets_per_skb()](std::uint32_t run) {
      return (static_cast<std::int32_t>(run) + per_skb - 1) / per_skb;
    };
    piece.size.skbs = skbs_of(way.run_packets + packets) - skbs_of(way.run_packets);
    piece.size.acks = piece.size.skbs;
    way.run_packets += packets;
    // The system call has done the sending stage for the whole message.
    way.piece_pending = true;
    while (plan.stages[piece.stage].place == StagePlace::SenderCore) {
      ++piece.stage;
    }
  }
  next_stage(piece_index, now);
}

void Network::send_ack(FlowIndex index, std::size_t way_index, std::uint32_t packets, Time now) {
  FlowState& flow = flows_[index];
  const MessageIndex ack_index = messages_.take();
  MessageState& ack = messages_[ack_index];
  ++flow.pending;
  ack.flow = index;
  ack.packet = way_index == 0 ? FlowPacket::Response : FlowPacket::Request;
  ack.pure_ack = true;
  ack.acks = packets;
  ack.noise = streams_.get(kMessageNoise.of(24 + way_index), mix64(flow.spec.id ^ ++flow.way[way_index].pieces));
  size_message(ack, Bytes{}, 0);
  next_stage(ack_index, now);
}

void Network::acked(FlowIndex index, std::size_t way_index, std::uint32_t packets, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  way.unacked -= std::min(way.unacked, packets);
  if (way.window.cwnd < way.window.ssthresh) {
    way.window.cwnd = std::min(kWindowLimit, way.window.cwnd + packets);
  }
  if (!way.piece_pending) {
    way.run_packets = 0;  // the window was full, and the train has ended
  }
  pump(index, way_index, now);
}

}  // namespace knetsim
