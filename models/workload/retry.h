#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "sim/core/random.h"
#include "sim/core/time.h"

namespace knetsim {

/// The pause before an attempt that repeats another: grows by `factor` up to `max`, a part of it random.
struct RetryBackoff {
  Duration base{};  ///< Before the first retry; zero: all at once.
  double factor = 2;
  std::optional<Duration> max{};  ///< Ten times the base where nothing is said.
  double jitter = 1;              ///< The random part: 1 draws from zero to the whole, 0 always takes the whole.
};

/// How many retries a client may add to its requests, as Finagle's and Linkerd's budgets bound it: in the last `ttl` at
/// most `ratio` for each request, and `per_second` beside.
/// @source twitter/finagle finagle-core service/RetryBudget.scala; linkerd2-proxy's retry budgets.
struct RetryBudget {
  double ratio = 0.2;
  double per_second = 10;
  Duration ttl = std::chrono::seconds(10);
};

/// What a caller does when an attempt has not been answered in time. A refusal and an error answer end a request, but
/// where failures are retried too.
struct RetryPolicy {
  std::uint32_t attempts = 0;  ///< After the first.
  bool failures = false;       ///< A connection that cannot be made, or that is reset, is retried at once.
  RetryBackoff backoff{};
  std::optional<RetryBudget> budget{};
  bool same_work = false;  ///< Each attempt makes its server work as long as the first, instead of by a new draw.
};

/// @param retry  1 for the first.
/// @param draw   Of that retry of that request.
Duration pause_before(std::uint32_t retry, const RetryBackoff& backoff, RngStream draw);

/// What is left of clients' budgets. Time goes in tenths of a `ttl`, as Finagle's does: what lies longer back is
/// forgotten a tenth at a time.
class RetryBudgets {
 public:
  /// A client began a request.
  void asked(std::uint64_t client, const RetryBudget& budget, Time now) { ++at(client, budget, now).now().asked; }
  /// A client wants to repeat one. @return  False where its budget does not allow it.
  bool take(std::uint64_t client, const RetryBudget& budget, Time now);

 private:
  static constexpr std::int64_t kSlots = 10;
  struct Slot {
    std::uint32_t asked = 0;
    std::uint32_t retried = 0;
  };
  struct Window {
    std::int64_t slot = 0;  ///< Since the start of the run.
    std::array<Slot, kSlots> slots{};
    Slot& now() { return slots[static_cast<std::size_t>(slot % kSlots)]; }
  };
  Window& at(std::uint64_t client, const RetryBudget& budget, Time now);

  std::unordered_map<std::uint64_t, Window> windows_;  // looked up, never iterated
};

}  // namespace knetsim
