#include "app/scenario/load_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/scenario/dns_objects.h"
#include "app/scenario/egress.h"
#include "app/scenario/ingress_preset.h"
#include "app/scenario/manifest_patches.h"
#include "app/scenario/node_pools.h"
#include "app/scenario/service_graph.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/addresses.h"
#include "models/cluster/external_clients.h"
#include "models/cluster/foreign_text.h"
#include "models/cluster/manifest_reader.h"
#include "models/l7/proxy_kinds.h"
#include "sim/input/emit.h"
#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kDefaultNodes = 3;
constexpr std::size_t kMostMistakes = 1000;  ///< What Diagnostics keeps.

/// 50 s until a silent node is NotReady from 1.32 on, 40 s before (k/k#121863).
ControlTimes control_times(const Scenario& scenario) {
  const ControlSettings& control = scenario.cluster.control;
  const bool since_1_32 = parse_version(scenario.cluster.kubernetes) >= Version{1, 32};
  return {.pod_start = control.pod_start,
          .node_monitor_grace = control.node_monitor_grace.value_or(std::chrono::seconds(since_1_32 ? 50 : 40)),
          .eviction = control.eviction};
}

ClusterOptions options_of(const Scenario& scenario, const Manifests& manifests) {
  const NodesSpec& nodes = scenario.cluster.nodes;
  ClusterOptions options;
  options.seed = scenario.experiment.seed;
  options.timeline = scenario.timeline;
  options.control = control_times(scenario);
  options.nodes = made_nodes(nodes);
  for (const auto& [name, pool] : nodes.pools) options.pools.push_back(made_nodes(nodes, name, pool));
  const auto named = [](std::string_view node) { return !node.empty(); };
  if (nodes.count == 0 && nodes.pools.empty() &&
      std::none_of(manifests.pod_nodes.begin(), manifests.pod_nodes.end(), named)) {
    options.nodes.count = kDefaultNodes;
  }
  return options;
}

/// Whether Ingresses count: something is asked by URL, or there is a controller of the scenario's own.
bool asks_urls(const Scenario& scenario) {
  return scenario.cluster.ingress || std::ranges::any_of(scenario.workloads, [](const auto& workload) {
           return workload.second.to.url.has_value();
         });
}

/// Whether load balancers have addresses, which kube-proxy's rules know then.
bool asks_load_balancers(const Scenario& scenario) {
  return scenario.root["cluster"]["loadBalancer"].exists() || asks_urls(scenario) ||
         std::ranges::any_of(scenario.workloads,
                             [](const auto& workload) { return workload.second.to.load_balancer.has_value(); });
}

/// Whether the load balancer is a machine, which is added as one outside of the cluster.
bool has_balancer_machine(const Scenario& scenario) {
  return asks_load_balancers(scenario) && load_balancer_kind_of(scenario.cluster).ends_connections;
}

ExternalGroup balancer_machine(std::string_view name, Duration rtt) {
  return {.name = std::string(name),
          .rate = Bandwidth(kBalancerBitsPerSecond),
          .cores = kBalancerCores,
          .rtt_seconds = Distribution::constant(to_seconds(rtt))};
}

/// Whether Ingresses are served by a machine outside of the cluster.
bool has_http_machine(const Scenario& scenario) {
  const auto& ingress = scenario.cluster.ingress;
  return ingress && proxy_kind_named(ingress->kind)->outside;
}

std::uint32_t kubernetes_minor(const Scenario& scenario) {
  return static_cast<std::uint32_t>(parse_version(scenario.cluster.kubernetes).minor);
}

/// Equal for scenarios that read the same files.
std::string source_key(const Scenario& scenario) {
  std::string key;
  for (const std::string& path : scenario.manifests) key += path + '\n';
  if (scenario.manifests.empty()) key += "graph " + scenario.graph;
  return key;
}

/// Equal for scenarios that give the same cluster: all that load() looks at.
std::string cluster_key(const Scenario& scenario) {
  const NodesSpec& nodes = scenario.cluster.nodes;
  std::string key = fmt::format("{}\n{} {} {}\n", source_key(scenario), kubernetes_minor(scenario),
                                scenario.experiment.seed, text_of(made_nodes(nodes)));
  for (const auto& [name, pool] : nodes.pools) key += text_of(made_nodes(nodes, name, pool)) + '\n';
  if (const Node timeline = scenario.root["timeline"]; timeline.exists()) {
    const ControlTimes times = control_times(scenario);
    key += fmt::format("{}\n{} {} {}\n", to_json(timeline), times.pod_start.count(), times.node_monitor_grace.count(),
                       times.eviction.count());
  }
  for (const std::string& made : made_dns_objects(scenario.cluster.dns)) key += made;
  if (asks_load_balancers(scenario)) key += fmt::format("load balancers {}\n", scenario.cluster.load_balancer.pool);
  if (has_balancer_machine(scenario)) key += fmt::format("proxy {}\n", scenario.cluster.load_balancer.rtt.count());
  if (asks_urls(scenario)) key += "urls\n";
  if (enforcer_of(scenario.cluster).enforces) key += "policies\n";
  if (const auto& ingress = scenario.cluster.ingress) key += ingress_objects(*ingress);
  if (has_http_machine(scenario)) key += fmt::format("rtt {}\n", scenario.cluster.ingress->rtt.count());
  for (const auto& [name, workload] : scenario.workloads) {
    if (workload.from.external) key += fmt::format("external {} {}\n", name, to_json(workload.from.at["external"]));
    if (workload.to.external) {
      key += fmt::format("to external {} {} {}\n", name, to_json(workload.to.at["external"]),
                         to_json(scenario.root["cluster"]["egress"]));
    }
  }
  for (const auto& [object, values] : scenario.patches) key += object + ' ' + to_json(values) + '\n';
  return key;
}

}  // namespace

