#pragma once

#include <cstdint>

namespace knetsim {

/// Whether so many observations have a q quantile that is worth a figure: at least one of them lies beyond it. With
/// fewer than 1 / (1 - q) its nearest rank is that of the greatest, which is no percentile but a maximum. The screen
/// shows "-" there, and JSON null.
inline bool has_quantile(std::uint64_t count, double q) {
  constexpr double kRounding = 1e-9;  // 10 x (1 - 0.9) is less than 1
  return q <= 0.5 ? count > 0 : static_cast<double>(count) * (1 - q) >= 1 - kRounding;
}

}  // namespace knetsim
