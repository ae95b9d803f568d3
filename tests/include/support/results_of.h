#pragma once

#include <cstdint>
#include <vector>

#include "app/experiment/experiment.h"
#include "app/experiment/run_record.h"

namespace knetsim {

/// Points as their results, in order. @param points  Shape (variants, replicates).
inline ExperimentResults results_of(const std::vector<BoundVariant>& variants,
                                    const std::vector<std::vector<PointResult>>& points,
                                    const std::set<std::string>& calls_in_full = {}) {
  const RunRecorder recorder(variants, calls_in_full);
  RunCollector collector;
  std::size_t position = 0;
  for (std::size_t v = 0; v < points.size(); ++v) {
    for (std::size_t replicate = 0; replicate < points[v].size(); ++replicate) {
      collector.take(position++, recorder.record(v, static_cast<std::uint32_t>(replicate), points[v][replicate]));
    }
  }
  return collector.whole();
}

}  // namespace knetsim
