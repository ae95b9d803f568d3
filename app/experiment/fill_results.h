#pragma once

#include <string>
#include <vector>

#include "app/experiment/experiment.h"
#include "sim/output/results.h"

namespace knetsim {

/// Quantiles that a results file holds beside the histograms.
inline constexpr double kResultQuantiles[] = {0.5, 0.9, 0.95, 0.99, 0.999};

/// Mean time split of the requests around the quantile's latency: its band of 1/32 octave and the next ones as far as
/// needed to have some. `requests` is 0 when there are none.
SplitBand split_around(const SourceRecorder& source, Duration latency);

/// The outcome in the form of the results file; provenance is the caller's to fill in.
ExperimentResults fill_results(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome);

}  // namespace knetsim
