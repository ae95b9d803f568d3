#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace knetsim {

/// Mergeable state of a metric, a cell for each position along its table's axes: two of them add cell by cell. A table
/// describes it as `c.metric("latency", t.latency, "latency of calls")`, which is the columns latency_n, _sum, _sum_sq,
/// _min, _max and, derived, _mean.
struct MetricState {
  std::vector<std::int64_t> n;
  std::vector<double> sum;
  std::vector<double> sum_sq;
  std::vector<double> min;  ///< NaN where n is 0, max too.
  std::vector<double> max;

  /// Cells that are added have no observations; the others keep theirs.
  void resize(std::size_t cells);
  /// Adds one observation to a cell.
  void add(std::size_t cell, double value);
  /// sum / n, NaN where n is 0.
  double mean(std::size_t cell) const;
};

}  // namespace knetsim
