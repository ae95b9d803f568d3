#pragma once

#include <memory>
#include <string>

#include "app/scenario/call_graph.h"
#include "app/scenario/load_cluster.h"
#include "app/scenario/load_scenario.h"
#include "app/scenario/scenario.h"
#include "app/scenario/variants.h"
#include "sim/input/read_documents.h"
#include "support/temporary_folder.h"

namespace knetsim {

/// A Deployment and a Service of one name; the pods carry `app: NAME` and listen on 8080 as "http".
inline std::string app_manifests(const std::string& name, int replicas, const std::string& extra = {}) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
         "}\nspec:\n  replicas: " + std::to_string(replicas) + "\n  selector: {matchLabels: {app: " + name +
         "}}\n  template:\n    metadata: {labels: {app: " + name +
         "}}\n    spec:\n      containers:\n      - {name: server, image: x, ports: [{name: http, containerPort: "
         "8080}]}\n" +
         extra + "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
         "}\nspec:\n  selector: {app: " + name + "}\n  ports: [{name: http, port: 80, targetPort: http}]\n---\n";
}

/// The lines that every scenario of these tests begins and ends with.
inline std::string scenario_text(const std::string& body, const std::string& run = "{duration: 1s}") {
  return "apiVersion: knetsim.io/v1alpha1\nkind: Scenario\nmetadata: {name: test}\nmanifests: [m.yaml]\nrun: " + run +
         "\n" + body;
}

inline const char* kBrowse = "workloads: {browse: {from: app=client, to: web, arrivals: {poisson: 10/s}}}\n";

/// A scenario and its manifests, bound as far as it goes.
struct Bound {
  TemporaryFolder folder;
  InputSet inputs;
  Diagnostics diagnostics;
  Document document;
  Scenario scenario;
  std::shared_ptr<const LoadedCluster> loaded;
  CallGraph graph;

  Bound(const std::string& scenario_yaml, const std::string& manifests) {
    folder.write("m.yaml", manifests);
    document = read_document(inputs.open(folder.write("s.yaml", scenario_yaml)));
    scenario = bind_scenario(document.root(), diagnostics);
    if (diagnostics.has_errors()) return;
    loaded = ClusterLoader(inputs, diagnostics).load(scenario);
    if (!diagnostics.has_errors()) graph = build_call_graph(scenario, loaded->cluster, {}, diagnostics);
  }
  std::string errors() const { return render(diagnostics.errors()); }
};

/// A scenario as the program loads it, on the default profile: every variant bound, ready to run.
struct Ready {
  TemporaryFolder folder;
  std::unique_ptr<LoadedScenario> loaded;

  Ready(const std::string& body, const std::string& manifests, const std::string& run = "{duration: 1s}") {
    folder.write("m.yaml", manifests);
    const std::string costs = "costs: " KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n";
    loaded = load_scenario(folder.write("s.yaml", scenario_text(costs + body, run)), {});
  }
  /// Of one variant, or the first of several.
  BoundVariant& variant() { return loaded->variants.front(); }
};

}  // namespace knetsim
