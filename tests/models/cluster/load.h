#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/bind.h"
#include "models/cluster/manifest_reader.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"

namespace knetsim {

/// A cluster and what was said while it was made. Owns the inputs that the cluster's marks point to.
struct Loaded {
  InputSet inputs;
  Diagnostics diagnostics;
  Cluster cluster;
  ClusterSummary summary;

  /// Every error, rendered as a person sees it.
  std::string errors() const { return render(diagnostics.errors()); }
  std::string notices() const { return render(diagnostics.notices()); }
  ClusterNames names() const { return ClusterNames(cluster); }
};

inline ClusterOptions six_nodes() {
  ClusterOptions options;
  options.nodes.count = 6;
  return options;
}

inline void load(Loaded& loaded, const ClusterOptions& options, std::uint32_t kubernetes_minor = 36) {
  ManifestReader reader(loaded.diagnostics, kubernetes_minor);
  for (const auto& input : loaded.inputs.inputs()) {
    read_documents(*input, loaded.diagnostics, [&](const Document& document) { reader.read(document); },
                   {.last_duplicate_counts = true, .on_items_again = [&] { reader.forget_list(); }});
  }
  BoundCluster bound = bind_cluster(reader.finish(), options, loaded.diagnostics);
  loaded.cluster = std::move(bound.cluster);
  loaded.summary = std::move(bound.summary);
}

inline Loaded load_text(std::string_view text, const ClusterOptions& options = six_nodes(),
                        std::uint32_t kubernetes_minor = 36) {
  Loaded loaded;
  loaded.inputs.add_text("test.yaml", text);
  load(loaded, options, kubernetes_minor);
  return loaded;
}

inline Loaded load_files(const std::vector<std::string>& paths, const ClusterOptions& options = six_nodes()) {
  Loaded loaded;
  for (const std::string& path : expand_paths(paths)) loaded.inputs.open(path);
  load(loaded, options);
  return loaded;
}

/// A folder of sample inputs from public projects: named by KNETSIM_SAMPLE_DATA, or beside the source tree. Empty when
/// there is none.
inline std::optional<std::string> sample_data(const std::string& folder) {
  std::vector<std::filesystem::path> roots;
  if (const char* root = std::getenv("KNETSIM_SAMPLE_DATA")) roots.emplace_back(root);
  roots.push_back(std::filesystem::path(KNETSIM_SOURCE_DIR) / ".." / "shared" / "data");
  for (const auto& root : roots) {
    if (std::filesystem::is_directory(root / folder)) return (root / folder).string();
  }
  return std::nullopt;
}

/// "Deployment", three replicas named `name` with label app=<name>, one port http 8080, requests as given.
inline std::string deployment(std::string_view name, int replicas,
                              std::string_view requests = "{cpu: 100m, memory: 64Mi}") {
  return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + std::string(name) +
         "}\nspec:\n  replicas: " + std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: " + std::string(name) +
         "}}\n  template:\n    metadata: {labels: {app: " + std::string(name) +
         "}}\n    spec:\n      containers:\n      - name: main\n        ports: [{name: http, containerPort: 8080}]\n" +
         "        resources: {requests: " + std::string(requests) + "}\n";
}

}  // namespace knetsim
