#pragma once

#include <string>

namespace knetsim {

/// Where a figure comes from.
struct FigureSource {
  std::string source;  ///< The measurement it is taken from or fitted to; for an assumption, what makes it plausible.
  bool assumption = false;  ///< Nobody measured it.
};

}  // namespace knetsim
