#pragma once

#include <map>
#include <string>

#include "models/cluster/bind.h"
#include "sim/experiment/scenario.h"
#include "sim/experiment/tell_once.h"
#include "sim/input/input_file.h"

namespace knetsim {

struct LoadedCluster {
  Cluster cluster;
  ClusterSummary summary;
};

/// Reads the manifests of a scenario's variants and binds a cluster for each. Files are opened once for all variants
/// (standard input can be read only once), and what several variants have to say is told once.
class ClusterLoader {
 public:
  /// Both outlive what is loaded: marks point into the inputs.
  ClusterLoader(InputSet& inputs, Diagnostics& diagnostics) : inputs_(inputs), told_(diagnostics) {}

  /// @param scenario  One variant's. The result is usable only without errors.
  LoadedCluster load(const Scenario& scenario);

 private:
  Input& open(const std::string& path);

  InputSet& inputs_;
  std::map<std::string, Input*> opened_;
  TellOnce told_;
};

}  // namespace knetsim
