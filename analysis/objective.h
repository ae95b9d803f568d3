#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/sample.h"
#include "sim/core/statistics.h"

namespace knetsim {

/// What replicates tell of an objective. The interval of 95 % lies on the good side of the bound, on the bad side, or on
/// both.
enum class Holds : std::uint8_t { Met, Missed, CannotTell };

struct ObjectiveOutcome {
  enum class Note : std::uint8_t {
    None,
    NothingObserved,  ///< Missed: an objective about what did not happen does not hold.
    Infinite,         ///< What failed reaches the figure.
    LowerBound,       ///< `observed` at least: what did not end reaches the figure.
  };
  Holds holds = Holds::Missed;
  Note note = Note::NothingObserved;
  double observed = 0;  ///< Nanoseconds, a share, or a rate per second; of all replicates together.
  Bounds interval;      ///< Of `observed`, 95 %.
};

struct Limit {
  double value = 0;  ///< Unit of `observed`.
  bool or_equal = false;
};

/// Requests, or what came of them, in one replicate or in one part of the only one.
struct Tally {
  double events = 0;
  double of = 0;
};

/// A share with its confidence interval from replicates whose events may come in bursts: the exact binomial interval of
/// the effective sample, which the replicates' spread gives, lowered for how badly so few replicates know it.
/// @param least_effect  Of the design at least; what is known where nothing happened in any replicate.
/// @source Korn and Graubard, Survey Methodology 24(2), 1998.
Bounds share_interval(std::span<const Tally> replicates, double confidence, double least_effect = 1);

/// A quantile below its limit: the share of requests that are as late as the limit lies below 1 - q. Failed ones are
/// late, and so are unfinished ones whose age has reached the limit; of the others nobody knows, which tells against
/// both outcomes.
/// @param replicates  Of one, the parts tell how far observations are independent (design_effect()).
ObjectiveOutcome quantile_below(std::span<const Sample> replicates, double q, const Limit& limit);

/// A mean below its limit, by Student's t over replicates, or over the parts of the only one. A failed request makes it
/// infinite; an unfinished one takes at least its age.
ObjectiveOutcome mean_below(std::span<const Sample> replicates, const Limit& limit);

/// All of the requests that were simulated below the limit. It has no interval: it speaks of these alone.
ObjectiveOutcome maximum_below(std::span<const Sample> replicates, const Limit& limit);

/// A share below its limit. @param certain  Events for sure (failures) ... @param possible  ... and with what is unknown.
ObjectiveOutcome share_below(std::span<const Tally> certain, std::span<const Tally> possible, const Limit& limit);

/// A rate above its limit, by Student's t over replicates, or over the parts of the only one.
ObjectiveOutcome rate_above(std::span<const double> per_second, const Limit& limit);

}  // namespace knetsim
