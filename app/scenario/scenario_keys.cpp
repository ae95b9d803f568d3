#include "app/scenario/scenario_keys.h"

#include <algorithm>

#include "app/scenario/scenario_schema.h"
#include "sim/input/schema.h"

namespace knetsim {

void describe(Fields<MetadataKeys>& f) {
  f.about("Metadata", "What the scenario is called.");
  f.required("name", &MetadataKeys::name, {.doc = "Name of the results.", .not_empty = true});
  f.optional("title", &MetadataKeys::title, {.doc = "A line for people."});
  // The name is that of a file in results/, and whoever runs a scenario did not always write it.
  f.check([](const MetadataKeys& keys, Node node, Binding& binding) {
    const bool control = std::any_of(keys.name.begin(), keys.name.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (control || keys.name.find('/') != std::string::npos || keys.name == "." || keys.name == ".." ||
        keys.name.size() > 200) {
      binding.diagnostics.error(node["name"], "the name cannot be that of a file in results/",
                                "up to 200 bytes without '/' and control characters, and neither '.' nor '..'");
    }
  });
}

void describe(Fields<RunKeys>& f) {
  f.about("Run", "How long to simulate, and how often.");
  f.required("duration", &PointSettings::duration,
             {.doc = "Simulated time that is measured.", .above = "0s", .at_most = "24h"});
  f.optional("warmUp", &PointSettings::warm_up, "0s",
             {.doc = "Simulated before the measurement begins.", .at_most = "24h"});
  f.optional(
      "drain", &PointSettings::drain, "10s",
      {.doc = "For how long at most requests of the measured time are followed beyond its end; traffic goes on "
              "meanwhile, unmeasured. The run ends when the last of them has, or when a backlog of more than 100,000 "
              "has doubled.",
       .at_most = "24h"});
  f.optional("seed", &ExperimentSettings::seed, "1", {.doc = "Root of every random stream."});
  f.optional("replicates", &ExperimentSettings::replicates, "1",
             {.doc = "Repeats with other random numbers; confidence intervals need two, better five.",
              .at_least = "1",
              .at_most = "10000"});
  f.optional("spans", &ExperimentSettings::spans, "2",
             {.doc = "Requests of each workload whose every visit is kept, in the first replicate of each variant; the "
                     "same requests in each.",
              .at_most = "10000"});
  f.optional("noise", &PointSettings::noise, "on", {.doc = "Off: every cost is its median, for comparison by hand."});
}

void describe(Fields<ScenarioKeys>& f) {
  f.about("Scenario", "What to simulate: a cluster, its traffic, and variants of it that are compared.");
  f.required("apiVersion", &ScenarioKeys::api_version,
             {.doc = "Version of this format.",
              .allowed = {{.name = "knetsim.io/v1alpha1", .value = 0, .doc = "the only one"}}});
  f.required("kind", &ScenarioKeys::kind,
             {.doc = "What the file is.", .allowed = {{.name = "Scenario", .value = 0, .doc = "a scenario"}}});
  f.required("metadata", &ScenarioKeys::metadata, {.doc = "What the scenario is called."});
  f.optional(
      "manifests", &ScenarioKeys::manifests,
      {.doc = "Kubernetes objects: files, folders and - for standard input; paths count from this file's folder.",
       .not_empty = true});
  f.optional(
      "graph", &ScenarioKeys::graph,
      {.doc =
           "A call graph in isotope's format: its services become apps, and Deployments and Services too where there "
           "are no manifests."});
  f.optional("cluster", &ScenarioKeys::cluster, {.doc = "The machines and what runs on each."});
  f.optional("costs", &ScenarioKeys::costs, {.doc = "Cost profile; profiles/default.yaml where nothing is said."});
  f.optional("apps", &ScenarioKeys::apps,
             {.doc = "What pods do for a request, by the name of their workload; pods without app answer at once. "
                     "NAMESPACE/NAME and NAME/CONTAINER are names too."});
  f.required("workloads", &ScenarioKeys::workloads, {.doc = "Traffic, by name.", .not_empty = true});
  f.required("run", &ScenarioKeys::run, {.doc = "How long to simulate, and how often."});
  f.optional("timeline", &ScenarioKeys::timeline,
             {.doc = "What happens to the cluster while traffic goes on: pods that are deleted or fail their probe, "
                     "Deployments that are scaled or rolled out, nodes that are down."});
  f.optional(
      "slo", &ScenarioKeys::slo,
      {.doc =
           R"(Goals that each variant is held against: p99(latency{workload="browse"}) < 10ms, errors(browse) < 0.1%, rate(browse) > 900/s. 'knetsim explain slo' gives the grammar.)"});
  f.optional(
      "variants", &ScenarioKeys::variants,
      {.doc = "Overrides by name, each a scenario of its own with the same random numbers, so that run.seed and "
              "run.replicates are no variant's; the first is what others are compared with. --set overrules them."});
  f.optional("patches", &ScenarioKeys::patches,
             {.doc = "Changes to manifests, by Kind/name or Kind/namespace/name: paths and values, as in "
                     "spec.template.spec.hostNetwork: true."});
  f.check([](const ScenarioKeys& keys, Node node, Binding& binding) {
    if (keys.manifests.empty() && keys.graph.empty()) {
      binding.diagnostics.error(node, "missing key 'manifests'", "a list of Kubernetes manifests, or a 'graph'");
    }
    for (const TimelineKeys& entry : keys.timeline) {
      if (entry.at < keys.run.warm_up + keys.run.duration) continue;
      binding.diagnostics.notice(entry.place["at"], "comes after the measured time, which ends before");
    }
  });
}

Explanation explain_scenario(const Path& path) { return explain(struct_info<ScenarioKeys>(), path); }

std::vector<Explanation> explain_scenario_all() { return explain_all(struct_info<ScenarioKeys>()); }

std::string scenario_schema() {
  return schema(struct_info<ScenarioKeys>(), "https://knetsim.io/schemas/v1alpha1/scenario.json");
}

}  // namespace knetsim
