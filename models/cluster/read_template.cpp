// Templates whose pods are not run: those of Jobs and CronJobs, and of other projects' controllers (Rollouts,
// DeploymentConfigs ...). Only their labels are kept, so that what looks for such pods in vain can name the object.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/object_reader.h"

namespace knetsim {

void note_template(ObjectReader& reader, Node object, std::string_view kind) {
  const Node spec = object["spec"];
  const Node of_cron = spec["jobTemplate"]["spec"]["template"];
  const Node pods = of_cron.exists() ? of_cron : spec["template"];
  if (!pods["spec"]["containers"].is_sequence()) return;
  const Node metadata = object["metadata"];
  const std::string_view name = reader.intern(metadata["name"].text());
  const std::string_view ns = metadata["namespace"].text();
  std::vector<Label> labels;
  const Node stated = pods["metadata"]["labels"];
  for (std::size_t i = 0; i < stated.size(); ++i) {
    labels.push_back({reader.intern(stated.key(i).text()), reader.intern(stated[i].text())});
  }
  if (kind == "Job") {  // k/k pkg/controller/job, generateNewPodTemplateLabels: with and without the domain.
    for (const std::string_view key : {"job-name", "batch.kubernetes.io/job-name"}) {
      if (std::ranges::find(labels, key, &Label::key) == labels.end()) labels.push_back({reader.intern(key), name});
    }
  }
  reader.cluster().absent.push_back({reader.intern(kind), reader.intern(ns.empty() ? "default" : ns), name,
                                     reader.cluster().label_sets.intern(labels),
                                     fmt::format("are not run: a {} is not simulated", kind)});
}

}  // namespace knetsim
