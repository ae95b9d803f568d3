#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/net/network.h"

// Transfers: a message that does not fit into the window leaves in pieces, paced by the acknowledgements of those
// before and by the machine's own NIC.

namespace knetsim {
namespace {

// How long an ACK waits for data to ride on. @source Linux v6.6 include/net/tcp.h, TCP_ATO_MIN.
constexpr Duration kDelayedAck = std::chrono::milliseconds(40);

// Half a GSO skb of 1,448-byte segments: finer pieces interleave with other traffic as packets do.
constexpr std::uint32_t kPiecePackets = 22;

}  // namespace

void Network::begin_transfer(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  const std::size_t way_index = way_of(message.packet);
  FlowDirection& way = flow.way[way_index];
  const auto packets = static_cast<std::uint32_t>(message.size.packets);
  FlowDirection& other = flow.way[1 - way_index];
  if (other.arrived > kTimeZero) {
    other.lone_acks = now - other.arrived > kDelayedAck;
  }
  way.window.after_idle(now - way.last_sent, flow.rtt.rto(timers_));
  way.last_sent = now;
  KNETSIM_ENSURE(way.head == kNoMessage, "one message of a direction at a time");
  way.head = index;
  way.undelivered = packets;
  way.unsent = 0;
  way.unacked = 0;
  way.reported = 0;
  ++way.transfers;
  way.round_packets = packets;
  way.run_packets = 0;
  way.carrier = kNoMessage;
  way.piece_pending = false;
  message.transfer = way.transfers;
  message.segments = {0, packets};
  if (packets > 1 && plan_of(message).nodes > 1 &&
      packets > std::min({way.window.cwnd, kPiecePackets, window_limit(message)})) {
    way.unsent = packets;
    pump(message.flow, way_index, now);
    return;
  }
  way.unacked = packets;
  way.carrier = index;
  message.sent = now;
  next_stage(index, now);
}

// What the receiver's and the sender's buffers allow to be under way.
std::uint32_t Network::window_limit(const MessageState& message) const {
  const Bytes limit = std::min(tcp_.receive_window, tcp_.send_buffer);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, limit.count() / plan_of(message).max_segment_bytes));
}

// Packets of a transfer are in the receiver's socket. @return The owner's message once all are, else kNoMessage.
MessageIndex Network::data_arrived(MessageIndex index, Time now) {
  const MessageState& data = messages_[index];
  const FlowIndex flow_index = data.flow;
  const std::size_t way_index = way_of(data.packet);
  FlowDirection& way = flows_[flow_index].way[way_index];
  if (data.transfer != way.transfers || way.head == kNoMessage) {
    counters_.duplicates += data.segments.count;  // sent again for nothing, and the message is whole by now
    free_message(index);
    return kNoMessage;
  }
  std::uint32_t fresh = data.segments.count;
  if (way.recovery != kNoRecovery) {
    fresh = recoveries_[way.recovery].board.take_in(data.segments);
    counters_.duplicates += data.segments.count - fresh;
  }
  way.undelivered -= fresh;
  way.arrived = now;
  way.carrier = way.carrier == index ? kNoMessage : way.carrier;
  if (way.recovery != kNoRecovery) {
    send_ack(flow_index, way_index, data, data.segments, now);
  } else if (way.unsent > 0) {
    const std::uint32_t in_order = data.segments.first + data.segments.count;
    send_ack(flow_index, way_index, data, {way.reported, in_order - way.reported}, now);
    way.reported = in_order;
  }
  if (index != way.head) {
    free_message(index);
  }
  if (way.undelivered > 0) {
    return kNoMessage;
  }
  const MessageIndex head = way.head;
  MessageState& whole = messages_[head];
  if (TimeSplit* split = whole.split; split != nullptr) {
    split->hold_until(way.recovery != kNoRecovery ? Wait::Recovery : Wait::Window, now);
  }
  // The receiving stage sees the whole message, whichever piece came last.
  whole.stage = static_cast<std::uint8_t>(plan_of(whole).stages.size() - 1);
  whole.size.packets = static_cast<std::int32_t>(way.round_packets);
  end_transfer(way);
  return head;
}

// The receiver has all of it. The ACKs that are still to come do nothing but open the window.
void Network::end_transfer(FlowDirection& way) {
  way.head = kNoMessage;
  if (way.recovery == kNoRecovery) {
    if (way.round_packets * 2 > way.window.cwnd) {
      way.window.on_acked(way.unacked, std::max(way.unacked, way.round_packets));
    }
    return;
  }
  recoveries_.release(way.recovery);
  way.recovery = kNoRecovery;
}

