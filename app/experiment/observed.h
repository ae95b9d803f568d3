#pragma once

#include "analysis/comparison.h"
#include "analysis/sample.h"
#include "models/workload/recorder.h"

namespace knetsim {

// What a run recorded of a call, as statistics take it.

/// Adds the latencies of a call's requests; what failed is infinitely late.
void add_latencies(const EdgeStats& stats, Sample& sample);
/// Adds the times of connect().
void add_connects(const EdgeStats& stats, Sample& sample);

Sample latencies_of(const EdgeStats& stats);
Sample connects_of(const EdgeStats& stats);
Asked asked_of(const EdgeStats& stats);

}  // namespace knetsim