/// The way of one distinct cluster from objects to nodes and addresses.
struct ClusterLoader::Reading {
  explicit Reading(const Scenario& of) : scenario(of), reader(found, kubernetes_minor(of)), patches(of.patches, found) {
    if (asks_urls(of)) reader.serve_http();
    if (enforcer_of(of.cluster).enforces) reader.enforce_policies();
  }

  void take(const Document& object) {
    if (patches.empty() || !patches.concerns(object)) {
      reader.read(object);
      return;
    }
    Document patched = object;
    patches.apply(patched);
    reader.read(patched);
  }

  std::shared_ptr<const LoadedCluster> bind(std::span<const Diagnostic> errors) {
    patches.finish();
    if (asks_load_balancers(scenario)) {
      for (const Unmodelled feature : {Unmodelled::LoadBalancer, Unmodelled::SourceRanges}) reader.is_modelled(feature);
    }
    Manifests manifests = reader.finish(errors);
    if (!errors.empty() || found.has_errors()) return std::make_shared<LoadedCluster>();
    ClusterOptions options = options_of(scenario, manifests);
    options.terminating_serve = terminating_serve(scenario);
    BoundCluster bound = bind_cluster(std::move(manifests), options, found);
    if (asks_load_balancers(scenario) && !found.has_errors()) {
      assign_load_balancer_ips(bound.cluster, parse_cidr(scenario.cluster.load_balancer.pool).value_or(Cidr{}), found);
    }
    add_external(bound.cluster);
    return std::make_shared<LoadedCluster>(
        LoadedCluster{.cluster = std::move(bound.cluster), .summary = std::move(bound.summary)});
  }

  void add_external(Cluster& cluster) {
    if (found.has_errors()) return;
    std::vector<ExternalGroup> groups;
    std::vector<ExternalGroup> balancers;
    if (has_balancer_machine(scenario)) {
      balancers.push_back(balancer_machine(kBalancerName, scenario.cluster.load_balancer.rtt));
    }
    if (has_http_machine(scenario)) {
      balancers.push_back(balancer_machine(kHttpBalancerName, scenario.cluster.ingress->rtt));
    }
    std::size_t machines = balancers.size();
    for (const auto& [name, workload] : scenario.workloads) {
      for (ExternalGroup& group : external_groups(name, workload)) {
        machines += group.count;
        groups.push_back(std::move(group));
      }
      if (machines > kMostExternal) {
        found.error(
            workload.from.external ? workload.from.at["external"] : workload.to.at["external"],
            fmt::format("{} {} outside of the cluster", machines, workload.to.external ? "machines" : "clients"),
            fmt::format("{} in all", kMostExternal));
        return;
      }
    }
    for (ExternalGroup& machine : balancers) {
      const auto has_its_name = [&](const auto& one) { return one.first == machine.name && one.second.from.external; };
      if (const auto same = std::ranges::find_if(scenario.workloads, has_its_name); same != scenario.workloads.end()) {
        found.error(same->second.at, fmt::format("'{}' is the load balancer's own name", machine.name),
                    "another name for the workload");
        return;
      }
      groups.push_back(std::move(machine));
    }
    add_external_clients(cluster, groups, RandomStreams(scenario.experiment.seed));
    std::vector<NodeIndex> asked;
    for (const auto& [name, workload] : scenario.workloads) {
      if (!workload.to.external) continue;
      for (const PodIndex pod : external_clients(cluster, name)) asked.push_back(cluster.pods[pod].node);
    }
    if (asked.empty()) return;
    set_ways_out(scenario.cluster.egress, scenario.root["cluster"]["egress"], asked, cluster, found);
  }

  const Scenario& scenario;
  Diagnostics found;
  ManifestReader reader;
  ManifestPatches patches;
  std::shared_ptr<const LoadedCluster> result;
};

