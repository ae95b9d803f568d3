#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/terminal.h"
#include "app/scenario/connection_limits.h"
#include "app/scenario/load_cluster.h"
#include "app/scenario/load_scenario.h"
#include "app/scenario/proxy_mode_notice.h"
#include "models/cluster/addresses.h"
#include "sim/input/read_documents.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

struct ValidateArguments {
  std::vector<std::string> paths;
  std::vector<std::string> sets;
  std::uint32_t nodes = 0;
  bool recursive = false;
  bool strict = false;
  OutputFormat format = OutputFormat::Table;
};

/// What was found in good order.
struct Validated {
  std::vector<std::pair<std::string, std::string>> lines;  ///< Heading and text, for a person.
  nlohmann::ordered_json json;
  std::vector<Diagnostic> notices;
};

std::string number(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(static_cast<std::int64_t>(count)), what, count == 1 ? "" : "s");
}

nlohmann::ordered_json json_of(const Diagnostic& one) {
  nlohmann::ordered_json json = {{"severity", one.severity == Severity::Error ? "error" : "notice"},
                                 {"file", one.file},
                                 {"line", one.line},
                                 {"column", one.column},
                                 {"path", one.path},
                                 {"message", one.message}};
  if (one.severity == Severity::Notice) json["unsupported"] = one.unsupported;
  if (!one.object.empty()) json["object"] = one.object;
  if (!one.accepted.empty()) json["accepted"] = one.accepted;
  return json;
}

void add_cluster(Validated& result, const Cluster& cluster) {
  std::map<std::string, std::size_t> kinds;
  for (const Workload& workload : cluster.workloads) ++kinds[std::string(workload.kind)];
  std::vector<std::string> workloads;
  for (const auto& [kind, count] : kinds) {
    workloads.push_back(fmt::format("{} {}", with_commas(static_cast<std::int64_t>(count)), kind));
  }
  std::size_t endpoints = 0;
  const EndpointView view = cluster.endpoints.latest();
  for (ServicePortIndex port = 0; port < cluster.service_ports.size(); ++port) {
    endpoints += view.endpoints(port, IpFamily::V4).size() + view.endpoints(port, IpFamily::V6).size();
  }
  const auto later = static_cast<std::size_t>(std::ranges::count_if(cluster.pods, &Pod::later));
  const std::size_t pods = cluster.member_pods().size() - later;
  result.lines.emplace_back(
      "cluster", fmt::format("{}, {}, {} with {} and {}", number(cluster.members().size(), "node"), number(pods, "pod"),
                             number(cluster.services.size(), "Service"), number(cluster.service_ports.size(), "port"),
                             number(endpoints, "endpoint")));
  if (!cluster.events.empty()) {
    const auto gone = std::ranges::count(cluster.events, ClusterEvent::Kind::Stopped, &ClusterEvent::kind);
    result.lines.emplace_back(
        "timeline",
        fmt::format("{}: {} made, {} gone, the last at {}", number(cluster.events.size(), "event"),
                    number(later, "pod"), with_commas(gone), human(cluster.events.back().at.time_since_epoch())));
  }
  if (!workloads.empty()) result.lines.emplace_back("workloads", fmt::format("{}", fmt::join(workloads, ", ")));
  result.json["cluster"] = {{"nodes", cluster.members().size()},
                            {"pods", pods},
                            {"pods_made_later", later},
                            {"services", cluster.services.size()},
                            {"service_ports", cluster.service_ports.size()},
                            {"endpoints", endpoints}};
  for (const auto& [kind, count] : kinds) result.json["cluster"]["workloads"][kind] = count;
}

nlohmann::ordered_json json_of(const ClusterSummary& summary) {
  nlohmann::ordered_json json = {{"objects", summary.objects},
                                 {"pods_placed", summary.pods_placed},
                                 {"pods_kept", summary.pods_kept},
                                 {"pods_pending", summary.pods_pending},
                                 {"nodes_made", summary.nodes_made}};
  json["not_used"] = nlohmann::ordered_json::object();
  for (const auto& [kind, count] : summary.not_used) json["not_used"][kind] = count;
  return json;
}

