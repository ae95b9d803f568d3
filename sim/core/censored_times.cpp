#include "sim/core/censored_times.h"

#include <cmath>

namespace knetsim {

CensoredValue CensoredTimes::quantile(double q) const {
  if (count() == 0) {
    return {};
  }
  const std::uint64_t rank = Histogram::nearest_rank(q, count());
  if (rank > known_.count()) {
    return {.kind = CensoredValue::Kind::Infinite};
  }
  const std::int64_t least = known_.at_rank(rank);
  if (rank <= ended_.count()) {
    const std::int64_t most = ended_.at_rank(rank);
    if (Histogram::index_of(most) == Histogram::index_of(least)) {
      return {.kind = CensoredValue::Kind::Exact, .value = most};
    }
  }
  return {.kind = CensoredValue::Kind::AtLeast, .value = least};
}

CensoredValue CensoredTimes::mean() const { return of_all(std::llround(known_.mean())); }

CensoredValue CensoredTimes::max() const { return of_all(known_.max()); }

CensoredValue CensoredTimes::of_all(std::int64_t value) const {
  if (failed_ > 0) {
    return {.kind = CensoredValue::Kind::Infinite};
  }
  if (known_.empty()) {
    return {};
  }
  const bool all_ended = known_.count() == ended_.count();
  return {.kind = all_ended ? CensoredValue::Kind::Exact : CensoredValue::Kind::AtLeast, .value = value};
}

}  // namespace knetsim
