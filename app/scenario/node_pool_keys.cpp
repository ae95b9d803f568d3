#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/scenario/node_pools.h"
#include "app/scenario/scenario_keys.h"
#include "models/cluster/addresses.h"
#include "models/cluster/name_rules.h"

namespace knetsim {
namespace {

constexpr std::array<std::string_view, 3> kEffects{"NoSchedule", "PreferNoSchedule", "NoExecute"};

std::int64_t milli(double cores) { return static_cast<std::int64_t>(std::llround(cores * 1000)); }

std::vector<NodePool::StatedTaint> stated(const std::vector<TaintSpec>& taints) {
  std::vector<NodePool::StatedTaint> made;
  for (const TaintSpec& taint : taints) {
    const auto effect = std::find(kEffects.begin(), kEffects.end(), taint.effect) - kEffects.begin();
    made.push_back({taint.key, taint.value, static_cast<TaintEffect>(effect)});
  }
  return made;
}

void lay_labels(std::vector<NodePool::StatedLabel>& labels,
                const std::vector<std::pair<std::string, std::string>>& over) {
  for (const auto& [key, value] : over) {
    const auto same = [&, &name = key](const NodePool::StatedLabel& label) { return label.key == name; };
    if (const auto known = std::find_if(labels.begin(), labels.end(), same); known != labels.end()) {
      known->value = value;
    } else {
      labels.push_back({key, value});
    }
  }
}

void check_labels(Node labels, Binding& binding) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (const Node key = labels.key(i); !is_qualified_name(key.text())) {
      binding.diagnostics.error(key, fmt::format("'{}' is not a label key", key.text().substr(0, 80)),
                                std::string(kQualifiedName));
    }
    if (!is_label_value(labels[i].text())) {
      binding.diagnostics.error(labels[i], fmt::format("'{}' is not a label value", labels[i].text().substr(0, 80)),
                                std::string(kLabelValue));
    }
  }
}

void check_taints(Node taints, Binding& binding) {
  for (const Node taint : taints) {
    if (!is_qualified_name(taint["key"].text())) {
      binding.diagnostics.error(taint["key"],
                                fmt::format("'{}' is not a taint's key", taint["key"].text().substr(0, 80)),
                                std::string(kQualifiedName));
    }
    if (!is_label_value(taint["value"].text())) {
      binding.diagnostics.error(taint["value"],
                                fmt::format("'{}' is not a taint's value", taint["value"].text().substr(0, 80)),
                                std::string(kLabelValue));
    }
  }
}

}  // namespace

void describe(Fields<TaintSpec>& f) {
  f.about("Taint", "Keeps pods without a toleration away, as `kubectl taint nodes` does.");
  f.required("key", &TaintSpec::key, {.doc = "What a toleration names.", .not_empty = true});
  f.optional("value", &TaintSpec::value, {.doc = "With it; empty where nothing is said."});
  f.optional("effect", &TaintSpec::effect, "NoSchedule",
             {.doc = "On pods without a toleration.",
              .allowed = {{.name = "NoSchedule", .value = 0, .doc = "are not placed here"},
                          {.name = "PreferNoSchedule", .value = 1, .doc = "no effect on placement here"},
                          {.name = "NoExecute", .value = 2, .doc = "neither placed here nor left running"}}});
}

void describe(Fields<NodePoolSpec>& f) {
  f.about("NodePool", "Machines of one shape; what is not said here is that of all nodes.");
  f.optional("count", &NodePoolSpec::count, "1",
             {.doc = "How many.", .unit = "nodes", .at_most = std::to_string(kMostNodes)});
  f.optional("cpu", &NodePoolSpec::cpu, {.doc = "Cores of each.", .unit = "cores", .at_least = "1", .at_most = "1024"});
  f.optional("memory", &NodePoolSpec::memory, {.doc = "Memory of each, for placement.", .above = "0B"});
  f.optional("nic", &NodePoolSpec::nic, {.doc = "Rate of each machine's cable.", .above = "0bps"});
  f.optional("cpuFactor", &NodePoolSpec::cpu_factor,
             {.doc = "Multiplies every CPU cost of the profile.", .at_least = "0.01", .at_most = "100"});
  f.optional("zones", &NodePoolSpec::zones,
             {.doc = "Zones that its machines are dealt to in turn.", .not_empty = true});
  f.optional("labels", &NodePoolSpec::labels, {.doc = "Labels beside, or instead of, those of all nodes."});
  f.optional("taints", &NodePoolSpec::taints, {.doc = "Taints instead of those of all nodes."});
}

void check_node_pools(const NodesSpec& nodes, Node node, Binding& binding) {
  check_labels(node["labels"], binding);
  check_taints(node["taints"], binding);
  std::uint64_t total = nodes.count;
  for (const auto& [name, pool] : nodes.pools) {
    total += pool.count;
    const Node at = node["pools"][name];
    if (!is_dns_label(name)) {
      binding.diagnostics.error(at.key(), fmt::format("'{}' cannot begin the names of nodes", name),
                                std::string(kDnsLabel));
    }
    check_labels(at["labels"], binding);
    check_taints(at["taints"], binding);
  }
  if (total > kMostNodes) {
    binding.diagnostics.error(node["pools"], fmt::format("{} nodes with those of the pools", total),
                              fmt::format("at most {}", kMostNodes));
  }
}

NodePool made_nodes(const NodesSpec& nodes) {
  NodePool made;
  made.count = nodes.count;
  made.capacity = {.cpu_milli = milli(nodes.cpu), .memory_bytes = nodes.memory.count()};
  made.zones = nodes.zones;
  lay_labels(made.labels, nodes.labels);
  made.taints = stated(nodes.taints);
  return made;
}

NodePool made_nodes(const NodesSpec& nodes, std::string_view name, const NodePoolSpec& pool) {
  NodePool made = made_nodes(nodes);
  made.name = name;
  made.count = pool.count;
  if (pool.cpu) made.capacity.cpu_milli = milli(*pool.cpu);
  if (pool.memory) made.capacity.memory_bytes = pool.memory->count();
  if (pool.zones) made.zones = *pool.zones;
  lay_labels(made.labels, pool.labels);
  if (pool.taints) made.taints = stated(*pool.taints);
  return made;
}

std::string text_of(const NodePool& pool) {
  std::string text = fmt::format("{} {} {} {} [{}]", pool.name, pool.count, pool.capacity.cpu_milli,
                                 pool.capacity.memory_bytes, fmt::join(pool.zones, " "));
  for (const NodePool::StatedLabel& label : pool.labels) text += fmt::format(" {}={}", label.key, label.value);
  for (const NodePool::StatedTaint& taint : pool.taints) {
    text += fmt::format(" {}={}:{}", taint.key, taint.value, static_cast<int>(taint.effect));
  }
  return text;
}

}  // namespace knetsim
