#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/sample.h"
#include "sim/core/statistics.h"

namespace knetsim {

enum class ComparisonVerdict : std::uint8_t {
  Same,
  Better,
  Worse,
  NotBetter,  ///< Faster, but fewer requests succeed.
  CannotTell,
  NotCompared,
};

/// Why a verdict is what it is, where the interval alone does not say it.
enum class VerdictReason : std::uint8_t {
  None,
  OneReplicate,   ///< No interval.
  NothingToShow,  ///< One of the two observed nothing, or times of 0.
  LowerBound,     ///< Of one of the two only a lower bound is known.
  Infinite,       ///< Failures reach the percentile: the availabilities decide.
  Unbounded,      ///< Failures may reach the percentile.
  TooShort,       ///< The effective sample is below kEnoughBeyond.
  SeveralJudged,  ///< Significant alone, but not among all that is judged.
};

/// What one variant does to one quantity of one workload, against the base, on paired replicates.
struct Comparison {
  VerdictReason reason = VerdictReason::NothingToShow;
  ComparisonVerdict verdict = ComparisonVerdict::NotCompared;
  ComparisonVerdict alone = ComparisonVerdict::NotCompared;  ///< By the plain interval, as if nothing else were judged.
  double change = 0;      ///< other / base - 1; of availability other - base. Infinite where the other is; NaN if both.
  Bounds interval;        ///< Of `change`: 95 %, plain. Above -1 for a ratio.
  double p = 1;           ///< Of "no change".
  double p_adjusted = 1;  ///< By Holm's procedure over all that is judged.
  double effective = 0;   ///< The smaller effective_beyond() of the two; of availability the fewer requests.
  bool fails_more = false;  ///< Of availability: worse by its interval, or by the count of failures as such.

  /// It is one of those that Holm's procedure counts.
  bool is_judged() const {
    return alone == ComparisonVerdict::Better || alone == ComparisonVerdict::Worse ||
           alone == ComparisonVerdict::CannotTell;
  }
};

/// Requests of one replicate.
struct Asked {
  std::uint64_t asked = 0;
  std::uint64_t ok = 0;
};

/// One variant against the base.
struct VariantComparison {
  Comparison connect_p99;
  Comparison request_p99;
  Comparison availability;  ///< ok / asked; Same where nothing failed in either.
};

/// Compares a quantile of paired replicates: the logarithm of the ratio of the pooled quantiles, its interval by
/// Student's t over the replicates' influences on it. Less is better. The verdict waits for judge().
Comparison compare_quantile(std::span<const Sample> base, std::span<const Sample> other, double q);

/// Compares ok / asked of paired replicates. More is better. Its standard error is at least that of independent
/// requests, so that two replicates that happen to lose alike are no proof.
Comparison compare_availability(std::span<const Asked> base, std::span<const Asked> other);

/// Gives all verdicts of a screen together: better and worse by Holm's procedure at 5 %. Faster is "better" only where
/// the availability is not worse.
void judge(std::span<VariantComparison> all);

/// How many comparisons share Holm's procedure.
std::size_t count_judged(std::span<const VariantComparison> all);

}  // namespace knetsim
