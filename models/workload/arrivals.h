#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/random.h"

namespace knetsim {

/// When the requests of each source begin, and under which ids. Draws depend on the source and on how many requests it
/// has begun, and on nothing that happens to them: variants see the same requests.
class ArrivalClock {
 public:
  /// @param plan  Outlives the clock.
  ArrivalClock(const TrafficPlan& plan, RandomStreams streams);

  /// The next request of an open source. Nothing where the source has no more, or is a closed loop.
  std::optional<Time> next(TrafficIndex source, Time now);
  /// Id of the request that begins now.
  std::uint64_t begin(TrafficIndex source);

  /// Closed loop: when a user's first request begins. Users are spread by one think time each, so that they do not
  /// march in step.
  Duration offset(TrafficIndex source, std::uint32_t user) const { return think(source, user); }
  /// Closed loop: the pause after the answer to `request`.
  Duration pause(TrafficIndex source, std::uint64_t request) const;

 private:
  Duration think(TrafficIndex source, std::uint64_t id) const;

  const TrafficPlan& plan_;
  RandomStreams streams_;
  std::vector<RngStream> gaps_;       // shape (sources,)
  std::vector<std::uint64_t> begun_;  // shape (sources,): the next request's number
};

}  // namespace knetsim
