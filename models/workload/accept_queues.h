#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/workload/indices.h"
#include "sim/core/time.h"

namespace knetsim {

/// An accept queue that was full when a SYN came: all of one edge together.
struct QueueOverflow {
  EdgeIndex edge = 0;
  PodIndex client = kNoIndex;  ///< Of the first one ...
  PodIndex server = kNoIndex;  ///< ... and whose queue it was.
  std::uint32_t places = 0;
  std::uint64_t connections = 0;  ///< Whose SYN found it full, once or more often, from the start of the run.
  Time since{};                   ///< When the first one did.
};

/// Who has found accept queues full.
class QueueOverflows {
 public:
  void met(const QueueOverflow& first) {
    const auto known = std::ranges::find(all_, first.edge, &QueueOverflow::edge);
    if (known == all_.end()) {
      all_.push_back(first);
      return;
    }
    ++known->connections;
  }
  /// In the order of their first connections.
  const std::vector<QueueOverflow>& all() const { return all_; }

 private:
  std::vector<QueueOverflow> all_;
};

}  // namespace knetsim
