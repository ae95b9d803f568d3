#include "app/scenario/load_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "app/scenario/call_graph.h"
#include "app/scenario/connection_limits.h"
#include "app/scenario/hint_notices.h"
#include "app/scenario/idle_keys.h"
#include "app/scenario/load_cluster.h"
#include "app/scenario/local_policy.h"
#include "app/scenario/node_cores.h"
#include "app/scenario/overload_notice.h"
#include "app/scenario/policy_notices.h"
#include "app/scenario/proxy_mode_notice.h"
#include "app/scenario/resolved_scenario.h"
#include "app/scenario/tell_once.h"
#include "app/scenario/variant_models.h"
#include "app/scenario/zone_shares.h"
#include "models/walk/compile.h"
#include "sim/input/overrides.h"
#include "sim/input/read_documents.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

std::string manifests_text(const ClusterSummary& summary) {
  std::string text =
      fmt::format("read {} objects, {} pods placed", with_commas(static_cast<std::int64_t>(summary.objects)),
                  with_commas(static_cast<std::int64_t>(summary.pods_placed)));
  if (summary.pods_kept > 0) {
    text += fmt::format(", {} kept where they run", with_commas(static_cast<std::int64_t>(summary.pods_kept)));
  }
  if (summary.pods_pending > 0) {
    text += fmt::format(", {} pending", with_commas(static_cast<std::int64_t>(summary.pods_pending)));
  }
  std::string unused;
  for (const auto& [kind, count] : summary.not_used) {
    unused += fmt::format("{}{} {}", unused.empty() ? "; not used: " : ", ",
                          with_commas(static_cast<std::int64_t>(count)), kind);
  }
  return text + unused;
}

/// For a topology of zones every node is in one, and what is said of a zone is of one that there is.
bool zones_fit(const BoundVariant& bound, Diagnostics& diagnostics) {
  const TopologySettings& settings = bound.scenario.cluster.topology;
  if (settings.kind != "zones") return true;
  const Node at = bound.scenario.root["cluster"]["topology"];
  const std::span<const ClusterNode> nodes = bound.cluster->members();
  const auto nowhere = std::ranges::find(nodes, std::string_view(), &ClusterNode::zone);
  if (nowhere != nodes.end()) {
    diagnostics.error(
        at["kind"],
        fmt::format("{} of {} nodes are in no zone, the first is {}",
                    std::ranges::count(nodes, std::string_view(), &ClusterNode::zone), nodes.size(), nowhere->name),
        "cluster.nodes.zones, or the label topology.kubernetes.io/zone on every Node");
  }
  const std::vector<std::string_view>& known = bound.cluster->zones;
  bool all_known = true;
  for (const auto& [name, zone] : settings.zones) {
    if (std::ranges::find(known, name) != known.end()) continue;
    all_known = false;
    diagnostics.error(at["zones"][name].key(), fmt::format("no node is in a zone '{}'{}", name, suggest(name, known)),
                      fmt::format("{}", fmt::join(known, ", ")));
  }
  return nowhere == nodes.end() && all_known;
}

/// The network that the scenario asks for, for the nodes that there are; null where there can be none.
std::shared_ptr<const Fabric> make_fabric(const BoundVariant& bound, Diagnostics& diagnostics) {
  if (!zones_fit(bound, diagnostics)) return nullptr;
  try {
    Topology topology = make_topology(bound.scenario, *bound.cluster);
    Routing routing(topology, bound.scenario.experiment.seed);
    return std::make_shared<const Fabric>(Fabric{std::move(topology), std::move(routing)});
  } catch (const std::invalid_argument& error) {
    const Node cluster = bound.scenario.root["cluster"];
    diagnostics.error(cluster["topology"] ? cluster["topology"] : cluster,
                      fmt::format("no such network for {} nodes: {}", bound.cluster->members().size(), error.what()));
  }
  return nullptr;
}

/// Errors for a file that holds something else than a scenario: manifests, as a rule.
void check_kind(const Document& document, Diagnostics& diagnostics) {
  constexpr std::array<std::string_view, 1> kKinds{"Scenario"};
  const Node kind = document["kind"];
  const std::string_view version = document["apiVersion"].text();
  if (kind.text().empty() || !nearest(kind.text(), kKinds).empty()) return;  // a misspelt one is the binder's to tell
  diagnostics.error(
      kind,
      fmt::format("a {}, not a Scenario{}", kind.text(),
                  version.starts_with("knetsim.io/")
                      ? ""
                      : "; Kubernetes manifests are named by a scenario, and checked by 'knetsim validate'"),
      "kind: Scenario");
}

