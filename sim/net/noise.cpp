#include "sim/net/noise.h"

#include <stdexcept>

#include "sim/core/math.h"

namespace knetsim {

NoiseShape::NoiseShape(double sigma) : sigma_(sigma) {
  if (!(sigma >= 0 && sigma <= 3)) {
    throw std::invalid_argument("a shape's sigma is between 0 and 3");
  }
  mean_ = math::exp(sigma * sigma / 2);
  at_.fill(1);
  for (std::uint32_t cell = 1; cell < kCells; ++cell) {
    at_[cell] = math::exp(sigma * math::normal_quantile(static_cast<double>(cell) / kCells));
  }
}

double NoiseShape::tail(std::uint32_t word) const {
  // Midpoint of the word's own cell of 2^-32: never 0 or 1.
  return math::exp(sigma_ * math::normal_quantile((static_cast<double>(word) + 0.5) * 0x1p-32));
}

}  // namespace knetsim
