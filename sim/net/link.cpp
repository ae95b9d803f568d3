#include "sim/net/link.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace knetsim {
namespace {

// The part of `work` that falls into `part` of a `whole` over which it is spread evenly; all of it when they are equal.
// In doubles, each operation rounded once (IEEE 754), so it is the same on every machine; nothing is lost, since the
// rest is what remains.
Duration share(Duration work, Duration part, Duration whole) {
  if (part >= whole) {
    return work;
  }
  const double taken =
      static_cast<double>(work.count()) * static_cast<double>(part.count()) / static_cast<double>(whole.count());
  return Duration(static_cast<std::int64_t>(taken));
}

}  // namespace

Links::Links(std::span<const Link> links) : state_(links.size()), tally_(links.size()) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::int64_t rate = links[i].rate.bits_per_second();
    if (links[i].rate < kMinLinkRate) {
      throw std::invalid_argument("link " + std::to_string(i) + ": rate is below 10 kbit/s");
    }
    State& state = state_[i];
    // 8e12 ps is the time of a byte at 1 bit/s; at kMinLinkRate it is 8e8 ps, which leaves 64 bits room for the
    // fraction.
    state.byte_time_q32 = static_cast<std::uint64_t>((Int128{8'000'000'000'000} << 32) / rate);
    state.delay = links[i].delay;
    tally_[i].queue_limit = service_time(state, links[i].buffer);
  }
}

Bytes Links::bytes_in(const State& state, Duration time) {
  return Bytes(static_cast<std::int64_t>((Int128{time.count()} << 32) / static_cast<Int128>(state.byte_time_q32)));
}

// Brings the queue to `now`: a fluid that fills at the pace of the arrivals and drains at the link's.
void Links::advance(State& state, Time now) {
  while (state.now < now) {
    Time until = now;
    for (const Arrival& arrival : state.arrivals) {
      if (arrival.work > Duration::zero()) {
        until = std::min(until, arrival.end);
      }
    }
    const Duration step = until - state.now;
    Duration arrived{};
    for (Arrival& arrival : state.arrivals) {
      if (arrival.work > Duration::zero()) {
        const Duration part = share(arrival.work, step, arrival.end - state.now);
        arrival.work -= part;
        arrived += part;
      }
    }
    state.backlog = std::max(Duration::zero(), state.backlog + arrived - step);
    state.now = until;
  }
}

void Links::add_arrival(State& state, Arrival arrival) {
  Arrival& a = state.arrivals[0];
  Arrival& b = state.arrivals[1];
  for (Arrival* slot : {&a, &b}) {
    if (slot->work == Duration::zero()) {
      *slot = arrival;
      return;
    }
  }
  // Three: those two become one whose ends are nearest. It arrives until the later end.
  const auto merged = [](const Arrival& x, const Arrival& y) {
    return Arrival{std::max(x.end, y.end), x.work + y.work};
  };
  const Duration a_b = std::chrono::abs(a.end - b.end);
  const Duration a_new = std::chrono::abs(a.end - arrival.end);
  const Duration b_new = std::chrono::abs(b.end - arrival.end);
  if (a_b <= a_new && a_b <= b_new) {
    a = merged(a, b);
    b = arrival;
  } else if (a_new <= b_new) {
    a = merged(a, arrival);
  } else {
    b = merged(b, arrival);
  }
}

LinkVisit Links::visit(LinkId link, const Train& train) {
  State& state = state_[link];
  Tally& tally = tally_[link];
  LinkVisit visit;
  visit.out = train;
  Train& out = visit.out;

  advance(state, train.head);
  const Time start = state.now + state.backlog;
  const Duration span = train.tail - state.now;
  Duration others{};
  if (span > Duration::zero()) {
    for (const Arrival& arrival : state.arrivals) {
      if (arrival.work > Duration::zero()) {
        others += share(arrival.work, span, arrival.end - state.now);
      }
    }
  }
  Time done = start + service_time(state, train.size.bytes) + others;
  // What is still queued when the last packet has come has to be within the limit; more never was.
  const Duration excess = done - train.tail - tally.queue_limit;
  if (excess > Duration::zero()) [[unlikely]] {
    drop(state, tally, out, excess, visit);
    if (visit.lost == train.size.packets) {
      return visit;
    }
    done = start + service_time(state, out.size.bytes) + others;
  }
  const Duration all = service_time(state, out.size.bytes);
  const Duration first = service_time(state, out.size.first);
  const Duration last = service_time(state, out.size.last);
  const Time tail = std::max(done, train.tail + last);

  const Duration queue = std::max(start + first - train.head, done - train.tail);
  tally.queue_max = std::max(tally.queue_max, queue);
  if (tally.ecn_threshold > Duration::zero() && queue > tally.ecn_threshold) [[unlikely]] {
    mark(tally, start - train.head, done - train.tail, visit);
  }
  tally.bytes += out.size.bytes.count();
  tally.packets += out.size.packets;
  if (span > Duration::zero() && all > first) {
    state.backlog += first;
    add_arrival(state, {train.tail, all - first});
  } else {
    state.backlog += all;
  }

  // The last packet's way through this link: at least its own sending, and the wait no more than what exceeds that.
  const Duration through = tail - train.tail;
  visit.wait = std::clamp(start - train.head, Duration::zero(), through - last);
  visit.service = through - visit.wait;
  out.head = start + first + state.delay;
  out.tail = tail + state.delay;
  return visit;
}

