#pragma once

#include <cstdint>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/random.h"

namespace knetsim {

/// What random draws are keyed by within a request: a call by its edge's name, work and pauses by how many of their
/// kind the application has before them. A call or a workload that is put in so leaves the draws of all others as they
/// were, and variants that differ in one call still see the same random numbers.
class DrawKeys {
 public:
  struct Step {
    Purpose work, pause;
  };

  explicit DrawKeys(const TrafficPlan& plan);

  std::uint64_t edge(EdgeIndex index) const { return edges_[index]; }
  const Step& step(AppIndex app, std::uint32_t index) const { return steps_[app][index]; }

 private:
  std::vector<std::uint64_t> edges_;      // shape (edges,)
  std::vector<std::vector<Step>> steps_;  // by app
};

}  // namespace knetsim
