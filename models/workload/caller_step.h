#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "models/workload/indices.h"
#include "models/workload/name_lookup.h"
#include "sim/core/distributions.h"

namespace knetsim {

/// 0 where there is no law.
inline double mean_of(const std::optional<Distribution>& law) { return law ? law->mean() : 0; }

// What a caller does is data: the runtime takes one step after the other (TrafficRuntime::take_step()). Each says how much
// CPU time its laws come to in the mean, for whoever reckons loads before a run. Scenarios write no Handshake so far.

/// A call that the caller makes before it goes on, as a look-up of the server's name is. Where it fails so does the
/// attempt.
struct Resolve {
  EdgeIndex lookup = 0;
  std::optional<Duration> kept_for{};  ///< The caller's process does not call again for so long; nothing: each time.

  double mean_work_seconds(bool /*new_connection*/) const { return 0; }  // of its own: the call is an edge of its own
};

/// A connection: an idle one of the caller's pool, or a new one by connect(); waits where the pool's limit is reached.
struct Acquire {
  double mean_work_seconds(bool /*new_connection*/) const { return 0; }
};

/// Which new connections a handshake is for: a client that has a session of its server resumes it.
enum class ForSessions : std::uint8_t { All, New, Resumed };

/// Rounds of messages on a connection that was opened just now, before its first request. The server's process answers
/// them by itself: they take CPU time of its group and no worker of the application.
struct Handshake {
  std::uint32_t rounds = 1;
  ForSessions sessions = ForSessions::All;
  Distribution client_bytes{};  ///< Of each round; likewise
  Distribution server_bytes{};
  std::optional<Distribution> server_work_seconds{};  ///< CPU time before its answer ...
  std::optional<Distribution> client_work_seconds{};  ///< ... and the caller's on it.

  double mean_work_seconds(bool new_connection) const {
    return new_connection && sessions != ForSessions::Resumed
               ? rounds * (mean_of(server_work_seconds) + mean_of(client_work_seconds))
               : 0;
  }
};

/// A request and its answer.
struct Exchange {
  Distribution request_bytes{};
  Distribution response_bytes{};
  bool relayed =
      false;  ///< The caller passes on what it was asked and answered: its own request's sizes are drawn again.
  std::optional<Distribution> client_work_seconds{};  ///< CPU time that the caller spends on an answer.

  double mean_work_seconds(bool /*new_connection*/) const { return mean_of(client_work_seconds); }
};

/// Where this request was the last on its connection, the caller reads to the end that the server has sent with its
/// answer, and closes too, within its request. Without this step nobody waits for a connection's end.
struct Close {
  double mean_work_seconds(bool /*new_connection*/) const { return 0; }
};

/// What a resolver asks for a name, question by question. It stands alone: the script of an edge that is the look-up, which
/// the scripts of others Resolve.
struct SearchNames {
  EdgeIndex questions = 0;  ///< The edge of each question.
  LookupIndex lookup = 0;

  double mean_work_seconds(bool /*new_connection*/) const { return 0; }
};

/// In the order in which a script has them.
using CallerStep = std::variant<Resolve, Acquire, Handshake, Exchange, Close, SearchNames>;

/// What a caller does in one attempt, in that order: one Acquire, one Exchange, at most one Close, any number of each other
/// step but SearchNames; or a SearchNames alone.
using CallerScript = std::vector<CallerStep>;

/// Whether the steps are so many, and in that order.
bool is_well_formed(const CallerScript& script);

/// Without look-ups and handshakes.
CallerScript plain_script(Exchange exchange, bool awaits_close = false);

/// The script with one step more, in its place: behind those of its kind.
CallerScript with_step(CallerScript script, CallerStep step);

/// CPU seconds that the laws of a script's own steps come to, in the mean.
/// @param new_connection  Of a request that opens its connection; what handshakes cost is left out else.
double mean_work_seconds(const CallerScript& script, bool new_connection);

/// Whether it is a look-up.
bool is_search(const CallerScript& script);
/// The script's exchange. @pre It is well formed and no look-up; likewise
const Exchange& exchange_of(const CallerScript& script);
bool awaits_close(const CallerScript& script);

}  // namespace knetsim
