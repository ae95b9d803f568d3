#include "sim/output/metric_state.h"

#include <algorithm>
#include <limits>

namespace knetsim {

void MetricState::resize(std::size_t cells) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  n.resize(cells, 0);
  sum.resize(cells, 0);
  sum_sq.resize(cells, 0);
  min.resize(cells, kNone);
  max.resize(cells, kNone);
}

void MetricState::add(std::size_t cell, double value) {
  min[cell] = n[cell] == 0 ? value : std::min(min[cell], value);
  max[cell] = n[cell] == 0 ? value : std::max(max[cell], value);
  ++n[cell];
  sum[cell] += value;
  sum_sq[cell] += value * value;
}

double MetricState::mean(std::size_t cell) const {
  return n[cell] == 0 ? std::numeric_limits<double>::quiet_NaN() : sum[cell] / static_cast<double>(n[cell]);
}

}  // namespace knetsim
