#include "sim/net/link.h"

#include <algorithm>
#include <stdexcept>

namespace knetsim {

Links::Links(std::span<const Link> links) : state_(links.size()), losses_(links.size()) {
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
    state.queue_limit = service_time(state, links[i].buffer);
  }
}

Bytes Links::bytes_in(const State& state, Duration time) {
  return Bytes(static_cast<std::int64_t>((Int128{time.count()} << 32) / static_cast<Int128>(state.byte_time_q32)));
}

Duration Links::backlog(LinkId link, Time now) const { return std::max(Duration::zero(), state_[link].free_at - now); }

void Links::drop(State& state, LinkId link, Train& train, Duration excess, LinkVisit& visit) {
  PacketTrain& size = train.size;
  const std::uint32_t packets = size.packets;
  const Duration full = service_time(state, size.first);
  const Duration last = service_time(state, size.last);
  const Duration all = service_time(state, size.bytes);
  const std::int64_t more = excess > last ? (excess - last + full - Duration(1)) / full : 0;
  visit.lost = static_cast<std::uint32_t>(std::min<std::int64_t>(packets, 1 + more));
  const Bytes lost_bytes =
      visit.lost == packets ? size.bytes : size.last + size.first * static_cast<std::int64_t>(visit.lost - 1);
  losses_[link].packets += visit.lost;
  losses_[link].bytes += lost_bytes.count();
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

void Links::mark(const State& state, LinkId link, Duration at_head, Duration at_tail, LinkVisit& visit) {
  const auto [low, high] = std::minmax(std::max(at_head, Duration::zero()), std::max(at_tail, Duration::zero()));
  // The queue moves evenly from one to the other while the train comes in.
  const Duration above = high - std::max(low, state.ecn_threshold);
  const Int128 packets = visit.out.size.packets;
  visit.marked = visit.out.size.packets;
  if (low < state.ecn_threshold) {
    const std::int64_t span = (high - low).count();
    visit.marked =
        above > Duration::zero() ? static_cast<std::uint32_t>((packets * above.count() + span - 1) / span) : 0;
  }
  losses_[link].marked += visit.marked;
}

LinkVisit Links::visit(LinkId link, const Train& train) {
  State& state = state_[link];
  LinkVisit visit;
  visit.out = train;
  Train& out = visit.out;

  const Time start = std::max(train.head, state.free_at);
  Time done = start + service_time(state, train.size.bytes);
  // What is still queued when the last packet has come has to be within the limit; more never was.
  const Duration excess = done - train.tail - state.queue_limit;
  if (excess > Duration::zero()) [[unlikely]] {
    drop(state, link, out, excess, visit);
    if (visit.lost == train.size.packets) {
      return visit;
    }
    done = start + service_time(state, out.size.bytes);
  }
  const Duration last = service_time(state, out.size.last);
  const Time head = start + service_time(state, out.size.first);
  const Time tail = std::max(done, out.tail + last);

  const Duration queue = std::max(head - train.head, done - train.tail);
  state.queue_max = std::max(state.queue_max, queue);
  if (state.ecn_threshold > Duration::zero() && queue > state.ecn_threshold) [[unlikely]] {
    mark(state, link, start - train.head, done - train.tail, visit);
  }
  state.free_at = done;
  state.bytes += out.size.bytes.count();
  state.packets += out.size.packets;

  // The last packet's way through this link: at least its own sending, and the wait no more than what exceeds that.
  const Duration through = tail - out.tail;
  visit.wait = std::clamp(start - train.head, Duration::zero(), through - last);
  visit.service = through - visit.wait;
  out.head = head + state.delay;
  out.tail = tail + state.delay;
  return visit;
}

void Links::book(LinkId link, Time now, Bytes size) {
  State& state = state_[link];
  state.free_at = std::max(state.free_at, now) + service_time(state, size);
  state.bytes += size.count();
}

void Links::set_ecn_threshold(LinkId link, Bytes threshold) {
  state_[link].ecn_threshold = service_time(state_[link], threshold);
}

Duration Links::busy(LinkId link, Time now) const {
  return service_time(state_[link], Bytes(state_[link].bytes)) - backlog(link, now);
}

LinkCounters Links::counters(LinkId link, Time now) const {
  const State& state = state_[link];
  const Losses& losses = losses_[link];
  const Bytes queued = std::min(bytes_in(state, backlog(link, now)), Bytes(state.bytes));
  return {.offered = Bytes(state.bytes + losses.bytes),
          .sent = Bytes(state.bytes) - queued,
          .dropped = Bytes(losses.bytes),
          .queued = queued,
          .packets_offered = state.packets + losses.packets,
          .packets_dropped = losses.packets,
          .packets_marked = losses.marked,
          .busy = busy(link, now),
          .queue_max = bytes_in(state, state.queue_max)};
}

}  // namespace knetsim
