#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "analysis/results/results.h"
#include "app/experiment/result_axes.h"
#include "app/experiment/simulation.h"

namespace knetsim {

/// Quantiles that a results file holds beside the histograms.
inline constexpr double kResultQuantiles[] = {0.5, 0.9, 0.95, 0.99, 0.999};

/// Turns what a point found into a record: the tables of a results file with one run. Records of one recorder have the
/// same axes, so that they merge by append_runs(). It only reads, from any thread.
class RunRecorder {
 public:
  /// @param variants     Outlive the recorder.
  /// @param calls_in_full  Names of calls whose histograms are kept, beside those of workloads; an objective may ask.
  explicit RunRecorder(const std::vector<BoundVariant>& variants, std::set<std::string> calls_in_full = {});

  ExperimentResults record(std::size_t variant, std::uint32_t replicate, const PointResult& point) const;
  /// Of a point that gave nothing. @param error  Why it failed; empty where it was stopped.
  ExperimentResults record_of_none(std::size_t variant, std::uint32_t replicate, RunStatus status,
                                   const std::string& error) const;

 private:
  ExperimentResults empty() const;

  const std::vector<BoundVariant>& variants_;
  ResultAxes axes_;
  std::set<std::string> calls_in_full_;
  bool same_window_ = true;  ///< Intervals of the series are the same for all runs; else there is none.
};

}  // namespace knetsim
