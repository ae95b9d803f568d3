#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/time.h"

namespace knetsim {

/// How the client pods of an edge use connections.
struct ConnectionPolicy {
  std::uint32_t requests = 1;              ///< Of each; 0: one is kept for ever.
  std::uint32_t streams = 1;               ///< Requests at a time on each; more than one as HTTP/2 has them.
  std::uint32_t limit = 0;                 ///< Of one client at a time, busy and idle ones; 0: none.
  std::optional<Duration> idle_timeout{};  ///< One that nobody has used for so long is closed.
  /// One that is older is closed when its request has ended, or before its next one: each draws its own age, within a tenth
  /// of this, so that connections that were opened together do not end together.
  /// @source gRPC proposal A9, server-side connection management: MAX_CONNECTION_AGE and its jitter of a tenth.
  std::optional<Duration> max_age{};

  /// Whether several requests are on one at a time. @pre `requests` is not 1 then.
  bool shared() const { return streams > 1; }
  /// Whether any is ever used again, or counted.
  bool pooled() const { return requests != 1 || limit != 0; }
};

}  // namespace knetsim
