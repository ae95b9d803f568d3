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
      FlowDirection& way = flows_[event.a].way[event.b >> 32];
      if (way.transfers == static_cast<std::uint32_t>(event.b)) {
        way.piece_pending = false;
        pump(event.a, event.b >> 32, now);
      }
      drop_reference(event.a);
      return;
    }
    case kRecoveryTimer: {
      const FlowDirection& way = flows_[event.a].way[event.b >> 32];
      if (way.transfers == static_cast<std::uint32_t>(event.b) && way.recovery != kNoRecovery &&
          recoveries_[way.recovery].event_at == now) {
        recovery_timer(event.a, event.b >> 32, now);
      }
      drop_reference(event.a);
      return;
    }
    case kSynTimer:
      syn_timer(event.a, event.b != 0, now);
      return;
    case kDelivered:
      ++counters_.delivered;
      owner_->on_message(now, event.a);
      return;
    case kDatagramLost:
      ++counters_.lost;
      owner_->on_lost(now, event.b);
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
    if (flows_[message.flow].spec.asks_listener && !owner_->takes_syn(message.cookie, now)) [[unlikely]] {
      vanish(index, now);
      return;
    }
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
  const MessageState& train = messages_[index];
  const FlowState& flow = flows_[train.flow];
  const bool first = train.link == 0;
  const std::size_t way = way_of(train.packet);
  const LinkId link = flow.way[way].segments[plan_of(train).stages[train.stage].node].links[train.link];
  if (!first && train.train.size.packets > 1 && !flow.spec.datagrams && links_.crowded(link, train.train)) {
    index = front_packet(index);
  }
  MessageState& message = messages_[index];
  const Stage& stage = plan_of(message).stages[message.stage];
  const PathSegment& segment = flow.way[way].segments[stage.node];
  const Time entered = message.train.tail;
  const LinkVisit visit = links_.visit(link, message.train);
  counters_.bytes_offered += message.train.size.bytes.count();
  if (first && message.piece && stage.node == 0) {
    // The next piece is handed to the NIC when this one has left it, not when it is at the other end of the cable: TCP
    // small queues keep no more than that of a connection in the machine's own queue.
    // Linux v6.6 net/ipv4/tcp_output.c, tcp_small_queue_check and tcp_tsq_handler.
    ++flows_[message.flow].pending;
    scheduler_.schedule(std::max(now, visit.departed), host_source(node_at(flow, message, stage.node)),
                        {handler_, kPieceSent, message.flow, pack(way, message.transfer)});
  }
  if (visit.lost > 0) {
    counters_.packets_dropped += visit.lost;
    packets_lost(index, visit.lost, now);
    // A datagram is lost with its first fragment (ip_defrag() waits for the rest in vain); that the others travel on is
    // not modelled.
    if (visit.lost >= message.train.size.packets || flow.spec.datagrams) {
      vanish(index, now);
      return;
    }
    message.size.packets -= static_cast<std::int32_t>(visit.lost);
    message.segments.count -= message.segments.count == 0 ? 0 : visit.lost;
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
    const StageCost cost = spend(message, stage, 0, 1.0, now);
    message.train.head += cost.latency;
    message.train.tail += cost.latency;
    if (message.split != nullptr) {
      message.split->clock += cost.latency;
    }
  }
  const bool last = ++message.link == segment.count;
  message.stage = static_cast<std::uint8_t>(message.stage + (last ? 1 : 0));
  scheduler_.schedule(message.train.head, link_source(link), {handler_, last ? kSoftirq : kHop, index, 0});
}

// What of an owner's message travels on by itself; the message waits for its packets.
MessageIndex Network::as_piece(MessageIndex index) {
  if (!messages_[index].owned) {
    return index;
  }
  const MessageIndex piece_index = messages_.take();
  MessageState& piece = messages_[piece_index];
  piece = messages_[index];
  piece.owned = false;
  FlowState& flow = flows_[piece.flow];
  ++flow.pending;
  FlowDirection& way = flow.way[way_of(piece.packet)];
  way.carrier = way.carrier == index ? piece_index : way.carrier;
  return piece_index;
}

// Cuts the first packet off a train that meets a crowded link; the others come when they arrive. What is paid once a
// message or skb is paid with the first one: GRO puts together what arrives while softirq is at work.
MessageIndex Network::front_packet(MessageIndex index) {
  index = as_piece(index);
  MessageState& rest = messages_[index];
  const MessageIndex front_index = messages_.take();
  MessageState& front = messages_[front_index];
  FlowState& flow = flows_[rest.flow];
  const std::size_t way = way_of(rest.packet);
  ++flow.pending;
  front = rest;
  front.split = nullptr;
  front.noise = streams_.get(kMessageNoise.of(16 + way), mix64(flow.spec.id ^ ++flow.way[way].pieces));
  const Duration spacing = (rest.train.tail - rest.train.head) / (rest.train.size.packets - std::int64_t{1});
  front.train = {.size = rest.train.size.take_front(1), .head = rest.train.head, .tail = rest.train.head};
  front.full = front.train.size;
  front.size.packets = 1;
  front.size.payload = std::min(rest.size.payload, Bytes(plan_of(rest).max_segment_bytes));
  front.segments.count = 1;
  rest.full = rest.train.size;
  rest.size = {.payload = rest.size.payload - front.size.payload,
               .messages = 0,
               .skbs = 0,
               .packets = rest.size.packets - 1,
               .acks = 0,
               .wire = rest.full.bytes};
  ++rest.segments.first;
  --rest.segments.count;
  rest.train.head += spacing;
  // A host's source, which goes before those of links: of packets that come at one instant, one that follows others of
  // its train is the first. Senders whose ACKs come one after the other would else win or lose all by their numbers.
  scheduler_.schedule(rest.train.head, host_source(flow.spec.nodes[0]), {handler_, kHop, index, 0});
  return front_index;
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
  const double factor = cpu_factor_[node_at(flow, message, stage.node)];
  const StageVisit visit = visit_of(message, stage, core, factor, idle, now);
  TimeSplit* const split = message.split;
  const PlaceScope place(split, {SpanPlace::Kind::Core, core});
  const Time tail = message.train.tail;
  StageCost cost;
  Time end{};
  if (tail <= now) [[likely]] {
    if (split != nullptr) split->hold(Wait::Softirq, start - now);
    cost = costs_.spend(visit, message.noise, split);
    end = start + cost.latency;
  } else {  // the train is still arriving: its last packet cannot be done before it is there
    cost = costs_.evaluate(visit, message.noise);
    end = std::max(start + cost.latency, tail + cost.latency / std::max(1, message.size.packets));
    if (split != nullptr) {
      const Duration visible = end - tail;
      const Duration waited = cost.latency > Duration{} ? std::min(start - now, visible) : visible;
      split->hold(Wait::Softirq, waited);
      costs_.commit(split, cost.latency, visible - waited);
    }
  }
  if (split != nullptr) split->clock = end;
  if (!message.pure_ack) {  // what ACKs cost is charged with the data that they acknowledge, one for each skb
    cpus_.book_softirq(core, now, cost.cpu + cost.cpu_only);
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
    acked(index, now);
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
  if (launching_) {  // nothing lay between the two sockets
    scheduler_.schedule(now, host_source(flow.spec.nodes[0]), {handler_, kDelivered, index, 0});
    return;
  }
  ++counters_.delivered;
  owner_->on_message(now, index);
}

}  // namespace knetsim
