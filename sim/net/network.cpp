#include "sim/net/network.h"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

// A GSO skb carries at most 64 KiB less one byte, headers included (GSO_LEGACY_MAX_SIZE, include/linux/netdevice.h).
constexpr std::int64_t kGsoBytes = 65535;

// Windows stop growing here: net.ipv4.tcp_wmem's default maximum of 4 MiB in segments of 1,448 bytes.
constexpr std::uint32_t kWindowLimit = 2896;

// An unreplied UDP entry of a tunnel's outer tuple lives this long (nf_conntrack_udp_timeout).
constexpr Duration kOuterTimeout = std::chrono::seconds(30);

constexpr Purpose kMessageNoise("network.message");
constexpr Purpose kFlowDraws("network.flow");

// Cold, at the start of the run: no scan within living memory.
constexpr Time kLongAgo{Duration(-3'600'000'000'000'000)};

std::uint64_t pack(std::size_t way, std::uint32_t packets) { return (std::uint64_t{way} << 32) | packets; }

}  // namespace

Network::Network(Scheduler& scheduler, Cpus& cpus, const Topology& topology, const Routing& routing,
                 const PlanTables& tables, RandomStreams streams, KernelVersion kernel, std::uint32_t first_source)
    : scheduler_(scheduler),
      cpus_(cpus),
      topology_(topology),
      routing_(routing),
      tables_(tables),
      streams_(streams),
      syn_schedule_(syn_schedule(kernel)),
      handler_(scheduler.add(*this)),
      first_source_(first_source),
      links_(topology.links()),
      cpu_factor_(topology.hosts(), 1.0) {
  std::array<Time, kScanTables> cold;
  cold.fill(kLongAgo);
  last_scan_.assign(cpus.cores(), cold);
}

HostId Network::node_at(const Flow& flow, const Message& message, std::uint8_t position) const {
  const std::uint8_t nodes = plan_of(message).nodes;
  return flow.spec.nodes[way_of(message.packet) == 0 ? position : static_cast<std::size_t>(nodes - 1 - position)];
}

FlowIndex Network::open(const FlowSpec& spec, Time now) {
  const FlowIndex index = flows_.take();
  Flow& flow = flows_[index];
  flow.spec = spec;
  flow.opened = now;
  RngStream draws = streams_.get(kFlowDraws, spec.id);
  for (std::size_t way = 0; way < 2; ++way) {
    flow.way[way].outer_untracked = draws.uniform() < spec.outer_untracked;
    flow.way[way].last_sent = now;
    route(flow, way);
  }
  // The SYN-ACK leaves from the core that took the SYN.
  const std::size_t last = (*spec.plans)[FlowPacket::First].nodes - std::size_t{1};
  flow.way[1].core[0] = flow.way[0].core[last];
  flow.way[0].core[0] = flow.way[1].core[last];
  return index;
}

void Network::route(Flow& flow, std::size_t way) {
  const FlowPlans& plans = *flow.spec.plans;
  const std::uint8_t nodes = plans[way == 0 ? FlowPacket::Request : FlowPacket::Response].nodes;
  FiveTuple inner = flow.spec.tuple;
  if (way == 1) {
    std::swap(inner.src_address, inner.dst_address);
    std::swap(inner.src_port, inner.dst_port);
  }
  Direction& direction = flow.way[way];
  const auto host = [&](std::size_t position) { return flow.spec.nodes[way == 0 ? position : nodes - 1 - position]; };
  for (std::size_t position = 0; position < nodes; ++position) {
    // The header on the wire into this machine; for the first one, that of the way out.
    const std::size_t from = position == 0 ? 0 : position - 1;
    const std::size_t to = position == 0 ? std::min<std::size_t>(1, nodes - std::size_t{1}) : position;
    const std::uint64_t hash =
        outer_hash(flow.spec.encapsulation, inner, {host(from) + std::uint64_t{1}, host(to) + std::uint64_t{1}});
    const HostId node = host(position);
    direction.core[position] =
        cpus_.first_core(node) + static_cast<CoreIndex>(((hash >> 32) * cpus_.core_count(node)) >> 32);
    if (position > 0) {
      Segment& segment = direction.segments[position - 1];
      segment.count = static_cast<std::uint8_t>(routing_.path(host(from), node, hash, segment.links));
    }
  }
}

void Network::size_message(Message& message, Bytes payload, std::uint32_t packets) const {
  const Plan& plan = plan_of(message);
  const bool datagrams = flows_[message.flow].spec.datagrams;
  const std::int64_t segment = plan.max_segment_bytes;
  MessageSize& size = message.size;
  size.payload = payload;
  if (datagrams) {
    const Bytes plain = kIpv4Header + kUdpHeader;
    message.full = udp_train(
        payload, {.mtu = Bytes(segment) + plain, .header = plain, .encapsulation = Bytes(plan.header_bytes) - plain});
  } else {
    message.full = tcp_train(packets == 0 ? payload : Bytes(packets * segment),
                             {.mtu = Bytes(segment + plan.header_bytes), .header = Bytes(plan.header_bytes)});
  }
  size.packets = static_cast<std::int32_t>(message.full.packets);
  const std::int64_t per_skb = std::max<std::int64_t>(1, (kGsoBytes - plan.header_bytes) / segment);
  size.skbs = static_cast<std::int32_t>((size.packets + per_skb - 1) / per_skb);
  size.acks =
      !datagrams && payload > Bytes{} ? size.skbs : 0;  // GRO hands up an skb at a time, and each is acknowledged once
  size.wire = message.full.bytes;
}

MessageIndex Network::prepare(FlowIndex flow, FlowPacket packet, Bytes payload, std::uint64_t noise_id,
                              TimeSplit* split, std::uint64_t cookie) {
  const MessageIndex index = messages_.take();
  Message& message = messages_[index];
  message.flow = flow;
  message.packet = packet;
  message.owned = true;
  message.noise = streams_.get(kMessageNoise.of(static_cast<std::uint64_t>(packet)), noise_id);
  message.split = split;
  message.cookie = cookie;
  size_message(message, payload, 0);
  ++flows_[flow].pending;
  return index;
}

Network::StageCost Network::evaluate(Message& message, const Stage& stage, CoreIndex scan_core, double factor,
                                     bool idle, Time now) {
  const Plan& plan = plan_of(message);
  Direction& way = flows_[message.flow].way[way_of(message.packet)];
  const MessageSize& size = message.size;
  StageCost cost;
  parts_count_ = 0;
  int shape = -1;
  double drawn = 1;
  const auto draw = [&](std::uint8_t wanted) {
    if (wanted != shape) {  // one draw a shape and visit, taken whether or not the term applies: streams stay aligned
      shape = wanted;
      drawn = tables_.shapes[wanted].factor(message.noise) * factor;
    }
  };
  const auto add = [&](KindIndex kind, Duration span) { parts_[parts_count_++] = {kind, span}; };
  for (const CostTerm& term : std::span(plan.terms).subspan(stage.first_term, stage.terms)) {
    draw(term.shape);
    if (term.when == StageCondition::OuterUntracked && !way.outer_untracked) {
      continue;
    }
    const double median = term.per_message_ps + term.per_skb_ps * size.skbs + term.per_packet_ps * size.packets +
                          term.per_ack_ps * size.acks + term.per_byte_ps * static_cast<double>(size.payload.count());
    const Duration span(static_cast<std::int64_t>(median * drawn + 0.5));
    if (term.when == StageCondition::IdleResource) {
      if (stage.place == StagePlace::ReceiverCore) {
        cost.wake += span;
        wake_kind_ = term.kind;
        continue;
      }
      if (!idle) {
        continue;
      }
    }
    if (!term.latency) {
      cost.cpu_only += span;
      continue;
    }
    cost.latency += span;
    cost.cpu += term.cpu ? span : Duration{};
    add(term.kind, span);
  }
  for (const ScanTerm& scan : std::span(plan.scans).subspan(stage.first_scan, stage.scans)) {
    draw(scan.shape);
    if (scan.when == StageCondition::OuterUntracked && !way.outer_untracked) {
      continue;
    }
    const double items = scan.fixed + static_cast<double>(flows_[message.flow].spec.symbols[scan.symbol]);
    if (!(items > 0)) {
      continue;
    }
    Time& last = last_scan_[scan_core][scan.table];
    const double median = tables_.curves[scan.curve].cost_ps(items, scan.item_bytes, now - last);
    last = now;
    const Duration span(static_cast<std::int64_t>(median * drawn + 0.5));
    cost.latency += span;
    cost.cpu += span;
    add(scan.kind, span);
  }
  return cost;
}

void Network::commit_parts(TimeSplit* split, Duration whole, Duration visible) const {
  if (split == nullptr) {
    return;
  }
  if (visible == whole) {
    for (std::size_t i = 0; i < parts_count_; ++i) {
      split->serve(parts_[i].kind, parts_[i].span);
    }
    return;
  }
  // A train's work overlaps with its arrival; what shows is shared out in proportion, the rounding with the last kind.
  Duration left = visible;
  for (std::size_t i = 0; i < parts_count_; ++i) {
    const Duration share =
        i + 1 == parts_count_
            ? left
            : Duration(static_cast<std::int64_t>(Int128{parts_[i].span.count()} * visible.count() / whole.count()));
    split->serve(parts_[i].kind, share);
    left -= share;
  }
}

Duration Network::sender_burst(MessageIndex index, CoreIndex core, Time now) {
  Message& message = messages_[index];
  const Plan& plan = plan_of(message);
  Duration cpu{};
  while (message.stage < plan.stages.size() && plan.stages[message.stage].place == StagePlace::SenderCore) {
    const Flow& flow = flows_[message.flow];
    const StageCost cost = evaluate(message, plan.stages[message.stage], core,
                                    cpu_factor_[node_at(flow, message, plan.stages[message.stage].node)], false, now);
    commit_parts(message.split, cost.latency, cost.latency);
    if (cost.cpu_only > Duration{}) {  // ACKs that come back: receive work, not this thread's
      cpus_.book_softirq(flow.way[way_of(message.packet)].core[0], now, cost.cpu_only);
    }
    cpu += cost.latency;
    ++message.stage;
  }
  return cpu;
}

void Network::launch(MessageIndex index, Time now) {
  Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
  const std::size_t way_index = way_of(message.packet);
  Direction& way = flow.way[way_index];
  ++counters_.sent;
  if (flow.spec.encapsulation == Encapsulation::Vxlan && now - way.last_sent > kOuterTimeout) {
    way.outer_untracked = true;
  }
  const bool data = message.packet == FlowPacket::Request || message.packet == FlowPacket::Response;
  if (data && !flow.spec.datagrams) {
    const auto packets = static_cast<std::uint32_t>(message.size.packets);
    way.window.after_idle(now - way.last_sent, flow.rtt.rto(timers_));
    way.head = index;
    way.undelivered = packets;
    way.unsent = 0;
    way.unacked = 0;
    way.backoff = 0;
    way.round_packets = packets;
    way.carrier = kNone;
    if (plan_of(message).nodes > 1 && packets > std::min(way.window.cwnd, kPiecePackets)) {
      way.unsent = packets;
      way.last_sent = now;
      pump(message.flow, way_index, now);
      return;
    }
    way.carrier = index;
  }
  if (message.packet == FlowPacket::First) {
    flow.opened = flow.syn_sent = now;
  }
  way.last_sent = now;
  next_stage(index, now);
}

void Network::next_stage(MessageIndex index, Time now) {
  Message& message = messages_[index];
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
  Message& message = messages_[index];
  message.link = 0;
  message.train = {.size = message.full, .head = now, .tail = now};
  hop(index, now);
}

void Network::hop(MessageIndex index, Time now) {
  Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
  const Stage& stage = plan_of(message).stages[message.stage];
  const std::size_t way = way_of(message.packet);
  const Segment& segment = flow.way[way].segments[stage.node];
  const LinkId link = segment.links[message.link];
  const bool first = message.link == 0;
  const Time entered = message.train.tail;
  const LinkVisit visit = links_.visit(link, message.train);
  if (first && message.piece) {
    ++flow.pending;
    scheduler_.schedule(visit.out.tail, host_source(node_at(flow, message, stage.node)),
                        {handler_, kPieceSent, message.flow, pack(way, 0)});
  }
  if (visit.lost > 0) {
    counters_.packets_dropped += visit.lost;
    packets_lost(index, visit.lost, visit.behind, now);
    if (visit.lost >= message.train.size.packets) {
      vanish(index, now);
      return;
    }
    message.size.packets -= static_cast<std::int32_t>(visit.lost);
  }
  message.train = visit.out;
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
    commit_parts(message.split, cost.latency, cost.latency);
    if (message.split != nullptr) {
      message.split->clock += cost.latency;
    }
  }
  const bool last = ++message.link == segment.count;
  message.stage = static_cast<std::uint8_t>(message.stage + (last ? 1 : 0));
  scheduler_.schedule(message.train.head, first_source_ + static_cast<std::uint32_t>(topology_.hosts()) + link,
                      {handler_, last ? kSoftirq : kHop, index, 0});
}

