#pragma once

namespace knetsim::lab {

/// How long single operations of one kind take: a lognormal around the median, which is the steps' own noise, and what
/// else the machine does meanwhile, a Poisson number of interruptions that last as another lognormal says.
struct OperationSpread {
  double median_ns = 0;           ///< Without interruptions.
  double sigma = 0;               ///< Of the logarithm, without interruptions.
  double interruptions = 0;       ///< Expected in one operation.
  double interruption_ns = 0;     ///< Median of one.
  double interruption_sigma = 0;  ///< Of its logarithm.

  /// Share of operations that take longer than `ns`. As the engine has it (sim/net/interruptions.h), several
  /// interruptions of one operation are equally long. Departure: beside an interruption, which is much longer, the
  /// steps' own noise is left out.
  double above(double ns) const;
  /// The value that a share `q` of operations stays below, 0 < q < 1.
  double quantile(double q) const;
};

}  // namespace knetsim::lab