// Sends the next piece, if the window and the NIC allow one: what is lost first, then what is new (RFC 6675, NextSeg).
void Network::pump(FlowIndex index, std::size_t way_index, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  if (way.piece_pending || way.head == kNoMessage) {
    return;
  }
  std::uint32_t in_flight = way.unacked;
  std::uint32_t outstanding = way.unacked;
  if (way.recovery != kNoRecovery) {
    Scoreboard& board = recoveries_[way.recovery].board;
    in_flight = board.pipe();
    outstanding = board.outstanding();
    if (in_flight < way.window.cwnd) {
      const SegmentRange lost = board.first_lost(std::min(way.window.cwnd - in_flight, kPiecePackets));
      if (lost.count > 0) {
        launch_piece(index, way_index, lost, now, true);
        return;
      }
    }
  }
  const std::uint32_t limit = way.unsent == 0 ? 0 : window_limit(messages_[way.head]);
  if (in_flight < way.window.cwnd && outstanding < limit) {
    const std::uint32_t packets =
        std::min({way.unsent, way.window.cwnd - in_flight, limit - outstanding, kPiecePackets});
    launch_piece(index, way_index, {way.round_packets - way.unsent, packets}, now, false);
  }
}

void Network::launch_piece(FlowIndex index, std::size_t way_index, SegmentRange segments, Time now, bool resent) {
  FlowState& flow = flows_[index];
  FlowDirection& way = flow.way[way_index];
  KNETSIM_ENSURE(way.head != kNoMessage);
  const MessageIndex piece_index = messages_.take();
  MessageState& piece = messages_[piece_index];
  const MessageState& head = messages_[way.head];
  ++flow.pending;
  piece.flow = index;
  piece.packet = head.packet;
  piece.piece = true;
  piece.transfer = way.transfers;
  piece.segments = segments;
  piece.sent = now;
  piece.noise = streams_.get(kMessageNoise.of(16 + way_index), mix64(flow.spec.id ^ ++way.pieces));
  size_message(piece, Bytes{}, segments.count);
  const Plan& plan = plan_of(piece);
  piece.size.payload = Bytes(std::int64_t{segments.count} * plan.max_segment_bytes);
  const bool awaited = !resent || recoveries_[way.recovery].board.needed(segments);
  if (way.recovery != kNoRecovery) {
    RecoveryState& recovery = recoveries_[way.recovery];
    if (recovery.board.outstanding() == 0) {
      recovery.timer_from = now;  // RFC 6298, 5.1
    }
    recovery.board.sent(segments, now);
  }
  if (resent) {
    counters_.packets_resent += segments.count;
  } else {
    way.unsent -= segments.count;
    way.unacked += segments.count;
  }
  way.last_sent = now;
  // The NIC takes one piece of a message at a time.
  way.piece_pending = true;
  if (way.unsent == 0 && awaited && way.carrier == kNoMessage && head.split != nullptr && head.split->clock <= now) {
    way.carrier = piece_index;
    piece.split = head.split;
    piece.split->hold_until(resent ? Wait::Recovery : Wait::Window, now);
  }
  if (!resent) {
    // Pieces that leave one behind another share skbs: GRO puts together what comes in one train. Each skb is
    // acknowledged by one ACK, whose CPU time is the data's (send_ack() plays more of them, for the window alone).
    const auto skbs_of = [per_skb = plan.packets_per_skb()](std::uint32_t run) {
      return (static_cast<std::int32_t>(run) + per_skb - 1) / per_skb;
    };
    piece.size.skbs = skbs_of(way.run_packets + segments.count) - skbs_of(way.run_packets);
    piece.size.acks = piece.size.skbs;
    way.run_packets += segments.count;
    // The system call has done the sending stage for the whole message.
    while (plan.stages[piece.stage].place == StagePlace::SenderCore) {
      ++piece.stage;
    }
  }
  next_stage(piece_index, now);
}

// An ACK leaves for `data`, from the softirq that took it in.
void Network::send_ack(FlowIndex index, std::size_t way_index, const MessageState& data, SegmentRange segments,
                       Time now) {
  FlowState& flow = flows_[index];
  const MessageIndex ack_index = messages_.take();
  MessageState& ack = messages_[ack_index];
  ++flow.pending;
  ack.flow = index;
  ack.packet = way_index == 0 ? FlowPacket::Response : FlowPacket::Request;
  ack.pure_ack = true;
  ack.transfer = data.transfer;
  ack.segments = segments;
  ack.sent = data.sent;
  ack.noise = streams_.get(kMessageNoise.of(24 + way_index), mix64(flow.spec.id ^ ++flow.way[way_index].pieces));
  size_message(ack, Bytes{}, 0);
  next_stage(ack_index, now);
}

// An ACK is back at the sender of the data.
void Network::acked(MessageIndex ack_index, Time now) {
  const MessageState& ack = messages_[ack_index];
  const FlowIndex index = ack.flow;
  const std::size_t way_index = 1 - way_of(ack.packet);
  const SegmentRange segments = ack.segments;
  FlowState& flow = flows_[index];
  FlowDirection& way = flow.way[way_index];
  const bool current = ack.transfer == way.transfers && way.head != kNoMessage;
  flow.rtt.sample(now - ack.sent);
  if (current && way.recovery != kNoRecovery) {
    recoveries_[way.recovery].rtt = now - ack.sent;
    heard_in_recovery(index, way_index, segments, now);
  } else if (current) {
    way.window.on_acked(segments.count, way.unacked);
    way.unacked -= segments.count;
    if (!way.piece_pending) {
      way.run_packets = 0;  // the window was full, and the train has ended
    }
    pump(index, way_index, now);
  }
  free_message(ack_index);
}

}  // namespace knetsim
