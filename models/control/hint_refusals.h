#pragma once

#include <cstddef>
#include <vector>

#include "models/cluster/cluster.h"

namespace knetsim {

/// From when on, in a run, topology-mode Auto sets no hints of a Service that had some.
struct HintsRefused {
  Time at{};  ///< Of the change that it follows from.
  ServiceIndex service = kNoIndex;
  HintRefusal why = HintRefusal::None;
  std::size_t endpoints = 0;  ///< That are ready.
  std::size_t zones = 0;      ///< With CPU.
};

/// All of them, by what is known of a run before it: the events of pods, and how long slices wait for more of them. The
/// first of each Service alone.
/// @param batch  From the first change to the slices that have it and all that come meanwhile.
std::vector<HintsRefused> hint_refusals(const Cluster& cluster, bool terminating_serve, Duration batch);

}  // namespace knetsim
