#pragma once

#include <cstdint>
#include <random>

namespace knetsim {

/// Numbers for random tests, the same everywhere.
class Draw {
 public:
  explicit Draw(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t bits() { return static_cast<std::uint32_t>(engine_()); }
  std::uint32_t below(std::uint32_t bound) { return bits() % bound; }

 private:
  std::mt19937 engine_;  // Its outputs are standardized, unlike those of <random>'s distributions.
};

}  // namespace knetsim
