#pragma once

#include "sim/core/math.h"
#include "sim/net/plan.h"

namespace knetsim {

/// What takes a core away while it works: a Poisson process over the time worked, each time for a lognormal span.
struct InterruptionLaw {
  KindIndex kind = 0;    ///< Under which the time lost is counted.
  double per_ps = 0;     ///< Rate over the time worked.
  double median_ps = 0;  ///< Of one.
  double sigma = 0;      ///< Standard deviation of the logarithm.

  /// Time lost during `work_ps` of work. One uniform number decides both how many interruptions come and, by its place
  /// among those that give this many, how long they are: a visit draws one number whatever happens, and a longer work
  /// with the same number never loses less. Departure: several in one visit are equally long.
  double drawn_ps(double work_ps, double uniform) const {
    constexpr int kMost = 64;  // beyond, Poisson's tail is lost in rounding
    const double expected = work_ps * per_ps;
    double mass = math::exp(-expected);
    double below = 0;
    int count = 0;
    while (uniform >= below + mass && count < kMost) {
      below += mass;
      ++count;
      mass *= expected / count;
    }
    if (count == 0) return 0;
    const double place = mass > 0 ? (uniform - below) / mass : 0.5;
    constexpr double kEdge = 1e-12;
    return count * median_ps *
           math::exp(sigma * math::normal_quantile(place < kEdge       ? kEdge
                                                   : place > 1 - kEdge ? 1 - kEdge
                                                                       : place));
  }
};

}  // namespace knetsim
