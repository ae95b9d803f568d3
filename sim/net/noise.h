#pragma once

#include <array>
#include <cstdint>

#include "sim/core/random.h"

namespace knetsim {

/// How a cost varies from visit to visit: a lognormal factor of median 1. Drawn by the inverse of its distribution,
/// tabulated: one 32-bit word a draw, linear inside 1,022 of 1,024 equal cells, exact in the two outermost ones, where
/// the tail is.
class NoiseShape {
 public:
  /// @param sigma  Standard deviation of the logarithm, 0 .. 3. 0: always 1, though a number is drawn all the same.
  /// @throws std::invalid_argument  Out of range.
  explicit NoiseShape(double sigma);

  double sigma() const { return sigma_; }
  /// exp(sigma^2 / 2): what a cost's median has to be multiplied by to get its mean.
  double mean() const { return mean_; }

  double factor(RngStream& stream) const {
    const std::uint32_t word = stream.next_u32();
    const std::uint32_t cell = word >> 22;
    if (cell == 0 || cell == kCells - 1) [[unlikely]] {
      return tail(word);
    }
    const double within = static_cast<double>(word & 0x3fffff) * 0x1p-22;
    return at_[cell] + (at_[cell + 1] - at_[cell]) * within;
  }

 private:
  static constexpr std::uint32_t kCells = 1024;
  double tail(std::uint32_t word) const;

  double sigma_ = 0;
  double mean_ = 1;
  std::array<double, kCells + 1> at_{};  // the quantile at cell / kCells; the outermost two are unused
};

}  // namespace knetsim