/// Seconds; null where that never comes.
nlohmann::ordered_json seconds(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json json_of(const BoundVariant& base, const ConnectionLimits& limits) {
  nlohmann::ordered_json json = {{"local_ports", nlohmann::ordered_json::array()}};
  for (const PortUse& use : limits.ports) {
    json["local_ports"].push_back({{"edge", base.traffic.edges[use.edge].name},
                                   {"address", use.address},
                                   {"connections_per_s", use.per_second},
                                   {"at_most", use.at_most},
                                   {"destinations", use.destinations},
                                   {"last_s", seconds(use.ports_last_s)}});
  }
  const ConntrackUse& table = limits.conntrack;
  json["conntrack"] = {{"node", table.node},
                       {"entries_at_end", table.entries},
                       {"entries_lasting", table.lasting},
                       {"room", table.most}};
  return json;
}

/// The laws that were read from files, with the mean that a load is reckoned from.
void add_laws(Validated& result, const Scenario& scenario) {
  const auto add = [&](const std::string& key, const DistributionSpec& law, bool times) {
    if (law.kind != "cdf") return;
    result.lines.emplace_back(
        "law", fmt::format("{}: {}, linear between its points, mean {}", key, law.file,
                           times ? human(from_seconds(law.mean)) : human(Bytes(static_cast<std::int64_t>(law.mean)))));
    result.json["laws"].push_back({{"key", key}, {"file", law.file}, {"mean", law.mean}, {"unit", times ? "s" : "By"}});
  };
  for (const auto& [name, workload] : scenario.workloads) {
    add(fmt::format("workloads.{}.request", name), workload.request, false);
    add(fmt::format("workloads.{}.response", name), workload.response, false);
    if (workload.work) add(fmt::format("workloads.{}.work", name), *workload.work, true);
    if (const auto& loop = workload.arrivals.closed) {
      add(fmt::format("workloads.{}.arrivals.closed.think", name), loop->think, true);
    }
  }
  for (const AppSettings& app : scenario.apps) {
    if (app.work) add(fmt::format("apps.{}.work", app.name), *app.work, true);
    for (std::size_t group = 0; group < app.calls.size(); ++group) {
      const std::vector<CallSpec>& calls = app.calls[group];
      for (std::size_t i = 0; i < calls.size(); ++i) {
        const std::string inner = calls.size() > 1 ? fmt::format("[{}]", i) : std::string();
        const std::string key = fmt::format("apps.{}.calls[{}]{}", app.name, group, inner);
        if (calls[i].sleep) add(key + ".sleep", *calls[i].sleep, true);
        if (calls[i].request) add(key + ".request", *calls[i].request, false);
        if (calls[i].response) add(key + ".response", *calls[i].response, false);
      }
    }
  }
}

void add_scenario(Validated& result, const LoadedScenario& loaded) {
  const BoundVariant& base = loaded.variants.front();
  std::vector<std::string> names;
  for (const BoundVariant& variant : loaded.variants) names.push_back(variant.name);
  const PointSettings& run = base.scenario.run;
  const ExperimentSettings& experiment = base.scenario.experiment;
  const std::size_t points = names.size() * experiment.replicates;
  result.lines.emplace_back(
      "scenario", fmt::format("{}: {}, {}", base.scenario.name, number(base.traffic.sources.size(), "workload"),
                              number(base.traffic.apps.size(), "app")));
  result.lines.emplace_back("variants", fmt::format("{}", fmt::join(names, ", ")));
  result.lines.emplace_back("run",
                            fmt::format("{} ({} x {}) of {} and {} of warm-up, seed {}", number(points, "point"),
                                        number(names.size(), "variant"), number(experiment.replicates, "replicate"),
                                        human(run.duration), human(run.warm_up), experiment.seed));
  result.lines.emplace_back("manifests", loaded.manifests_line);
  result.lines.emplace_back("costs", fmt::format("{} ({})", base.profile.name, base.profile.machine));
  result.json["scenario"] = {{"name", base.scenario.name},
                             {"variants", names},
                             {"replicates", experiment.replicates},
                             {"points", points},
                             {"workloads", base.traffic.sources.size()},
                             {"apps", base.traffic.apps.size()},
                             {"duration_s", to_seconds(run.duration)},
                             {"warm_up_s", to_seconds(run.warm_up)},
                             {"seed", experiment.seed},
                             {"costs", base.profile.name}};
  result.json["manifests"] = json_of(loaded.manifests);
  add_cluster(result, *base.cluster);
  add_laws(result, base.scenario);
  const ConnectionLimits limits = connection_limits(base);
  if (const std::string text = limits_text(base, limits); !text.empty()) result.lines.emplace_back("limits", text);
  result.json["limits"] = json_of(base, limits);
}

Validated validate_scenario(const ValidateArguments& arguments) {
  const auto loaded = load_scenario(arguments.paths.front(), {arguments.sets, {}});
  Validated result;
  add_scenario(result, *loaded);
  result.notices = loaded->diagnostics.notices();
  return result;
}

Validated validate_manifests(const ValidateArguments& arguments) {
  if (!arguments.sets.empty()) throw UsageError("--set is for scenarios; these are manifests");
  InputSet inputs;
  Diagnostics diagnostics;
  Scenario scenario;
  scenario.manifests = expand_paths(arguments.paths, {.recursive = arguments.recursive});
  if (arguments.nodes > kMostNodes)
    throw UsageError(fmt::format("--nodes: {} nodes; up to {}", arguments.nodes, kMostNodes));
  scenario.cluster.nodes.count = arguments.nodes;
  scenario.cluster.nodes.memory = Bytes(std::int64_t{32} << 30);
  const std::shared_ptr<const LoadedCluster> shared = ClusterLoader(inputs, diagnostics).load(scenario);
  diagnostics.throw_if_errors();
  const LoadedCluster& loaded = *shared;
  if (loaded.summary.objects == 0 && loaded.summary.not_used.empty() && diagnostics.notices().empty()) {
    const bool one = scenario.manifests.size() == 1;
    diagnostics.error(Mark{.file = scenario.manifests.front()}, {},
                      one ? "the file holds no document" : "the files hold no document", "YAML or JSON of Kubernetes");
    diagnostics.throw_if_errors();
  }
  // A scenario that says nothing of it has this mode.
  tell_other_proxy_mode(loaded.summary, std::span(&scenario.cluster.proxy.mode, 1), diagnostics);
  Validated result;
  std::vector<std::string> unused;
  for (const auto& [kind, count] : loaded.summary.not_used) {
    unused.push_back(fmt::format("{} {}", with_commas(static_cast<std::int64_t>(count)), kind));
  }
  result.lines.emplace_back("manifests", number(loaded.summary.objects, "object"));
  result.json["manifests"] = json_of(loaded.summary);
  add_cluster(result, loaded.cluster);
  if (!unused.empty()) result.lines.emplace_back("not used", fmt::format("{}", fmt::join(unused, ", ")));
  if (loaded.summary.pods_pending > 0) {
    result.lines.emplace_back("pending",
                              fmt::format("{}, for the reasons above", number(loaded.summary.pods_pending, "pod")));
  }
  if (loaded.summary.nodes_made > 0) {
    result.lines.emplace_back("nodes", fmt::format("made up, since the manifests have none: {} of 8 cores and 32 GiB",
                                                   loaded.summary.nodes_made));
  }
  result.notices = diagnostics.notices();
  return result;
}

/// The first document of an input; empty where none could be read. What is wrong is for its reader to say.
Document first_document(const Input& input) {
  struct Found {};
  Document first;
  Diagnostics ignored;
  try {
    read_documents(input, ignored, [&](const Document& document) {
      first = document;
      throw Found{};
    });
  } catch (const Found&) {
  }
  return first;
}

/// Whether one path names a scenario: its first document says so, or has keys of a scenario and no kind. What can be
/// read but once (standard input, a pipe) is taken for manifests, as kubectl and helm print them.
bool is_scenario(const std::vector<std::string>& paths) {
  std::error_code ignored;  // whoever reads it says what is wrong
  if (paths.size() != 1 || paths.front() == "-") return false;
  const auto kind = std::filesystem::status(paths.front(), ignored).type();
  if (kind == std::filesystem::file_type::directory || kind == std::filesystem::file_type::fifo) return false;
  const auto input = Input::open(paths.front());
  const Document first = first_document(*input);
  if (first.empty()) {  // Broken, or a template: a line of a scenario's own tells it from manifests.
    const std::string_view head = input->text().substr(0, std::size_t{64} << 10);
    return head.starts_with("apiVersion: knetsim.io/") ||
           head.find("\napiVersion: knetsim.io/") != std::string_view::npos;
  }
  if (first["apiVersion"].text().starts_with("knetsim.io/")) return true;
  if (first["kind"].text() == "Scenario") return !first["apiVersion"].exists();  // else another project's
  if (first["kind"].exists()) return false;
  // Without a kind: two of a scenario's keys, of which other files may have one by chance.
  constexpr std::array kKeys = {"manifests", "graph", "cluster",  "apps",   "workloads",
                                "run",       "slo",   "variants", "patches"};
  return std::count_if(kKeys.begin(), kKeys.end(), [&](const char* key) { return first[key].exists(); }) >= 2;
}

int finish(const ValidateArguments& arguments, const CommandContext& context, Validated& result) {
  const auto unsupported = static_cast<std::size_t>(std::count_if(
      result.notices.begin(), result.notices.end(), [](const Diagnostic& one) { return one.unsupported; }));
  const bool refused = arguments.strict && unsupported > 0;
  if (arguments.format == OutputFormat::Json) {
    nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}, {"valid", true}};
    json.update(result.json);
    json["notices"] = nlohmann::ordered_json::array();
    for (const Diagnostic& notice : result.notices) json["notices"].push_back(json_of(notice));
    print_json(json);
    return refused ? exit_code::kUnsupported : exit_code::kDone;
  }
  if (context.says(LogLevel::Warning) && !result.notices.empty()) {
    fmt::print(stderr, "{}\n", render(result.notices, colour_errors(context.colour)));
  }
  for (const auto& [heading, text] : result.lines) fmt::print("{:<10} {}\n", heading, text);
  fmt::print("{}, no error{}\n", number(result.notices.size(), "notice"),
             refused ? fmt::format("; refused: {} not modelled (--strict)", number(unsupported, "feature")) : "");
  return refused ? exit_code::kUnsupported : exit_code::kDone;
}

}  // namespace

