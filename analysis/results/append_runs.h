#pragma once

#include "analysis/results/results.h"

namespace knetsim {

/// Gives every column the cells of one run more of which nothing is known: counts of 0, measures of NaN, empty texts and
/// ragged rows of no length. The axes of `results` have their names already; `variant` and `replicate` are of the run.
void add_empty_run(ExperimentResults& results, const std::string& variant, std::int64_t replicate);

/// Appends the runs of `more`: each column's cells follow as its axes say (Merge).
/// @pre  Both have the same names along every axis but `run`, as the records of one experiment have.
/// @throws InvariantError  They have not.
void append_runs(ExperimentResults& results, const ExperimentResults& more);

}  // namespace knetsim