Input& ClusterLoader::open(const std::string& path) {
  const auto found = opened_.find(path);
  if (found != opened_.end()) return *found->second;
  Input& input = inputs_.open(path);
  if (const auto replaced = input.replace_invalid_utf8()) {
    Diagnostics told;
    told.notice(
        replaced->first, {},
        fmt::format("not UTF-8 ({}): read as U+FFFD, as kubectl does",
                    replaced->bytes == 1 ? "one byte" : fmt::format("{} bytes, the first here", replaced->bytes)),
        "UTF-8, or UTF-16 with its byte order mark");
    told_.tell(told);
  }
  opened_.emplace(path, &input);
  return input;
}

void ClusterLoader::read_file(const Input& input, Diagnostics& found, const DocumentSink& take,
                              std::function<void()> on_items_again) {
  Diagnostics of_file;
  read_documents(input, of_file, take, {.last_duplicate_counts = true, .on_items_again = std::move(on_items_again)});
  if (of_file.has_errors()) {
    const std::vector<Diagnostic> errors = of_file.errors();
    if (auto fault = template_error(input, errors.front().line)) {
      // Indented and far from the mistake it may stand in somebody's text: then the mistakes are told as well.
      const bool sure = fault->column == 1 || fault->line + 1 >= errors.front().line;
      found.add(std::move(*fault));
      if (sure) return;
    }
    for (const Diagnostic& error : errors) found.add(error);
  }
  for (const Diagnostic& notice : of_file.notices()) found.add(notice);
}

void ClusterLoader::read(const Scenario& scenario, std::span<Reading* const> readings) {
  Diagnostics found;
  const auto take = [&](const Document& object) {
    ++objects_parsed_;
    std::size_t mistakes = 0;
    for (Reading* reading : readings) {
      reading->take(object);
      mistakes = std::max(mistakes, reading->found.error_count());
    }
    if (mistakes > kMostMistakes) {  // junk, or something else than manifests
      throw ConfigError(object.root(), fmt::format("more than {} mistakes: the rest is not read", kMostMistakes));
    }
  };
  const auto forget = [&] {
    for (Reading* reading : readings) reading->reader.forget_list();
  };
  try {
    for (const std::string& file : expand_paths(scenario.manifests)) read_file(open(file), found, take, forget);
  } catch (const ConfigError& error) {
    const Node list = scenario.root["manifests"];
    for (const Diagnostic& one : error.diagnostics()) {
      const auto named = std::find(scenario.manifests.begin(), scenario.manifests.end(), one.file);
      const Node item = list[static_cast<std::size_t>(named - scenario.manifests.begin())];
      add_file_error(found, one, item ? item : list);  // a file below a folder of the list: the list
    }
  }
  if (scenario.manifests.empty() && scenario.service_graph != nullptr) {
    graph_objects(*scenario.service_graph, take);
  }
  for (Reading* reading : readings) make_dns(*reading, found);
  for (Reading* reading : readings) {
    if (const auto& ingress = reading->scenario.cluster.ingress) {
      const Input& made = inputs_.add_text("cluster.ingress", ingress_objects(*ingress));
      read_documents(made, reading->found, [&](const Document& object) { reading->take(object); }, {});
    }
    reading->result = reading->bind(found.errors());
    told_.tell(reading->found);
  }
  told_.tell(found);
}

void ClusterLoader::make_dns(Reading& reading, Diagnostics& found) {
  for (const std::string& text : made_dns_objects(reading.scenario.cluster.dns)) {
    const auto [made, is_new] = opened_.try_emplace(text, nullptr);
    if (is_new) made->second = &inputs_.add_text("<cluster.dns>", text);
    read_documents(*made->second, found, [&](const Document& object) { reading.take(object); });
  }
}

std::vector<std::shared_ptr<const LoadedCluster>> ClusterLoader::load(std::span<const Scenario* const> scenarios) {
  std::vector<std::unique_ptr<Reading>> readings;
  std::map<std::string, Reading*> by_cluster;
  std::vector<std::pair<std::string, std::vector<Reading*>>> by_source;  // in order of appearance
  std::vector<Reading*> wanted;
  for (const Scenario* scenario : scenarios) {
    const auto [known, is_new] = by_cluster.try_emplace(cluster_key(*scenario), nullptr);
    if (is_new) {
      known->second = readings.emplace_back(std::make_unique<Reading>(*scenario)).get();
      const std::string source = source_key(*scenario);
      auto place =
          std::find_if(by_source.begin(), by_source.end(), [&](const auto& one) { return one.first == source; });
      if (place == by_source.end()) place = by_source.insert(by_source.end(), {source, {}});
      place->second.push_back(known->second);
    }
    wanted.push_back(known->second);
  }
  for (const auto& [source, of_source] : by_source) read(of_source.front()->scenario, of_source);
  std::vector<std::shared_ptr<const LoadedCluster>> loaded;
  for (const Reading* reading : wanted) loaded.push_back(reading->result);
  return loaded;
}

}  // namespace knetsim
