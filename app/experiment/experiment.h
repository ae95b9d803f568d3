#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "app/experiment/simulation.h"

namespace knetsim {

/// How far an experiment has come.
struct Progress {
  std::size_t points_done = 0;
  std::size_t points = 0;
  double fraction = 0;  ///< Of all simulated time, points under way included.
  double simulated_s = 0;
  std::uint64_t events = 0;
  double wall_s = 0;
};

struct ExperimentOptions {
  std::uint32_t threads = 0;                         ///< 0: as many as this process may run on.
  std::function<void(const Progress&)> on_progress;  ///< Called from worker threads, one at a time.
  const std::atomic<bool>* stop = nullptr;           ///< Set: what is under way ends, nothing more begins.
};

/// All points of an experiment. Shape of `points`: (variants, replicates); a point that did not run has no edges.
struct ExperimentOutcome {
  std::vector<std::vector<PointResult>> points;
  bool stopped = false;
  double wall_s = 0;
};

/// Runs every variant with every replicate, replicate by replicate, on several threads. The results do not depend on
/// how many.
ExperimentOutcome run_experiment(const std::vector<BoundVariant>& variants, const ExperimentOptions& options);

}  // namespace knetsim
