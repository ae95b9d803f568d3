#pragma once

#include <cstddef>
#include <vector>

#include "sim/core/event_key.h"

namespace knetsim {

/// Implicit 4-ary heap of whole events: the best structure for up to a few hundred of them, which stay in the
/// first-level cache. Four children take half the levels of two, and the smallest of four is found without branches.
/// @source LaMarca and Ladner, "The influence of caches on the performance of heaps", ACM JEA 1, 1996.
template <class Payload>
class EventHeap {
 public:
  using Event = KeyedEvent<Payload>;

  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }
  void clear() { events_.clear(); }

  /// The first event. Not for an empty heap.
  const Event& front() const { return events_.front(); }

  /// All events, in no order that means anything but that the first is front().
  const std::vector<Event>& events() const { return events_; }

  void push(const Event& event) {
    const EventOrder order = order_of(event.key);
    std::size_t hole = events_.size();
    events_.push_back(event);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!(order < order_of(events_[parent].key))) {
        break;
      }
      events_[hole] = events_[parent];
      hole = parent;
    }
    events_[hole] = event;
  }

  /// Removes front(). Not for an empty heap.
  void pop() {
    const Event last = events_.back();
    events_.pop_back();
    const std::size_t size = events_.size();
    if (size == 0) {
      return;
    }
    const EventOrder last_order = order_of(last.key);
    std::size_t hole = 0;
    for (std::size_t child = 1; child < size; child = 4 * hole + 1) {
      std::size_t best = child;
      EventOrder best_order = order_of(events_[child].key);
      const std::size_t end = child + 4 < size ? child + 4 : size;
      for (std::size_t other = child + 1; other < end; ++other) {
        const EventOrder order = order_of(events_[other].key);
        const bool less = order < best_order;
        best = less ? other : best;
        best_order = less ? order : best_order;
      }
      if (!(best_order < last_order)) {
        break;
      }
      events_[hole] = events_[best];
      hole = best;
    }
    events_[hole] = last;
  }

 private:
  std::vector<Event> events_;
};

}  // namespace knetsim
