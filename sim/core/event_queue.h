#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/core/ensure.h"
#include "sim/core/event_key.h"

namespace knetsim {

/// Pending events, popped in the total order of fires_before(). Payload is a small trivially copyable value (target,
/// kind, index): what the event means is the engine's business.
template <class Payload>
class EventQueue {
  static_assert(std::is_trivially_copyable_v<Payload>);

 public:
  struct Event {
    EventKey key;
    Payload payload;
  };

  /// @param sources  Entities that may schedule, numbered from 0. More are accepted when they first push.
  explicit EventQueue(std::uint32_t sources = 0) : counts_(sources, 0) {}

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  /// Instant of the event that was popped last; the start of the run before that.
  Time now() const { return now_; }

  /// Instant of the first pending event, kTimeNever if there is none.
  Time next_time() const { return heap_.empty() ? kTimeNever : heap_.front().key.at; }

  /// Schedules an event and gives it the next count of its source.
  /// @param at      Not before now().
  /// @param source  Entity that schedules.
  /// @throws InvariantError  `at` lies in the past, or the source's count would wrap.
  EventKey push(Time at, std::uint32_t source, const Payload& payload) {
    KNETSIM_ENSURE(at >= now_, "an event was scheduled in the past");
    if (source >= counts_.size()) {
      counts_.resize(std::size_t{source} + 1, 0);
    }
    std::uint32_t& count = counts_[source];
    KNETSIM_ENSURE(count != std::numeric_limits<std::uint32_t>::max(), "a source has used up its 2^32 event counts");
    const Event event{{at, source, count++}, payload};
    std::size_t hole = heap_.size();
    heap_.push_back(event);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!fires_before(event.key, heap_[parent].key)) {
        break;
      }
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
    return event.key;
  }

  /// Removes and returns the first event; now() becomes its instant. @throws InvariantError  Nothing is pending.
  Event pop() {
    KNETSIM_ENSURE(!heap_.empty());
    const Event first = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    const std::size_t n = heap_.size();
    if (n > 0) {
      std::size_t hole = 0;
      for (std::size_t child = 1; child < n; child = 4 * hole + 1) {
        const std::size_t end = child + 4 < n ? child + 4 : n;
        std::size_t best = child;
        for (++child; child < end; ++child) {
          best = fires_before(heap_[child].key, heap_[best].key) ? child : best;
        }
        if (!fires_before(heap_[best].key, last.key)) {
          break;
        }
        heap_[hole] = heap_[best];
        hole = best;
      }
      heap_[hole] = last;
    }
    now_ = first.key.at;
    return first;
  }

 private:
  std::vector<Event> heap_;
  std::vector<std::uint32_t> counts_;
  Time now_ = kTimeZero;
};

}  // namespace knetsim