void keep_named(std::vector<Variant>& variants, const std::vector<std::string>& names) {
  if (names.empty()) {
    return;
  }
  std::vector<std::string> known;
  for (const Variant& variant : variants) {
    known.push_back(variant.name);
  }
  std::vector<Variant> kept;
  for (auto asked = names.begin(); asked != names.end(); ++asked) {
    const std::string& name = *asked;
    if (std::find(names.begin(), asked, name) != asked) {
      throw ConfigError(Mark{.file = "--variant"}, {}, fmt::format("'{}' is named twice", name));
    }
    const auto found =
        std::find_if(variants.begin(), variants.end(), [&](const Variant& variant) { return variant.name == name; });
    if (found == variants.end()) {
      throw ConfigError(Mark{.file = "--variant"}, {}, fmt::format("no variant '{}'{}", name, suggest(name, known)),
                        fmt::format("{}", fmt::join(known, ", ")));
    }
    kept.push_back(std::move(*found));
  }
  variants = std::move(kept);
}

}  // namespace

std::unique_ptr<LoadedScenario> load_scenario(const std::string& path, const LoadOptions& options) {
  auto loaded = std::make_unique<LoadedScenario>();
  loaded->path = path;
  const Document document = read_document(loaded->inputs.open(path), check_kind);
  loaded->documents = variants_of(document, options.sets, loaded->inputs, loaded->diagnostics);
  loaded->diagnostics.throw_if_errors();
  keep_named(loaded->documents, options.variants);
  TellOnce told(loaded->diagnostics);
  for (const Variant& variant : loaded->documents) {
    BoundVariant& bound = loaded->variants.emplace_back();
    bound.name = variant.name;
    Diagnostics found;
    bound.scenario = bind_scenario(variant.document->root(), found);
    told.tell(found);
  }
  loaded->diagnostics.throw_if_errors();
  tell_idle_keys(loaded->variants, loaded->diagnostics);
  ClusterLoader loader(loaded->inputs, loaded->diagnostics);
  std::vector<const Scenario*> scenarios;
  for (const BoundVariant& bound : loaded->variants) scenarios.push_back(&bound.scenario);
  const auto clusters = loader.load(scenarios);
  loaded->diagnostics.throw_if_errors();
  loaded->manifests = clusters.front()->summary;
  loaded->manifests_line = manifests_text(loaded->manifests);
  Diagnostics warnings;
  TellOnce warned(warnings);
  std::vector<std::string> modes;
  for (const BoundVariant& bound : loaded->variants) modes.push_back(bound.scenario.cluster.proxy.mode);
  for (std::size_t v = 0; v < clusters.size(); ++v) {
    BoundVariant& bound = loaded->variants[v];
    bound.cluster = {clusters[v], &clusters[v]->cluster};
    bound.models = std::make_shared<const VariantModels>(make_models(bound));
    Diagnostics found;
    tell_idle_nodes(bound, clusters[v]->summary, found);
    tell_other_proxy_mode(clusters[v]->summary, modes, found);
    loaded->profile_path = bound.scenario.costs;
    Diagnostics of_profile;
    try {
      bound.profile = load_cost_profile(loaded->inputs, loaded->profile_path, of_profile,
                                        installed_config("profiles/default.yaml"));
    } catch (const ConfigError& error) {
      add_file_error(of_profile, error, bound.scenario.root["costs"]);
    }
    Diagnostics of_traffic;
    CallGraph graph = build_call_graph(bound.scenario, *bound.cluster, bound.profile.applications, of_traffic);
    bound.traffic = std::move(graph.traffic);
    bound.targets = std::move(graph.targets);
    tell_fractional_cores(bound, of_traffic);
    if (!found.has_errors() && !of_traffic.has_errors()) {
      tell_dropped_by_policy(bound, of_traffic);
      tell_forbidden(bound, of_traffic);
      tell_idle_hints(bound, of_traffic);
      tell_zone_shares(bound, of_traffic);
      tell_connection_limits(bound, of_traffic);
      tell_overload(bound, of_traffic);
    }
    warned.tell(of_traffic);
    for (const Diagnostics* list : {&of_traffic, &of_profile}) {
      for (const Diagnostic& one : list->errors()) found.add(one);
      for (const Diagnostic& one : list->notices()) found.add(one);
    }
    bound.fabric = make_fabric(bound, found);
    loaded->slos.push_back(read_slos(bound.scenario.root["slo"], bound, found));
    told.tell(found);
    if (!bound.scenario.run.noise) {
      bound.profile = without_noise(bound.profile);
    }
    bound.tables = plan_tables(bound.profile);
  }
  loaded->diagnostics.throw_if_errors();
  loaded->warnings = warnings.notices();
  loaded->resolved = resolved_scenario(document, options.sets);
  return loaded;
}

}  // namespace knetsim
