#include "models/workload/retry.h"

#include <algorithm>

namespace knetsim {

Duration pause_before(std::uint32_t retry, const RetryBackoff& backoff, RngStream draw) {
  if (backoff.base <= Duration{}) return {};
  const double max = to_seconds(backoff.max.value_or(10 * backoff.base));
  double pause = to_seconds(backoff.base);
  for (std::uint32_t i = 1; i < retry && pause < max; ++i) pause *= backoff.factor;
  pause = std::min(pause, max);
  return from_seconds(pause * (1 - backoff.jitter * draw.uniform()));
}

RetryBudgets::Window& RetryBudgets::at(std::uint64_t client, const RetryBudget& budget, Time now) {
  Window& window = windows_[client];
  const std::int64_t slot = now.time_since_epoch() / std::max(Duration(1), budget.ttl / kSlots);
  if (slot - window.slot >= kSlots) {
    window.slots.fill({});
    window.slot = slot;
  }
  while (window.slot < slot) {
    ++window.slot;
    window.now() = {};
  }
  return window;
}

bool RetryBudgets::take(std::uint64_t client, const RetryBudget& budget, Time now) {
  Window& window = at(client, budget, now);
  double balance = budget.per_second * to_seconds(budget.ttl);
  for (const Slot& slot : window.slots) balance += budget.ratio * slot.asked - slot.retried;
  if (balance < 1) return false;
  ++window.now().retried;
  return true;
}

}  // namespace knetsim
