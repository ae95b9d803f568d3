#pragma once

#include <string>
#include <vector>

#include "analysis/recorded.h"
#include "app/cli/verdict_lines.h"
#include "app/scenario/bound_variant.h"

namespace knetsim {

/// What the summary says beside the results.
struct ScreenInfo {
  std::string manifests_line;  ///< "read 14 manifests, 23 pods placed; not used: 11 ServiceAccount"
  std::string costs_line;      ///< "profiles/default.yaml (...); 4 assumptions"
  std::vector<JudgedSlo> slos;
  double wall_s = 0;  ///< Of the last line; 0: without it, since it differs from run to run.
};

/// The summary at the end of a run: a table a workload, paired differences, where the time goes, what to do next. Each
/// row's percentiles are those of all replicates' requests together. At most 110 columns where names are short.
/// @param variants  As they were run, for what the results do not hold: the cluster and what is asked of it.
std::string summary_screen(const std::vector<BoundVariant>& variants, const Recorded& recorded, const ScreenInfo& info);

}  // namespace knetsim
