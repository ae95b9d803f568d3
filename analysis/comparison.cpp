#include "analysis/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/effective_sample.h"
#include "analysis/pooled_quantile.h"
#include "analysis/spread.h"

namespace knetsim {
namespace {

enum class Wanted : std::uint8_t { Less, More };

ComparisonVerdict by(const Bounds& interval, Wanted wanted) {
  if (interval.low <= 0 && interval.high >= 0) return ComparisonVerdict::CannotTell;
  return (interval.high < 0) == (wanted == Wanted::Less) ? ComparisonVerdict::Better : ComparisonVerdict::Worse;
}

bool are_equal(const Histogram& a, const Histogram& b) {
  if (a.count() != b.count() || a.sum() != b.sum() || a.sum_of_squares() != b.sum_of_squares()) return false;
  std::vector<std::pair<std::int64_t, std::uint64_t>> buckets;
  a.for_each([&](std::int64_t lower, std::int64_t, std::uint64_t count) { buckets.emplace_back(lower, count); });
  std::size_t i = 0;
  bool equal = true;
  b.for_each([&](std::int64_t lower, std::int64_t, std::uint64_t count) {
    equal = equal && i < buckets.size() && buckets[i] == std::pair(lower, count);
    ++i;
  });
  return equal && i == buckets.size();
}

bool are_equal(std::span<const Sample> a, std::span<const Sample> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Sample& one, const Sample& two) {
    return one.failed == two.failed && are_equal(one.ages, two.ages) && are_equal(one.ns, two.ns);
  });
}

/// Requests that did not succeed, over all replicates.
struct Losses {
  double lost = 0;
  double asked = 0;
  explicit Losses(std::span<const Asked> replicates) {
    for (const Asked& one : replicates) {
      lost += static_cast<double>(one.asked - one.ok);
      asked += static_cast<double>(one.asked);
    }
  }
  double share() const { return asked == 0 ? 0 : lost / asked; }
  double variance() const { return asked == 0 ? 0 : share() * (1 - share()) / asked; }
};

/// So many failures or more in `other`, given how many there were in both, are less likely than 2.5 %. Failures come in
/// bursts, so this is no proof that it is worse; but "better" it is not.
/// @source Przyborowski and Wilenski, Biometrika 31, 1940: the conditional test of two Poisson rates.
bool fails_more_by_count(const Losses& base, const Losses& other) {
  return binomial_at_least(other.lost, base.lost + other.lost, other.asked / (base.asked + other.asked)) <
         (1 - kConfidence) / 2;
}

/// What Infinite says once the availability is judged.
ComparisonVerdict by_availability(const Comparison& latency, const Comparison& availability) {
  if (std::isnan(latency.change)) return ComparisonVerdict::NotCompared;
  const ComparisonVerdict wanted = latency.change > 0 ? ComparisonVerdict::Worse : ComparisonVerdict::Better;
  return availability.verdict == wanted ? wanted : ComparisonVerdict::CannotTell;
}

}  // namespace

