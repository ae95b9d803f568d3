#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/net/network.h"

// What a full queue dropped is sent again as TCP would, or given up. From the first loss of a message on every arrival
// is acknowledged by itself, a scoreboard holds what both ends know, and one timer runs for the message.

namespace knetsim {

void Network::packets_lost(MessageIndex index, std::uint32_t lost, Time now) {
  const MessageState& message = messages_[index];
  const FlowIndex flow = message.flow;
  if (flows_[flow].spec.datagrams || !carries_data(message.packet)) {
    return;  // vanish() deals with datagrams and handshakes
  }
  // An ACK that does not come leaves the sender in the dark about the other direction's data.
  const std::size_t way_index = message.pure_ack ? 1 - way_of(message.packet) : way_of(message.packet);
  FlowDirection& way = flows_[flow].way[way_index];
  if (message.transfer != way.transfers || way.head == kNoMessage) {
    return;
  }
  RecoveryState& recovery = begin_recovery(flow, way_index);
  if (message.pure_ack) {
    recovery.unheard.push_back(message.segments);
  } else {
    recovery.board.dropped({message.segments.first + message.segments.count - lost, lost});
  }
  arm_timer(flow, way_index, now);
}

void Network::vanish(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  if (message.packet == FlowPacket::SynAck || (message.packet == FlowPacket::First && !flow.spec.datagrams)) {
    const std::uint32_t attempt = flow.syn_attempt++;
    const bool again = attempt < syn_schedule_.count;
    const Time at = flow.opened + (again ? syn_schedule_.resend[attempt] : syn_schedule_.give_up);
    scheduler_.schedule(std::max(now, at), host_source(flow.spec.nodes[0]),
                        {handler_, kSynTimer, index, again ? 1u : 0u});
    return;
  }
  FlowDirection& way = flow.way[way_of(message.packet)];
  way.carrier = way.carrier == index ? kNoMessage : way.carrier;
  if (message.owned && !flow.spec.datagrams) {
    return;  // the head of a transfer waits for its packets to be sent again
  }
  const bool owned = message.owned;
  const std::uint64_t cookie = message.cookie;
  const HostId host = flow.spec.nodes[0];
  free_message(index);
  if (owned) datagram_lost(host, cookie, now);
}

void Network::datagram_lost(HostId host, std::uint64_t cookie, Time now) {
  if (launching_) {  // at the first link
    scheduler_.schedule(now, host_source(host), {handler_, kDatagramLost, 0, cookie});
    return;
  }
  ++counters_.lost;
  owner_->on_lost(now, cookie);
}

RecoveryState& Network::begin_recovery(FlowIndex index, std::size_t way_index) {
  FlowDirection& way = flows_[index].way[way_index];
  if (way.recovery == kNoRecovery) {
    way.recovery = recoveries_.take();
    RecoveryState& fresh = recoveries_[way.recovery];
    const std::uint32_t next = way.round_packets - way.unsent;
    const std::uint32_t held = way.round_packets - way.undelivered;
    fresh.board = Scoreboard(next - way.unacked, next, held, way.last_sent);
    if (held > way.reported) {
      fresh.unheard.push_back({way.reported, held - way.reported});
    }
    // The timer counts from the last segment sent, or from the last ACK: half a round trip after its data came in.
    fresh.timer_from =
        std::max(way.last_sent, way.reported == held ? Time{} : way.arrived + flows_[index].rtt.srtt() / 2);
  }
  return recoveries_[way.recovery];
}

// The sender learns that the receiver holds these, and what it had not heard before. @return How many are new to it.
std::uint32_t Network::hear(RecoveryState& recovery, SegmentRange segments) {
  std::uint32_t news = recovery.board.acknowledge(segments);
  for (const SegmentRange& unheard : recovery.unheard) {
    news += recovery.board.acknowledge(unheard);
  }
  recovery.unheard.clear();
  return news;
}

void Network::heard_in_recovery(FlowIndex index, std::size_t way_index, SegmentRange segments, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  const std::uint32_t una = recovery.board.una();
  const std::uint32_t outstanding = recovery.board.outstanding();
  const std::uint32_t news = hear(recovery, segments);
  if (recovery.board.una() > una) {
    recovery.timeouts = 0;
    recovery.probed = false;
    if (recovery.board.una() >= recovery.point) {
      recovery.phase = RecoveryState::Phase::Open;
    }
  }
  detect_losses(index, way_index, now);
  if (news > 0) {
    recovery.timer_from = now;  // RFC 6298, 5.3
    if (recovery.phase != RecoveryState::Phase::Recovery) {
      way.window.on_acked(news, outstanding);
    }
  }
  pump(index, way_index, now);
  arm_timer(index, way_index, now);
}

void Network::detect_losses(FlowIndex index, std::size_t way_index, Time now) {
  FlowState& flow = flows_[index];
  FlowDirection& way = flow.way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  Scoreboard& board = recovery.board;
  if (tcp_.detection == LossDetection::Sack) {
    if (board.judge_by_count()) enter_recovery(way, Repair::FastRetransmit);
    return;
  }
  // RACK waits a quarter of a round trip for what may have been overtaken, unless a loss is plain; its timer rounds up.
  // Linux v6.6 net/ipv4/tcp_recovery.c, tcp_rack_reo_wnd, tcp_rack_detect_loss and tcp_rack_mark_lost.
  const bool plain = board.sacked() >= Scoreboard::kDupThresh || recovery.phase != RecoveryState::Phase::Open;
  const Duration patience = plain ? Duration{} : recovery.rtt + flow.rtt.srtt() / 4;
  if (board.judge_by_order(plain ? Time::max() : now - patience)) {
    enter_recovery(way, Repair::FastRetransmit);
  }
  const std::optional<Time> overtaken = board.overtaken();
  recovery.reorder_until = overtaken ? *overtaken + patience + timers_.rack_slack : RecoveryState::kNever;
}

// The window shrinks once for all that was lost of what is under way.
void Network::enter_recovery(FlowDirection& way, Repair by) {
  RecoveryState& recovery = recoveries_[way.recovery];
  if (recovery.phase == RecoveryState::Phase::Open) {
    ++counters_.repairs_by[static_cast<std::size_t>(by)];
    recovery.phase = RecoveryState::Phase::Recovery;
    recovery.point = recovery.board.next();
    way.window.on_fast_retransmit();
  }
}

// A tail loss probe goes out once while nothing is taken for lost (RFC 8985, 7.2: and nothing is acknowledged beyond a
// hole; without RACK nobody else would act on that), if it comes before the timeout: for a lone segment, which it gives
// 200 ms for a delayed ACK, it does not.
Time Network::probe_at(const FlowState& flow, const FlowDirection& way) const {
  const RecoveryState& recovery = recoveries_[way.recovery];
  const bool left_to_rack = tcp_.detection == LossDetection::Rack && recovery.board.sacked() > 0;
  if (recovery.phase != RecoveryState::Phase::Open || recovery.probed || left_to_rack || !flow.rtt.has_sample()) {
    return RecoveryState::kNever;
  }
  const Time at =
      std::max(recovery.timer_from, way.last_sent) + flow.rtt.probe_timeout(timers_, recovery.board.outstanding());
  return at < timeout_at(flow, way) ? at : RecoveryState::kNever;
}

Time Network::timeout_at(const FlowState& flow, const FlowDirection& way) const {
  const RecoveryState& recovery = recoveries_[way.recovery];
  return recovery.timer_from + flow.rtt.rto(timers_, recovery.timeouts);
}

// One event stands for all timers of a message. It is not moved when these are put off: it finds that when it comes.
void Network::arm_timer(FlowIndex index, std::size_t way_index, Time now) {
  FlowState& flow = flows_[index];
  const FlowDirection& way = flow.way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  if (recovery.board.outstanding() == 0) {
    return;
  }
  const Time due = std::max(now, std::min({probe_at(flow, way), timeout_at(flow, way), recovery.reorder_until}));
  if (due < recovery.event_at) {
    recovery.event_at = due;
    ++flow.pending;
    scheduler_.schedule(due, host_source(flow.spec.nodes[0]),
                        {handler_, kRecoveryTimer, index, pack(way_index, way.transfers)});
  }
}

void Network::recovery_timer(FlowIndex index, std::size_t way_index, Time now) {
  FlowState& flow = flows_[index];
  FlowDirection& way = flow.way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  recovery.event_at = RecoveryState::kNever;
  if (recovery.board.outstanding() == 0) {
    return;
  }
  if (recovery.reorder_until <= now) {
    recovery.reorder_until = RecoveryState::kNever;
    if (recovery.board.judge_by_order()) enter_recovery(way, Repair::RackTimer);
    pump(index, way_index, now);
  } else if (probe_at(flow, way) <= now) {
    probe(index, way_index, now);
  } else if (timeout_at(flow, way) <= now) {
    time_out(index, way_index, now);
  }
  arm_timer(index, way_index, now);
}

// A new segment if there is one, else the last one again; the RTO starts anew. @source RFC 8985, section 7.3.
void Network::probe(FlowIndex index, std::size_t way_index, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  ++counters_.repairs_by[static_cast<std::size_t>(Repair::TailLossProbe)];
  hear(recovery, {});
  recovery.probed = true;
  recovery.timer_from = now;
  if (way.unsent > 0) {
    launch_piece(index, way_index, {way.round_packets - way.unsent, 1}, now, false);
  } else if (recovery.board.outstanding() > 0) {
    launch_piece(index, way_index, {recovery.board.last_unacknowledged(), 1}, now, true);
  }
}

// All that is not acknowledged is lost, one segment leaves, and the next timeout comes after twice as long.
// @source RFC 6298, 5.4 to 5.6; RFC 6675, 5.1.
void Network::time_out(FlowIndex index, std::size_t way_index, Time now) {
  FlowDirection& way = flows_[index].way[way_index];
  RecoveryState& recovery = recoveries_[way.recovery];
  ++counters_.repairs_by[static_cast<std::size_t>(Repair::Timeout)];
  hear(recovery, {});
  way.window.on_timeout(recovery.timeouts > 0);
  recovery.phase = RecoveryState::Phase::Loss;
  recovery.point = recovery.board.next();
  recovery.reorder_until = RecoveryState::kNever;
  recovery.board.lose_all();
  ++recovery.timeouts;
  recovery.timer_from = now;
  pump(index, way_index, now);
}

void Network::syn_timer(MessageIndex index, bool again, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  if (message.split != nullptr) {
    message.split->hold_until(Wait::Recovery, now);
  }
  if (!again) {
    const std::uint64_t cookie = message.cookie;
    free_message(index);
    ++counters_.lost;
    owner_->on_lost(now, cookie);
    return;
  }
  ++counters_.syn_resent;
  flow.syn_sent = now;
  message.packet = FlowPacket::First;
  message.stage = 0;
  size_message(message, Bytes{}, 0);
  next_stage(index, now);
}

}  // namespace knetsim