CommandRun add_validate_command(CLI::App& command, CommandContext& context) {
  auto arguments = std::make_shared<ValidateArguments>();
  command.description("Check a scenario, or Kubernetes manifests alone, and say what of them is used.");
  command.footer(
      "knetsim validate configs/quickstart.yaml\n"
      "knetsim validate configs/shop\n"
      "kubectl get nodes,pods,svc,endpointslices -A -o json | knetsim validate -");
  command.add_option("path", arguments->paths, "A scenario; or manifests: files, folders, - for standard input")
      ->required();
  command.add_option("--set", arguments->sets, "Set a key of the scenario; may be given again")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--nodes", arguments->nodes, "Nodes to make up for manifests that have none (default: 3)")
      ->type_name("COUNT");
  command.add_flag("-R,--recursive", arguments->recursive, "Read the folders below a folder, too");
  command.add_flag("--strict", arguments->strict, "Exit with 4 where manifests use what is not modelled");
  add_output_format(command, arguments->format);
  return [arguments, &context] {
    try {
      Validated result = is_scenario(arguments->paths) ? validate_scenario(*arguments) : validate_manifests(*arguments);
      return finish(*arguments, context, result);
    } catch (const ConfigError& error) {
      if (arguments->format == OutputFormat::Table) throw;
      nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}, {"valid", false}};
      for (const Diagnostic& one : error.diagnostics()) json["errors"].push_back(json_of(one));
      print_json(json);
      return exit_code::kConfig;
    }
  };
}

}  // namespace knetsim