Comparison compare_quantile(std::span<const Sample> base, std::span<const Sample> other, double q) {
  using Kind = PooledQuantile::Kind;
  Comparison result;
  const PooledQuantile a = pooled_quantile(base, q);
  const PooledQuantile b = pooled_quantile(other, q);
  if (a.kind == Kind::None || b.kind == Kind::None) return result;
  if (a.kind == Kind::LowerBound || b.kind == Kind::LowerBound) {
    result.reason = VerdictReason::LowerBound;
    return result;
  }
  if (a.kind == Kind::Infinite || b.kind == Kind::Infinite) {
    result.reason = VerdictReason::Infinite;
    const double infinity = std::numeric_limits<double>::infinity();
    result.change = a.kind == b.kind           ? std::numeric_limits<double>::quiet_NaN()
                    : a.kind == Kind::Infinite ? -1
                                               : infinity;
    return result;
  }
  if (are_equal(base, other)) {
    result = {.reason = VerdictReason::None,
              .verdict = ComparisonVerdict::Same,
              .alone = ComparisonVerdict::Same,
              .interval = {}};
    return result;
  }
  if (!(a.ns > 0) || !(b.ns > 0)) return result;
  const double log_ratio = std::log(b.ns / a.ns);
  result.change = b.ns / a.ns - 1;
  result.effective = std::min(effective_beyond(base, q), effective_beyond(other, q));
  if (a.influence.size() < 2 || a.influence.size() != b.influence.size()) {
    result.reason = VerdictReason::OneReplicate;
    return result;
  }
  std::vector<double> influence = b.influence;
  for (std::size_t i = 0; i < influence.size(); ++i) {
    influence[i] = std::isinf(influence[i]) || std::isinf(a.influence[i]) ? std::numeric_limits<double>::infinity()
                                                                          : influence[i] - a.influence[i];
  }
  const Spread spread = spread_of(influence);
  const Bounds interval = student_interval(log_ratio, spread, kConfidence);
  result.interval = {std::expm1(interval.low), std::expm1(interval.high)};
  if (std::isinf(spread.standard_error)) {
    result.reason = VerdictReason::Unbounded;
    result.verdict = ComparisonVerdict::CannotTell;
  } else if (result.effective < kEnoughBeyond) {
    result.reason = VerdictReason::TooShort;
    result.verdict = ComparisonVerdict::CannotTell;
  } else {
    result.reason = VerdictReason::None;
    result.p = student_p(log_ratio, spread);
    result.alone = by(interval, Wanted::Less);
  }
  return result;
}

Comparison compare_availability(std::span<const Asked> base, std::span<const Asked> other) {
  Comparison result;
  const Losses a(base), b(other);
  if (a.asked == 0 || b.asked == 0) return result;
  result.change = a.share() - b.share();
  result.effective = std::min(a.asked, b.asked);
  result.fails_more = fails_more_by_count(a, b);
  if (a.lost == 0 && b.lost == 0) {
    result.reason = VerdictReason::None;
    result.verdict = result.alone = ComparisonVerdict::Same;
    return result;
  }
  if (base.size() < 2 || base.size() != other.size()) {
    result.reason = VerdictReason::OneReplicate;
    return result;
  }
  const auto n = static_cast<double>(base.size());
  std::vector<double> influence;
  const auto off = [&](const Asked& one, const Losses& all) {
    return (static_cast<double>(one.asked - one.ok) - all.share() * static_cast<double>(one.asked)) / (all.asked / n);
  };
  for (std::size_t i = 0; i < base.size(); ++i) influence.push_back(off(base[i], a) - off(other[i], b));
  Spread spread = spread_of(influence);
  spread.standard_error = std::max(spread.standard_error, std::sqrt(a.variance() + b.variance()));
  result.interval = student_interval(result.change, spread, kConfidence);
  result.reason = VerdictReason::None;
  result.p = student_p(result.change, spread);
  result.alone = by(result.interval, Wanted::More);
  result.fails_more = result.fails_more || result.alone == ComparisonVerdict::Worse;
  return result;
}

void judge(std::span<VariantComparison> all) {
  std::vector<Comparison*> judged;
  std::vector<double> p;
  for (VariantComparison& variant : all) {
    for (Comparison* one : {&variant.connect_p99, &variant.request_p99, &variant.availability}) {
      if (!one->is_judged()) continue;
      judged.push_back(one);
      p.push_back(one->p);
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < judged.size(); ++i) {
    Comparison& one = *judged[i];
    one.p_adjusted = adjusted[i];
    one.verdict = adjusted[i] < 1 - kConfidence ? one.alone : ComparisonVerdict::CannotTell;
    if (one.verdict != one.alone) one.reason = VerdictReason::SeveralJudged;
  }
  for (VariantComparison& variant : all) {
    for (Comparison* one : {&variant.connect_p99, &variant.request_p99}) {
      if (one->reason == VerdictReason::Infinite) one->verdict = by_availability(*one, variant.availability);
      if (one->verdict == ComparisonVerdict::Better && variant.availability.fails_more)
        one->verdict = ComparisonVerdict::NotBetter;
    }
  }
}

std::size_t count_judged(std::span<const VariantComparison> all) {
  std::size_t count = 0;
  for (const VariantComparison& one : all) {
    for (const Comparison* part : {&one.connect_p99, &one.request_p99, &one.availability}) {
      count += part->is_judged() ? 1U : 0U;
    }
  }
  return count;
}

}  // namespace knetsim
