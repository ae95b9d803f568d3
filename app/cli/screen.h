#pragma once

#include <string>
#include <vector>

#include "app/experiment/experiment.h"
#include "app/scenario/slo.h"

namespace knetsim {

struct ScreenInfo {
  std::string manifests_line;          ///< "read 14 manifests, 23 pods placed; not used: 11 ServiceAccount"
  std::string costs_line;              ///< "profiles/default.yaml (...); 4 assumptions"
  std::vector<std::vector<Slo>> slos;  ///< By variant.
  bool timing = true;                  ///< With the last line's wall time, which differs from run to run.
};

/// The summary at the end of a run: a table a workload, paired differences, where the time goes, what to do next. Each
/// row's percentiles are those of all replicates' requests together. At most 110 columns where names are short.
std::string summary_screen(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome,
                           const ScreenInfo& info);

}  // namespace knetsim
