#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/random.h"

namespace knetsim {

/// When the requests of each source begin, and under which ids. Draws depend on the source's name and on how many
/// requests it has begun, and on nothing that happens to them nor on what other sources there are: variants see the
/// same requests.
class ArrivalClock {
 public:
  /// @param plan  Outlives the clock.
  ArrivalClock(const TrafficPlan& plan, RandomStreams streams);

  /// The next request of an open source. Nothing where the source has no more, or is a closed loop.
  std::optional<Time> next(TrafficIndex source, Time now);
  /// Id of the request that begins now.
  std::uint64_t begin(TrafficIndex source);

  /// Closed loop: when a user's first request begins. Users have been thinking for long, each for itself: they do not
  /// march in step, whatever the law.
  Duration offset(TrafficIndex source, std::uint32_t user) const;
  /// Closed loop: the pause after the answer to `request`.
  Duration pause(TrafficIndex source, std::uint64_t request) const;

 private:
  struct Source {
    Purpose think;            ///< What a user's pauses are drawn for.
    RngStream gaps;           ///< Poisson: times between arrivals; constant: the phase.
    std::uint64_t key = 0;    ///< Of the requests' ids.
    double phase = 0;         ///< Constant: the first arrival, as a part of an interval.
    std::uint64_t begun = 0;  ///< The next request's number.
  };

  const TrafficPlan& plan_;
  RandomStreams streams_;
  std::vector<Source> sources_;  // shape (sources,)
};

}  // namespace knetsim
