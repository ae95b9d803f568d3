#include "models/control/config_updates.h"

#include <algorithm>

#include "sim/core/ensure.h"

namespace knetsim {

void ConfigUpdates::published(std::uint64_t version, Time at) {
  KNETSIM_ENSURE(version == heard_ + 1);
  heard_ = version;
  if (!updates_.empty() && at <= updates_.back().at) {  // that one is yet to come, and takes this along
    updates_.back().version = version;
    return;
  }
  const Time earliest = updates_.empty() ? at : updates_.back().at + policy_.min_interval;
  updates_.push_back({std::max(at, earliest), version});
}

std::uint64_t ConfigUpdates::known(Duration phase, Time now) const {
  Time looked = now;
  if (policy_.poll > Duration{}) {
    const Duration since = now - kTimeZero - phase;
    if (since < Duration{}) return 0;
    looked = kTimeZero + phase + policy_.poll * (since / policy_.poll);
  }
  const auto later = std::ranges::upper_bound(updates_, looked, {}, &Update::at);
  return later == updates_.begin() ? 0 : std::prev(later)->version;
}

}  // namespace knetsim
