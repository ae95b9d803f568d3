#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/sample.h"
#include "analysis/spread.h"

namespace knetsim {

/// A quantile of the observations of all replicates together, and what each replicate has to do with it.
///
/// Not the mean of the replicates' own quantiles: a high percentile of a short run of a loaded queue lies below the
/// true one as a rule (few peaks fall into the run), and a mean keeps that bias however many replicates there are. In
/// the pooled quantile it falls with all observations. How the replicates spread is known by the share of each one's
/// observations that is later than the pooled quantile, and a share becomes a time by the slope of the pooled
/// distribution around it.
/// @source Pooling: "sectioning", Asmussen and Glynn, Stochastic Simulation, 2007, III.5a; Nakayama, ACM TOMACS 24(4),
/// 2014. Slope: Woodruff, JASA 47, 1952; Francisco and Fuller, Annals of Statistics 19, 1991.
struct PooledQuantile {
  enum class Kind : std::uint8_t {
    Finite,
    LowerBound,  ///< Its rank is one of the unfinished; `ns` is what it takes at least.
    Infinite,    ///< Its rank is one of the failed.
    None,        ///< Nothing was observed.
  };
  Kind kind = Kind::None;
  double ns = 0;
  /// What each replicate adds to the error of the natural logarithm of `ns`; the error is about their mean, and their
  /// sum is 0. Infinite where the quantile could as well be infinite.
  std::vector<double> influence;
  Bounds interval_ns;  ///< 95 %; of fewer than two replicates [0, infinity].
};

/// @param q  0 < q < 1.
PooledQuantile pooled_quantile(std::span<const Sample> replicates, double q);

}  // namespace knetsim
