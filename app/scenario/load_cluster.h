#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/scenario/scenario.h"
#include "app/scenario/tell_once.h"
#include "models/cluster/bind.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"

namespace knetsim {

struct LoadedCluster {
  Cluster cluster;
  ClusterSummary summary;
};

/// Reads the manifests of a scenario's variants and binds their clusters. A snapshot may hold half a gigabyte, so what
/// variants have in common is done once: files are parsed once, and variants that ask for the same manifests, patches
/// and nodes share one cluster. What several variants have to say is told once.
class ClusterLoader {
 public:
  /// Both outlive what is loaded: marks point into the inputs.
  ClusterLoader(InputSet& inputs, Diagnostics& diagnostics) : inputs_(inputs), told_(diagnostics) {}

  /// @param scenarios  One for each variant; they live until this returns.
  /// @return  Shape (scenarios,), equal pointers where clusters are equal. Usable only without errors.
  std::vector<std::shared_ptr<const LoadedCluster>> load(std::span<const Scenario* const> scenarios);

  std::shared_ptr<const LoadedCluster> load(const Scenario& scenario) {
    const Scenario* const one = &scenario;
    return load(std::span(&one, 1)).front();
  }

  /// Objects that were parsed, over all calls.
  std::size_t objects_parsed() const { return objects_parsed_; }

 private:
  struct Reading;
  Input& open(const std::string& path);
  /// Hands out a file's objects; a file that is a template says so instead of its mistakes as YAML.
  static void read_file(const Input& input, Diagnostics& found, const DocumentSink& take,
                        std::function<void()> on_items_again);
  /// Hands every object of a scenario's manifests to all the readings, which have the same manifests.
  void read(const Scenario& scenario, std::span<Reading* const> readings);

  /// The objects of `cluster.dns`, where they are to be made.
  void make_dns(Reading& reading, Diagnostics& found);

  InputSet& inputs_;
  std::map<std::string, Input*> opened_;
  TellOnce told_;
  std::size_t objects_parsed_ = 0;
};

}  // namespace knetsim