void Network::softirq(MessageIndex index, Time now) {
  Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
  const Plan& plan = plan_of(message);
  const Stage& stage = plan.stages[message.stage];
  const std::size_t way = way_of(message.packet);
  const CoreIndex core = flow.way[way].core[stage.node];
  const bool idle = cpus_.softirq_idle(core, now);
  const Time start = cpus_.softirq_start(core, now);
  const StageCost cost = evaluate(message, stage, core, cpu_factor_[node_at(flow, message, stage.node)], idle, now);
  cpus_.book_softirq(core, now, cost.cpu + cost.cpu_only);
  Time end = start + cost.latency;
  const Time tail = message.train.tail;
  if (tail > now) {  // the train is still arriving: its last packet cannot be done before it is there
    end = std::max(end, tail + cost.latency / std::max(1, message.size.packets));
  }
  if (TimeSplit* split = message.split; split != nullptr) {
    const Duration visible = end - std::max(now, tail);
    const Duration waited = std::min(start - now, visible);
    split->hold(Wait::Softirq, waited);
    if (cost.latency > Duration{}) {
      commit_parts(split, cost.latency, visible - waited);
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
  Message& message = messages_[index];
  const FlowIndex flow_index = message.flow;
  Flow& flow = flows_[flow_index];
  const std::size_t way_index = way_of(message.packet);
  Direction& way = flow.way[way_index];
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
  const bool data = message.packet == FlowPacket::Request || message.packet == FlowPacket::Response;
  if (data && !flow.spec.datagrams) {
    way.undelivered -= std::min(way.undelivered, static_cast<std::uint32_t>(message.size.packets));
    way.backoff = 0;
    way.carrier = way.carrier == index ? kNone : way.carrier;
    if (way.unsent > 0) {
      send_ack(flow_index, way_index, static_cast<std::uint32_t>(message.size.packets), now);
    }
    if (index != way.head) {
      free_message(index);
    }
    if (way.undelivered > 0) {
      return;
    }
    index = way.head;
    way.head = kNone;
    if (way.round_packets * 2 > way.window.cwnd && way.window.cwnd < way.window.ssthresh) {
      way.window.cwnd = std::min(kWindowLimit, way.window.cwnd + way.unacked);
    }
    if (TimeSplit* split = messages_[index].split; split != nullptr) {
      split->hold_until(way.lossy ? Wait::Recovery : Wait::Window, now);
    }
    way.lossy = false;
    // The receiving stage sees the whole message, whichever piece came last.
    const Plan& plan = plan_of(messages_[index]);
    messages_[index].stage = static_cast<std::uint8_t>(plan.stages.size() - 1);
    messages_[index].size.packets = static_cast<std::int32_t>(way.round_packets);
  }
  ++counters_.delivered;
  owner_->on_message(now, index);
}

Network::ReceiverBurst Network::receiver_burst(MessageIndex index, CoreIndex core, Time now) {
  Message& message = messages_[index];
  const Plan& plan = plan_of(message);
  ReceiverBurst burst;
  while (message.stage < plan.stages.size()) {
    const Stage& stage = plan.stages[message.stage];
    KNETSIM_ENSURE(stage.place == StagePlace::ReceiverCore);
    const StageCost cost =
        evaluate(message, stage, core, cpu_factor_[node_at(flows_[message.flow], message, stage.node)], false, now);
    commit_parts(message.split, cost.latency, cost.latency);
    if (cost.cpu_only > Duration{}) {
      cpus_.book_softirq(core, now, cost.cpu_only);
    }
    burst.cpu += cost.latency;
    burst.wake += cost.wake;
    burst.wake_kind = wake_kind_;
    ++message.stage;
  }
  return burst;
}

void Network::release(MessageIndex index) { free_message(index); }

void Network::free_message(MessageIndex index) {
  const FlowIndex flow = messages_[index].flow;
  messages_.release(index);
  drop_reference(flow);
}

void Network::drop_reference(FlowIndex index) {
  Flow& flow = flows_[index];
  if (--flow.pending == 0 && flow.closed) {
    flows_.release(index);
  }
}

void Network::close(FlowIndex index) {
  Flow& flow = flows_[index];
  KNETSIM_ENSURE(!flow.closed && flow.way[0].head == kNone && flow.way[1].head == kNone);
  flow.closed = true;
  const Plan& first = (*flow.spec.plans)[FlowPacket::First];
  for (std::size_t i = 0; i < first.nodes; ++i) {
    const double work = first.closing_ps[i] * cpu_factor_[flow.spec.nodes[i]];
    if (work > 0) {
      cpus_.book_softirq(flow.way[0].core[i], scheduler_.now(), Duration(static_cast<std::int64_t>(work + 0.5)));
    }
  }
  if (flow.pending == 0) {
    flows_.release(index);
  }
}

void Network::pump(FlowIndex index, std::size_t way_index, Time now) {
  Direction& way = flows_[index].way[way_index];
  if (way.unsent > 0 && way.unacked < way.window.cwnd && !way.piece_pending) {
    const std::uint32_t packets = std::min({way.unsent, way.window.cwnd - way.unacked, kPiecePackets});
    way.unsent -= packets;
    launch_piece(index, way_index, packets, now, false);
  }
}

void Network::launch_piece(FlowIndex index, std::size_t way_index, std::uint32_t packets, Time now, bool resent) {
  Flow& flow = flows_[index];
  Direction& way = flow.way[way_index];
  const MessageIndex piece_index = messages_.take();
  Message& piece = messages_[piece_index];
  const Message& head = messages_[way.head];
  ++flow.pending;
  piece.flow = index;
  piece.packet = head.packet;
  piece.piece = !resent;
  piece.resent = resent;
  piece.noise = streams_.get(kMessageNoise.of(16 + way_index), mix64(flow.spec.id ^ ++way.pieces));
  size_message(piece, Bytes{}, packets);
  piece.size.payload = Bytes(std::int64_t{packets} * plan_of(piece).max_segment_bytes);
  way.unacked += packets;
  way.last_sent = now;
  if (way.unsent == 0 && way.carrier == kNone && head.split != nullptr && head.split->clock <= now) {
    way.carrier = piece_index;
    piece.split = head.split;
    piece.split->hold_until(resent ? Wait::Recovery : Wait::Window, now);
  }
  const Plan& plan = plan_of(piece);
  if (!resent) {
    // The system call has done the sending stage for the whole message.
    way.piece_pending = true;
    while (plan.stages[piece.stage].place == StagePlace::SenderCore) {
      ++piece.stage;
    }
  }
  next_stage(piece_index, now);
}

void Network::send_ack(FlowIndex index, std::size_t way_index, std::uint32_t packets, Time now) {
  Flow& flow = flows_[index];
  const MessageIndex ack_index = messages_.take();
  Message& ack = messages_[ack_index];
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
  Direction& way = flows_[index].way[way_index];
  way.unacked -= std::min(way.unacked, packets);
  if (way.window.cwnd < way.window.ssthresh) {
    way.window.cwnd = std::min(kWindowLimit, way.window.cwnd + packets);
  }
  pump(index, way_index, now);
}

void Network::packets_lost(MessageIndex index, std::uint32_t lost, std::uint32_t behind, Time now) {
  const Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
  const bool data = message.packet == FlowPacket::Request || message.packet == FlowPacket::Response;
  if (flow.spec.datagrams || !data) {
    return;  // vanish() deals with datagrams and handshakes
  }
  const std::size_t way_index = way_of(message.packet);
  Direction& way = flow.way[way_index];
  if (message.pure_ack) {
    // A later ACK covers a lost one; alone, the sender's timer does.
    ++flow.pending;
    scheduler_.schedule(now + flow.rtt.rto(timers_), host_source(flow.spec.nodes[0]),
                        {handler_, kAckLate, message.flow, pack(1 - way_index, message.acks)});
    return;
  }
  const RecoveryPlan plan = recover({.sent = static_cast<std::uint32_t>(message.size.packets),
                                     .lost = lost,
                                     .behind = behind,
                                     .resend = message.resent,
                                     .timeouts = way.backoff,
                                     .rtt = {}},
                                    flow.rtt, timers_);
  ++counters_.resent_by[static_cast<std::size_t>(plan.by)];
  if (plan.by == Repair::Timeout) {
    way.window.on_timeout();
    ++way.backoff;
  } else {
    way.window.on_fast_retransmit();
  }
  way.lossy = true;
  way.unacked -= std::min(way.unacked, lost);
  const auto schedule = [&](Duration after, std::uint32_t packets) {
    if (packets > 0) {
      ++flow.pending;
      scheduler_.schedule(now + after, host_source(flow.spec.nodes[0]),
                          {handler_, kResend, message.flow, pack(way_index, packets)});
    }
  };
  schedule(plan.resend_after, plan.resend_now);
  schedule(plan.rest_after, plan.resend_rest);
}

void Network::vanish(MessageIndex index, Time now) {
  Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
  if (message.packet == FlowPacket::SynAck || (message.packet == FlowPacket::First && !flow.spec.datagrams)) {
    const std::uint32_t attempt = flow.syn_attempt++;
    const bool again = attempt < syn_schedule_.count;
    const Time at = flow.opened + (again ? syn_schedule_.resend[attempt] : syn_schedule_.give_up);
    scheduler_.schedule(std::max(now, at), host_source(flow.spec.nodes[0]),
                        {handler_, kSynTimer, index, again ? 1u : 0u});
    return;
  }
  Direction& way = flow.way[way_of(message.packet)];
  way.carrier = way.carrier == index ? kNone : way.carrier;
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

void Network::resend(FlowIndex index, std::size_t way, std::uint32_t packets, Time now) {
  if (flows_[index].way[way].head != kNone) {  // else it has arrived in the meantime
    launch_piece(index, way, packets, now, true);
  }
}

void Network::syn_timer(MessageIndex index, bool again, Time now) {
  Message& message = messages_[index];
  Flow& flow = flows_[message.flow];
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
