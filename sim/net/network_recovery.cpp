#include <algorithm>

#include "sim/net/network.h"

// What a full queue dropped is sent again as TCP would, or given up.

namespace knetsim {

void Network::packets_lost(MessageIndex index, const LinkVisit& visit, Time now) {
  const MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  if (flow.spec.datagrams || !carries_data(message.packet)) {
    return;  // vanish() deals with datagrams and handshakes
  }
  const std::size_t way_index = way_of(message.packet);
  if (message.pure_ack) {
    // The sender hears nothing and probes; the probe's ACK acknowledges all.
    const Duration probe = flow.rtt.probe_timeout(timers_, message.acks);
    const Time heard = flow.way[1 - way_index].last_sent + probe + flow.rtt.srtt();
    ++flow.pending;
    scheduler_.schedule(std::max(now, heard), host_source(flow.spec.nodes[0]),
                        {handler_, kAckLate, message.flow, pack(1 - way_index, message.acks)});
    return;
  }
  FlowDirection& way = flow.way[way_index];
  // What arrives behind a hole shows it: its own way there, behind the queue that dropped, and half a plain RTT back.
  const Duration shown = visit.behind == 0 ? Duration{} : visit.out.tail - message.sent + flow.rtt.srtt() / 2;
  const RecoveryPlan plan = recover({.sent = static_cast<std::uint32_t>(message.size.packets),
                                     .lost = visit.lost,
                                     .behind = visit.behind,
                                     .resend = message.resent,
                                     .timeouts = way.backoff,
                                     .rtt = std::max(shown, flow.rtt.srtt())},
                                    flow.rtt, timers_);
  ++counters_.resent_by[static_cast<std::size_t>(plan.by)];
  if (plan.by == Repair::Timeout) {
    way.window.on_timeout();
    ++way.backoff;
  } else {
    way.window.on_fast_retransmit();
  }
  way.lossy = true;
  way.unacked -= std::min(way.unacked, visit.lost);
  const auto schedule = [&](Duration after, std::uint32_t packets) {
    if (packets > 0) {
      ++flow.pending;
      scheduler_.schedule(std::max(now, message.sent + after), host_source(flow.spec.nodes[0]),
                          {handler_, kResend, message.flow, pack(way_index, packets)});
    }
  };
  schedule(plan.resend_after, plan.resend_now);
  schedule(plan.rest_after, plan.resend_rest);
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
  free_message(index);
  if (owned) {
    ++counters_.lost;
    owner_->on_lost(now, cookie);
  }
}

void Network::resend(FlowIndex index, std::size_t way, std::uint32_t packets, Time now) {
  if (flows_[index].way[way].head != kNoMessage) {  // else it has arrived in the meantime
    launch_piece(index, way, packets, now, true);
  }
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
