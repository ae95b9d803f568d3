#include "sim/experiment/load_cluster.h"

#include <algorithm>
#include <cmath>

#include "models/cluster/manifest_reader.h"
#include "sim/experiment/manifest_patches.h"
#include "sim/experiment/service_graph.h"
#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kDefaultNodes = 3;

ClusterOptions options_of(const NodesSpec& nodes, const Manifests& manifests) {
  ClusterOptions options;
  options.nodes.count = nodes.count;
  options.nodes.capacity = {.cpu_milli = static_cast<std::int64_t>(std::llround(nodes.cpu * 1000)),
                            .memory_bytes = nodes.memory.count()};
  options.nodes.zones = nodes.zones;
  const auto named = [](std::string_view node) { return !node.empty(); };
  if (nodes.count == 0 && std::none_of(manifests.pod_nodes.begin(), manifests.pod_nodes.end(), named)) {
    options.nodes.count = kDefaultNodes;
  }
  return options;
}

}  // namespace

Input& ClusterLoader::open(const std::string& path) {
  const auto found = opened_.find(path);
  if (found != opened_.end()) return *found->second;
  Input& input = inputs_.open(path);
  opened_.emplace(path, &input);
  return input;
}

LoadedCluster ClusterLoader::load(const Scenario& scenario) {
  Diagnostics found;
  ManifestReader reader(found);
  ManifestPatches patches(scenario.patches, found);
  const auto read = [&](const Document& object) {
    if (patches.empty() || !patches.concerns(object)) {
      reader.read(object);
      return;
    }
    Document patched = object;
    patches.apply(patched);
    reader.read(patched);
  };
  try {
    for (const std::string& file : expand_paths(scenario.manifests)) read_documents(open(file), found, read);
  } catch (const ConfigError& error) {
    add_file_error(found, error, scenario.root["manifests"]);
  }
  if (scenario.manifests.empty() && scenario.service_graph != nullptr) {
    auto [known, made] = opened_.try_emplace("<graph>" + scenario.graph, nullptr);
    if (made)
      known->second = &inputs_.add_text(scenario.graph + " (as manifests)", graph_manifests(*scenario.service_graph));
    read_documents(*known->second, found, read);
  }
  patches.finish();
  Manifests manifests = reader.finish();
  LoadedCluster loaded;
  if (!found.has_errors()) {
    const ClusterOptions options = options_of(scenario.cluster.nodes, manifests);
    BoundCluster bound = bind_cluster(std::move(manifests), options, found);
    loaded = {.cluster = std::move(bound.cluster), .summary = std::move(bound.summary)};
  }
  told_.tell(found);
  return loaded;
}

}  // namespace knetsim
