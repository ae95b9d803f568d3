#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "models/workload/indices.h"
#include "sim/core/distributions.h"

namespace knetsim {

/// A call that the caller makes before it goes on, as a look-up of the server's name is. Where it fails so does the
/// attempt.
struct Resolve {
  EdgeIndex lookup = 0;
};

/// A connection: an idle one of the caller's pool, or a new one by connect(); waits where the pool's limit is reached.
struct Acquire {};

/// Rounds of messages on a connection that was opened just now, before its first request. The server's process answers
/// them by itself: they take CPU time of its group and no worker of the application.
struct Handshake {
  std::uint32_t rounds = 1;
  Distribution client_bytes{};  ///< Of each round; likewise
  Distribution server_bytes{};
  std::optional<Distribution> server_work_seconds{};  ///< CPU time before its answer ...
  std::optional<Distribution> client_work_seconds{};  ///< ... and the caller's on it.
};

/// A request and its answer.
struct Exchange {
  Distribution request_bytes{};
  Distribution response_bytes{};
  std::optional<Distribution> client_work_seconds{};  ///< CPU time that the caller spends on an answer.
};

/// Where this request was the last on its connection, the caller reads to the end that the server has sent with its
/// answer, and closes too, within its request. Without this step nobody waits for a connection's end.
struct Close {};

using CallerStep = std::variant<Resolve, Acquire, Handshake, Exchange, Close>;

/// What a caller does in one attempt, in this order: any number of Resolve, one Acquire, any number of Handshake, one
/// Exchange, at most one Close.
using CallerScript = std::vector<CallerStep>;

/// Whether the steps stand in that order.
bool is_well_formed(const CallerScript& script);

/// Without look-ups and handshakes.
CallerScript plain_script(Exchange exchange, bool awaits_close = false);

/// The script's exchange. @pre It is well formed; likewise
const Exchange& exchange_of(const CallerScript& script);
bool awaits_close(const CallerScript& script);

}  // namespace knetsim
