#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/net/network.h"

// A message's way: stage after stage over links and cores until it is in the receiver's socket.

namespace knetsim {

void Network::on_event(Time now, const Event& event) {
  switch (event.kind) {
    case kHop:
      hop(event.a, now);
      return;
    case kSoftirq:
      softirq(event.a, now);
      return;
    case kDone:
      next_stage(event.a, now);
      return;
    case kPieceSent: {
      const std::size_t way = event.b >> 32;
      flows_[event.a].way[way].piece_pending = false;
      pump(event.a, way, now);
      drop_reference(event.a);
      return;
    }
    case kResend: {
      const std::size_t way = event.b >> 32;
      resend(event.a, way, static_cast<std::uint32_t>(event.b), now);
      drop_reference(event.a);
      return;
    }
    case kAckLate: {
      acked(event.a, event.b >> 32, static_cast<std::uint32_t>(event.b), now);
      drop_reference(event.a);
      return;
    }
    case kSynTimer:
      syn_timer(event.a, event.b != 0, now);
      return;
    default:
      KNETSIM_ENSURE(false);
  }
}

void Network::next_stage(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  const Plan& plan = plan_of(message);
  if (message.stage >= plan.stages.size()) {
    // A SYN has reached the listening socket: its answer leaves from the same softirq.
    KNETSIM_ENSURE(message.packet == FlowPacket::First && !flows_[message.flow].spec.datagrams);
    flows_[message.flow].way[0].outer_untracked = false;
    message.packet = FlowPacket::SynAck;
    message.stage = 0;
    size_message(message, Bytes{}, 0);
    flows_[message.flow].way[1].last_sent = now;
    next_stage(index, now);
    return;
  }
  switch (plan.stages[message.stage].place) {
    case StagePlace::Wire:
      enter_wire(index, now);
      return;
    case StagePlace::SoftirqCore:
      message.train = {.size = message.full, .head = now, .tail = now};
      softirq(index, now);
      return;
    case StagePlace::ReceiverCore:
      deliver(index, now);
      return;
    case StagePlace::SenderCore:
      // What the kernel sends by itself (a SYN-ACK within the node, ACKs, resends) runs in softirq on the sender.
      message.train = {.size = message.full, .head = now, .tail = now};
      softirq(index, now);
      return;
  }
}

void Network::enter_wire(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  message.link = 0;
  message.train = {.size = message.full, .head = now, .tail = now};
  hop(index, now);
}

void Network::hop(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  const Stage& stage = plan_of(message).stages[message.stage];
  const std::size_t way = way_of(message.packet);
  const PathSegment& segment = flow.way[way].segments[stage.node];
  const LinkId link = segment.links[message.link];
  const bool first = message.link == 0;
  const Time entered = message.train.tail;
  const LinkVisit visit = links_.visit(link, message.train);
  counters_.bytes_offered += message.train.size.bytes.count();
  if (first && message.piece) {
    ++flow.pending;
    scheduler_.schedule(visit.out.tail, host_source(node_at(flow, message, stage.node)),
                        {handler_, kPieceSent, message.flow, pack(way, 0)});
  }
  if (visit.lost > 0) {
    counters_.packets_dropped += visit.lost;
    packets_lost(index, visit, now);
    // A datagram is lost with its first fragment (ip_defrag() waits for the rest in vain); that the others travel on is
    // not modelled.
    if (visit.lost >= message.train.size.packets || flow.spec.datagrams) {
      vanish(index, now);
      return;
    }
    message.size.packets -= static_cast<std::int32_t>(visit.lost);
    message.full = visit.out.size;  // what a machine further on passes to its own link
  }
  message.train = visit.out;
  const PlaceScope place(message.split, {SpanPlace::Kind::Link, link});
  if (TimeSplit* split = message.split; split != nullptr) {
    const Duration travelled = visit.out.tail - entered - visit.wait;
    split->hold(Wait::LinkQueue, visit.wait);
    split->serve(tables_.wire_kind, travelled);
    split->clock += visit.wait + travelled;
  }
  if (first && stage.terms > 0) {  // the sending NIC's latency, behind its queue
    const StageCost cost = evaluate(message, stage, 0, 1.0, false, now);
    message.train.head += cost.latency;
    message.train.tail += cost.latency;
    costs_.commit(message.split, cost.latency, cost.latency);
    if (message.split != nullptr) {
      message.split->clock += cost.latency;
    }
  }
  const bool last = ++message.link == segment.count;
  message.stage = static_cast<std::uint8_t>(message.stage + (last ? 1 : 0));
  scheduler_.schedule(message.train.head, link_source(link), {handler_, last ? kSoftirq : kHop, index, 0});
}

void Network::softirq(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  FlowState& flow = flows_[message.flow];
  const Plan& plan = plan_of(message);
  const Stage& stage = plan.stages[message.stage];
  const std::size_t way = way_of(message.packet);
  const CoreIndex core = flow.way[way].core[stage.node];
  const bool idle = cpus_.softirq_idle(core, now);
  const Time start = cpus_.softirq_start(core, now);
  const StageCost cost = evaluate(message, stage, core, cpu_factor_[node_at(flow, message, stage.node)], idle, now);
  if (!message.pure_ack) {  // what ACKs cost is charged with the data that they acknowledge, one for each skb
    cpus_.book_softirq(core, now, cost.cpu + cost.cpu_only);
  }
  Time end = start + cost.latency;
  const Time tail = message.train.tail;
  if (tail > now) {  // the train is still arriving: its last packet cannot be done before it is there
    end = std::max(end, tail + cost.latency / std::max(1, message.size.packets));
  }
  const PlaceScope place(message.split, {SpanPlace::Kind::Core, core});
  if (TimeSplit* split = message.split; split != nullptr) {
    const Duration visible = end - std::max(now, tail);
    const Duration waited = std::min(start - now, visible);
    split->hold(Wait::Softirq, waited);
    if (cost.latency > Duration{}) {
      costs_.commit(split, cost.latency, visible - waited);
    } else {
      split->hold(Wait::Softirq, visible - waited);
    }
    split->clock = end;
  }
  ++message.stage;
  message.train = {.size = message.train.size, .head = end, .tail = end};
  scheduler_.schedule(end, host_source(cpus_.node_of_core(core)), {handler_, kDone, index, 0});
}

void Network::deliver(MessageIndex index, Time now) {
  MessageState& message = messages_[index];
  const FlowIndex flow_index = message.flow;
  FlowState& flow = flows_[flow_index];
  const std::size_t way_index = way_of(message.packet);
  FlowDirection& way = flow.way[way_index];
  way.outer_untracked = false;
  if (message.pure_ack) {
    const std::uint32_t acks = message.acks;
    free_message(index);
    acked(flow_index, 1 - way_index, acks, now);
    return;
  }
  if (message.packet == FlowPacket::SynAck) {
    flow.rtt.sample(now - flow.syn_sent);
  }
  if (carries_data(message.packet) && !flow.spec.datagrams) {
    index = data_arrived(index, now);
    if (index == kNoMessage) {
      return;
    }
  }
  ++counters_.delivered;
  owner_->on_message(now, index);
}

}  // namespace knetsim
