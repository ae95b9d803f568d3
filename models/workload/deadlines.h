#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/fifo.h"

namespace knetsim {

/// The timeouts of attempts, one list an edge. Attempts of one edge have the same timeout, hence come due in the order
/// in which they began: a queue stands for a heap, and one armed event an edge for one an attempt. Most attempts end in
/// time; what was answered is passed over when its turn comes.
class Deadlines {
 public:
  explicit Deadlines(std::size_t edges) : by_edge_(edges), armed_(edges) {}

  /// @param at  Not before that of the attempt added last.
  /// @return    True where nobody is to be woken for this edge yet: somebody has to be, at next().
  bool add(EdgeIndex edge, Time at, std::uint32_t attempt, std::uint64_t serial) {
    by_edge_[edge].push({at, attempt, serial});
    return !std::exchange(armed_[edge], true);
  }

  /// Calls expire(attempt) for each that is due and still waits, then forgets those in front that do not. Whoever is
  /// woken calls this, and asks next() when to be woken again, if at all.
  /// @param waits  waits(attempt, serial): this very attempt has not ended.
  template <class Waits, class Expire>
  void settle(EdgeIndex edge, Time now, const Waits& waits, const Expire& expire) {
    auto& list = by_edge_[edge];
    while (!list.empty() && list.front().at <= now) {
      const Deadline due = list.pop();
      if (waits(due.attempt, due.serial)) {
        expire(due.attempt);
      }
    }
    while (!list.empty() && !waits(list.front().attempt, list.front().serial)) {
      list.pop();
    }
    armed_[edge] = !list.empty();
  }

  std::optional<Time> next(EdgeIndex edge) const {
    if (by_edge_[edge].empty()) return std::nullopt;
    return by_edge_[edge].front().at;
  }

 private:
  struct Deadline {
    Time at{};
    std::uint32_t attempt = 0;
    std::uint64_t serial = 0;
  };
  std::vector<Fifo<Deadline>> by_edge_;
  std::vector<char> armed_;  // shape (edges,): somebody is to be woken
};

}  // namespace knetsim
