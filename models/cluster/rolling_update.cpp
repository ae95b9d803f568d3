#include "models/cluster/rolling_update.h"

#include <algorithm>

namespace knetsim {
namespace {

/// Of so many wanted pods; shares of surge are rounded up, of unavailability down.
std::int64_t amount_of(const PodAmount& amount, std::int64_t wanted, bool up) {
  return amount.percent ? (std::int64_t{amount.value} * wanted + (up ? 99 : 0)) / 100 : amount.value;
}

}  // namespace

RollingStep rolling_step(const RolloutStrategy& strategy, const RollingCounts& counts) {
  const std::int64_t surge = amount_of(strategy.max_surge, counts.wanted, true);
  std::int64_t unavailable = amount_of(strategy.max_unavailable, counts.wanted, false);
  if (surge == 0 && unavailable == 0) unavailable = 1;
  const std::int64_t have = counts.fresh + counts.old_available + counts.old_unavailable;
  const std::int64_t least = counts.wanted - unavailable;
  RollingStep step;
  step.create = std::max<std::int64_t>(0, std::min(counts.wanted + surge - have, counts.wanted - counts.fresh));
  // New pods that are not available yet are no reason to take old ones away.
  const std::int64_t fresh_unavailable = counts.fresh + step.create - counts.fresh_available;
  const std::int64_t most = std::max<std::int64_t>(0, have + step.create - least - fresh_unavailable);
  step.remove_unavailable = std::min(most, counts.old_unavailable);
  const std::int64_t spare = counts.fresh_available + counts.old_available - least;
  step.remove_available =
      std::clamp<std::int64_t>(std::min(spare, most - step.remove_unavailable), 0, counts.old_available);
  return step;
}

}  // namespace knetsim