void Links::drop(const State& state, Tally& tally, Train& train, Duration excess, LinkVisit& visit) {
  PacketTrain& size = train.size;
  const std::uint32_t packets = size.packets;
  const Duration full = service_time(state, size.first);
  const Duration last = service_time(state, size.last);
  const Duration all = service_time(state, size.bytes);
  const std::int64_t more = excess > last ? (excess - last + full - Duration(1)) / full : 0;
  visit.lost = static_cast<std::uint32_t>(std::min<std::int64_t>(packets, 1 + more));
  const Bytes lost_bytes =
      visit.lost == packets ? size.bytes : size.last + size.first * static_cast<std::int64_t>(visit.lost - 1);
  tally.lost_packets += visit.lost;
  tally.lost_bytes += lost_bytes.count();
  // Packets come at a pace of `arrival` for all against `all` to send them. Once the queue is full one packet is taken
  // for each that leaves, the share arrival / all: behind the first lost one lost * share / (1 - share) still get
  // through.
  const Duration arrival = train.tail - train.head;
  const std::uint32_t survivors = packets - visit.lost;
  visit.behind = survivors;
  if (arrival < all) {
    const Int128 through = Int128{visit.lost} * arrival.count() / (all - arrival).count();
    visit.behind = static_cast<std::uint32_t>(std::min<Int128>(survivors, through));
  }
  size.packets = survivors;
  size.bytes -= lost_bytes;
  size.last = size.first;
}

void Links::mark(Tally& tally, Duration at_head, Duration at_tail, LinkVisit& visit) {
  // The queue moves evenly from one length to the other while the train comes in.
  const Duration low = std::max(std::min(at_head, at_tail), Duration::zero());
  const Duration high = std::max(at_head, at_tail);
  const Duration above = high - std::max(low, tally.ecn_threshold);
  if (above <= Duration::zero()) {
    return;
  }
  visit.marked = visit.out.size.packets;
  if (low < tally.ecn_threshold) {
    const std::int64_t span = (high - low).count();
    visit.marked = static_cast<std::uint32_t>((Int128{visit.marked} * above.count() + span - 1) / span);
  }
  tally.marked_packets += visit.marked;
}

Duration Links::backlog(LinkId link, Time now) const {
  State state = state_[link];
  advance(state, now);
  return state.backlog;
}

Duration Links::booked(LinkId link, Time now) const {
  State state = state_[link];
  advance(state, now);
  return state.backlog + state.arrivals[0].work + state.arrivals[1].work;
}

void Links::book(LinkId link, Time now, Bytes size) {
  State& state = state_[link];
  advance(state, now);
  state.backlog += service_time(state, size);
  tally_[link].bytes += size.count();
}

void Links::set_ecn_threshold(LinkId link, Bytes threshold) {
  tally_[link].ecn_threshold = service_time(state_[link], threshold);
}

Duration Links::busy(LinkId link, Time now) const {
  return service_time(state_[link], Bytes(tally_[link].bytes)) - booked(link, now);
}

LinkCounters Links::counters(LinkId link, Time now) const {
  const State& state = state_[link];
  const Tally& tally = tally_[link];
  const Bytes queued = std::min(bytes_in(state, booked(link, now)), Bytes(tally.bytes));
  return {.offered = Bytes(tally.bytes + tally.lost_bytes),
          .sent = Bytes(tally.bytes) - queued,
          .dropped = Bytes(tally.lost_bytes),
          .queued = queued,
          .packets_offered = tally.packets + tally.lost_packets,
          .packets_dropped = tally.lost_packets,
          .packets_marked = tally.marked_packets,
          .busy = busy(link, now),
          .queue_max = bytes_in(state, tally.queue_max)};
}

}  // namespace knetsim
