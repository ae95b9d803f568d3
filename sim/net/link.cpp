#include "sim/net/link.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace knetsim {
namespace {

// A queue that is, or will be, filled to one in so many is crowded. Trains that came before, hence were taken in whole
// though others arrive along with them, fill at most that much of it.
constexpr int kCrowded = 4;

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

Links::Links(std::span<const Link> links) : state_(links.size()), rare_(links.size()) {
  for (LinkId id = 0; id < links.size(); ++id) {
    const Link& link = links[id];
    if (link.rate < kMinLinkRate) {
      throw std::invalid_argument("link " + std::to_string(id) + ": rate is below 10 kbit/s");
    }
    // 8e12 ps is the time of a byte at 1 bit/s; at kMinLinkRate it is 8e8 ps, which leaves 64 bits room for the
    // fraction.
    Kind kind{
        .byte_time_q32 = static_cast<std::uint64_t>((Int128{8'000'000'000'000} << 32) / link.rate.bits_per_second()),
        .delay = link.delay};
    kind.queue_limit = service_time(kind, link.buffer);
    set_kind(id, kind);
  }
}

void Links::set_kind(LinkId link, const Kind& kind) {
  // From the back: links of one kind come in a row.
  const auto known = std::find(kinds_.rbegin(), kinds_.rend(), kind);
  if (known != kinds_.rend()) {
    state_[link].kind = static_cast<std::uint64_t>(kinds_.rend() - known - 1) & 0xfffff;
    return;
  }
  if (kinds_.size() == 1 << 20) {
    throw std::invalid_argument("more than a million kinds of links (rate, delay, buffer)");
  }
  state_[link].kind = kinds_.size() & 0xfffff;
  kinds_.push_back(kind);
}

Bytes Links::bytes_in(const Kind& kind, Duration time) {
  return Bytes(static_cast<std::int64_t>((Int128{time.count()} << 32) / static_cast<Int128>(kind.byte_time_q32)));
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

bool Links::crowded(LinkId link, const Train& train) {
  State& state = state_[link];
  const Kind& kind = kinds_[state.kind];
  advance(state, train.head);
  const Duration coming = state.arrivals[0].work + state.arrivals[1].work;
  const Duration booked = state.backlog + coming;
  return coming > Duration::zero() || kCrowded * (booked + service_time(kind, train.size.bytes)) > kind.queue_limit;
}

LinkVisit Links::visit(LinkId link, const Train& train) {
  State& state = state_[link];
  const Kind& kind = kinds_[state.kind];
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
  Time done = start + service_time(kind, train.size.bytes) + others;
  // What is still queued when the last packet has come has to be within the limit; more never was.
  const Duration excess = done - train.tail - kind.queue_limit;
  if (excess > Duration::zero()) [[unlikely]] {
    drop(kind, rare_[link], out, excess, visit);
    if (visit.lost == train.size.packets) {
      visit.departed = train.tail;
      return visit;
    }
    done = start + service_time(kind, out.size.bytes) + others;
  }
  const Duration all = service_time(kind, out.size.bytes);
  const Duration first = service_time(kind, out.size.first);
  const Duration last = service_time(kind, out.size.last);
  const Time tail = std::max(done, train.tail + last);

  const Duration queue = std::max(start + first - train.head, done - train.tail);
  if (queue > first) {
    Rare& rare = rare_[link];
    rare.queue_max = std::max(rare.queue_max, queue);
    if (kind.ecn_threshold > Duration::zero()) {
      mark(kind.ecn_threshold, rare, start - train.head, done - train.tail, visit);
    }
  }
  state.bytes += out.size.bytes.count();
  state.packets += out.size.packets;
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
  out.head = start + first + kind.delay;
  out.tail = tail + kind.delay;
  visit.departed = tail;
  return visit;
}

void Links::drop(const Kind& kind, Rare& rare, Train& train, Duration excess, LinkVisit& visit) {
  PacketTrain& size = train.size;
  const std::uint32_t packets = size.packets;
  const Duration full = service_time(kind, size.first);
  const Duration last = service_time(kind, size.last);
  const std::int64_t more = excess > last ? (excess - last + full - Duration(1)) / full : 0;
  visit.lost = static_cast<std::uint32_t>(std::min<std::int64_t>(packets, 1 + more));
  const Bytes lost_bytes =
      visit.lost == packets ? size.bytes : size.last + size.first * static_cast<std::int64_t>(visit.lost - 1);
  rare.lost_packets += visit.lost;
  rare.lost_bytes += lost_bytes.count();
  size.packets = packets - visit.lost;
  size.bytes -= lost_bytes;
  size.last = size.first;
}

void Links::mark(Duration threshold, Rare& rare, Duration at_head, Duration at_tail, LinkVisit& visit) {
  // The queue moves evenly from one length to the other while the train comes in.
  const Duration low = std::max(std::min(at_head, at_tail), Duration::zero());
  const Duration high = std::max(at_head, at_tail);
  const Duration above = high - std::max(low, threshold);
  if (above <= Duration::zero()) {
    return;
  }
  visit.marked = visit.out.size.packets;
  if (low < threshold) {
    const std::int64_t span = (high - low).count();
    visit.marked = static_cast<std::uint32_t>((Int128{visit.marked} * above.count() + span - 1) / span);
  }
  rare.marked_packets += visit.marked;
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
  state.backlog += service_time(kind_of(link), size);
  state.bytes += size.count();
}

void Links::set_ecn_threshold(LinkId link, Bytes threshold) {
  Kind kind = kind_of(link);
  kind.ecn_threshold = service_time(kind, threshold);
  set_kind(link, kind);
}

Duration Links::busy(LinkId link, Time now) const {
  return service_time(link, Bytes(state_[link].bytes)) - booked(link, now);
}

void Links::begin_window(Time now) {
  for (LinkId link = 0; link < size(); ++link) {
    State state = state_[link];
    advance(state, now);
    Duration longest = state.backlog;
    // It grows and shrinks evenly up to the end of an arrival: the longest one is at one of these.
    std::array<Time, 2> ends{state.arrivals[0].end, state.arrivals[1].end};
    std::ranges::sort(ends);
    for (const Time end : ends) {
      advance(state, end);
      longest = std::max(longest, state.backlog);
    }
    rare_[link].queue_max = std::min(rare_[link].queue_max, longest);
  }
}

// A train is held against the limit as its last packet comes, before the trains are known whose heads come meanwhile. By
// what these bring in the fluid's level may then pass the limit at that instant, where packets would have been dropped:
// what waited is at most the limit.
LinkCounters Links::counters(LinkId link, Time now) const {
  const State& state = state_[link];
  const Kind& kind = kind_of(link);
  const Rare& rare = rare_[link];
  const Bytes queued = std::min(bytes_in(kind, booked(link, now)), Bytes(state.bytes));
  return {.offered = Bytes(state.bytes + rare.lost_bytes),
          .sent = Bytes(state.bytes) - queued,
          .dropped = Bytes(rare.lost_bytes),
          .queued = queued,
          .packets_offered = state.packets + rare.lost_packets,
          .packets_dropped = rare.lost_packets,
          .packets_marked = rare.marked_packets,
          .busy = busy(link, now),
          .queue_max = bytes_in(kind, std::min(rare.queue_max, kind.queue_limit))};
}

}  // namespace knetsim
