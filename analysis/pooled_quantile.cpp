#include "analysis/pooled_quantile.h"

#include <algorithm>
#include <cmath>

namespace knetsim {
namespace {

/// A point in a histogram: so far up the bucket that begins at `lower`. Observations are taken to lie evenly in it.
struct Place {
  std::int64_t lower = 0;
  double up = 0;
  double ns = kInfinity;  ///< Held between the histogram's least and greatest.
};

/// All replicates' observations together, from the latest down.
class Together {
 public:
  explicit Together(std::span<const Sample> replicates) {
    for (const Sample& sample : replicates) {
      all_.merge(sample.ns);
      failed_ += static_cast<double>(sample.failed);
      unfinished_ += static_cast<double>(sample.unfinished());
    }
    all_.for_each([&](std::int64_t lower, std::int64_t upper, std::uint64_t count) {
      buckets_.push_back({lower, upper, static_cast<double>(count), 0});
    });
    double later = failed_ + unfinished_;
    for (std::size_t i = buckets_.size(); i-- > 0;) {
      buckets_[i].later = later;
      later += buckets_[i].count;
    }
    total_ = later;
  }

  double total() const { return total_; }
  double failed() const { return failed_; }
  double without_time() const { return failed_ + unfinished_; }

  /// Where `count` observations are later.
  Place where_later(double count) const {
    if (count < without_time() || buckets_.empty()) return {};
    // The first bucket from below above which no more than `count` lie.
    const auto found = std::lower_bound(buckets_.begin(), buckets_.end(), count,
                                        [](const Bucket& bucket, double wanted) { return bucket.later > wanted; });
    const Bucket& in = *found;
    const double up = std::clamp(1 - (count - in.later) / in.count, 0.0, 1.0);
    const double ns = static_cast<double>(in.lower) + up * static_cast<double>(in.upper - in.lower);
    return {in.lower, up, std::clamp(ns, static_cast<double>(all_.min()), static_cast<double>(all_.max()))};
  }

 private:
  struct Bucket {
    std::int64_t lower = 0;
    std::int64_t upper = 0;
    double count = 0;
    double later = 0;  ///< Observations above this bucket.
  };
  Histogram all_;
  std::vector<Bucket> buckets_;
  double failed_ = 0;
  double unfinished_ = 0;
  double total_ = 0;
};

double later_than(const Sample& sample, const Place& place) {
  double later = static_cast<double>(sample.failed + sample.unfinished());
  sample.ns.for_each([&](std::int64_t lower, std::int64_t, std::uint64_t count) {
    if (lower > place.lower) later += static_cast<double>(count);
    if (lower == place.lower) later += static_cast<double>(count) * (1 - place.up);
  });
  return later;
}

/// What each replicate adds to the error of the share of observations that are later than `place`.
std::vector<double> share_influence(std::span<const Sample> replicates, const Place& place, double share,
                                    double mean_size) {
  std::vector<double> influence;
  for (const Sample& sample : replicates) {
    influence.push_back((later_than(sample, place) - share * static_cast<double>(sample.size())) / mean_size);
  }
  return influence;
}

/// What the observation behind which `later` others lie takes at least: as if all that had not ended ended then.
double lower_bound_ns(std::span<const Sample> replicates, double later) {
  std::vector<Sample> ended(replicates.begin(), replicates.end());
  for (Sample& sample : ended) {
    sample.ns.merge(sample.ages);
    sample.ages = {};
  }
  return Together(ended).where_later(later).ns;
}

}  // namespace

PooledQuantile pooled_quantile(std::span<const Sample> replicates, double q) {
  const Together pool(replicates);
  PooledQuantile result;
  result.interval_ns = {0, kInfinity};
  if (pool.total() == 0) return result;
  const double share = 1 - q;
  const double later = share * pool.total();
  const Place place = pool.where_later(later);
  if (std::isinf(place.ns)) {
    result.kind = later < pool.failed() ? PooledQuantile::Kind::Infinite : PooledQuantile::Kind::LowerBound;
    if (result.kind == PooledQuantile::Kind::LowerBound) result.ns = lower_bound_ns(replicates, later);
    return result;
  }
  result.kind = PooledQuantile::Kind::Finite;
  result.ns = place.ns;
  const auto n = static_cast<double>(replicates.size());
  result.influence = share_influence(replicates, place, share, pool.total() / n);
  if (replicates.size() < 2) return result;
  // The slope is that of the chord over the share's own interval, short of 0 and 1.
  const Spread spread = spread_of(result.influence);
  const double reach = student_t_quantile(0.975, spread.degrees) * spread.standard_error;
  const double half = std::min({reach, 0.9 * share, 0.9 * (1 - share)});
  const double above = pool.where_later((share - half) * pool.total()).ns;
  const double below = pool.where_later((share + half) * pool.total()).ns;
  result.interval_ns = {reach > half && share > 0.5 ? 0 : below, reach > half && share <= 0.5 ? kInfinity : above};
  const double slope = half > 0 && above > below ? std::log(above / below) / (2 * half) : 0;
  for (double& one : result.influence) one = std::isinf(slope) ? kInfinity : one * slope;
  return result;
}

}  // namespace knetsim
