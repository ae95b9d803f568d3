#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/time.h"

namespace knetsim {

/// How the client pods of an edge use connections.
struct ConnectionPolicy {
  std::uint32_t requests = 1;              ///< Of each; 0: one is kept for ever.
  std::uint32_t limit = 0;                 ///< Of one client at a time, busy and idle ones; 0: none.
  std::optional<Duration> idle_timeout{};  ///< One that nobody has used for so long is closed.

  /// Whether any is ever used again, or counted.
  bool pooled() const { return requests != 1 || limit != 0; }
};

}  // namespace knetsim
