#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/scenario/slo.h"
#include "app/scenario/variants.h"
#include "models/cluster/bind.h"
#include "sim/input/diagnostics.h"
#include "sim/input/input_file.h"

namespace knetsim {

struct LoadOptions {
  std::vector<std::string> sets;      ///< "path=value", in order.
  std::vector<std::string> variants;  ///< Names of those to keep; empty: all.
};

/// A scenario file read to the end: every variant bound to its own cluster, ready to run. Owns everything that they
/// refer to.
struct LoadedScenario {
  InputSet inputs;
  Diagnostics diagnostics;           ///< Notices; errors have been thrown.
  std::vector<Diagnostic> warnings;  ///< Those of them that bear on what the figures mean; each but once.
  std::vector<Variant> documents;    ///< The variants' documents; BoundVariant::scenario refers to them.
  std::vector<BoundVariant> variants;
  std::vector<std::vector<Slo>> slos;  ///< By variant.
  std::string path;
  std::string resolved;        ///< See resolved_scenario().
  std::string manifests_line;  ///< "read 14 manifests, 23 pods placed; not used: 11 ServiceAccount"
  ClusterSummary manifests;    ///< The same in numbers; of the first variant.
  std::string profile_path;
};

/// @throws ConfigError  With every mistake of the scenario, its manifests and its cost profile.
std::unique_ptr<LoadedScenario> load_scenario(const std::string& path, const LoadOptions& options);

}  // namespace knetsim
