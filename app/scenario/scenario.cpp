#include "app/scenario/scenario.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "app/scenario/scenario_keys.h"
#include "app/scenario/service_graph.h"

namespace knetsim {
namespace {

/// A law without its unit's type.
template <class Law>
std::optional<DistributionSpec> plain(const std::optional<Law>& law) {
  if (!law) return std::nullopt;
  return DistributionSpec(*law);
}

template <class Keys>
CallSpec call_of(const Keys& keys, std::string to) {
  CallSpec call;
  call.to = std::move(to);
  call.requests_per_connection = keys.requests_per_connection;
  call.streams = keys.streams;
  call.max_connections = keys.max_connections;
  call.idle_timeout = keys.idle_timeout;
  call.max_age = keys.max_age;
  call.request = plain(keys.request);
  call.response = plain(keys.response);
  call.timeout = keys.timeout;
  call.retries = keys.retries;
  call.at = keys.at;
  return call;
}

AppSettings app_of(const std::string& name, const AppKeys& keys) {
  AppSettings app;
  app.name = name;
  app.work = plain(keys.work);
  app.workers = keys.workers;
  app.backlog = keys.backlog;
  app.container = keys.container;
  app.dns = keys.dns;
  app.at = keys.at;
  for (const CallStepKeys& step : keys.calls) {
    std::vector<CallSpec>& group = app.calls.emplace_back();
    if (step.concurrent) {
      for (const CallKeys& call : *step.concurrent) group.push_back(call_of(call, call.to));
    } else {
      group.push_back(call_of(step, step.to.value_or("")));
      group.back().sleep = plain(step.sleep);
    }
  }
  return app;
}

std::string costs_file(Node root, const std::string& stated) {
  if (!stated.empty()) return path_beside(root["costs"], stated);
  std::string beside = path_beside(root, "profiles/default.yaml");
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return beside;
  std::string installed = installed_config("profiles/default.yaml");
  return installed.empty() ? beside : installed;
}

}  // namespace

std::string path_beside(Node at, std::string_view path) {
  const std::string_view file = at.mark().file;
  if (path == "-" || path.starts_with('/') || file.empty() || file.starts_with('<') || file.starts_with("--")) {
    return std::string(path);
  }
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

void add_file_error(Diagnostics& diagnostics, const ConfigError& error, Node at) {
  for (const Diagnostic& diagnostic : error.diagnostics()) add_file_error(diagnostics, diagnostic, at);
}

void add_file_error(Diagnostics& diagnostics, const Diagnostic& error, Node at) {
  if (error.line != 0 || !at.exists()) {
    diagnostics.add(error);
  } else {
    diagnostics.error(at, error.file + ": " + error.message, error.accepted);
  }
}

std::string installed_config(std::string_view relative) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  while (!error && !folder.empty()) {
    for (const char* configs : {"configs", "share/knetsim/configs"}) {
      const std::filesystem::path candidate = folder / configs / relative;
      std::error_code ignored;
      if (std::filesystem::exists(candidate, ignored)) return candidate.string();
    }
    if (folder == folder.root_path()) break;
    folder = folder.parent_path();
  }
  return {};
}

Scenario bind_scenario(Node root, Diagnostics& diagnostics) {
  const auto keys = bind<ScenarioKeys>(root, diagnostics);
  Scenario scenario;
  scenario.root = root;
  scenario.name = keys.metadata.name;
  scenario.title = keys.metadata.title;
  for (std::size_t i = 0; i < keys.manifests.size(); ++i) {
    scenario.manifests.push_back(path_beside(root["manifests"][i], keys.manifests[i]));
  }
  scenario.cluster = keys.cluster;
  if (!root["cluster"]["nodes"]["count"].exists()) scenario.cluster.nodes.count = 0;
  scenario.costs = costs_file(root, keys.costs);
  for (const auto& [name, app] : keys.apps) scenario.apps.push_back(app_of(name, app));
  if (!keys.graph.empty()) {
    scenario.graph = path_beside(root["graph"], keys.graph);
    scenario.service_graph = read_service_graph(scenario.graph, root["graph"], diagnostics);
    add_graph_apps(*scenario.service_graph, scenario.apps);
  }
  scenario.workloads = keys.workloads;
  scenario.experiment = static_cast<const ExperimentSettings&>(keys.run);
  scenario.run = static_cast<const PointSettings&>(keys.run);
  for (const TimelineKeys& entry : keys.timeline) scenario.timeline.push_back(entry_of(entry));
  scenario.slo = keys.slo;
  scenario.patches = keys.patches;
  return scenario;
}

}  // namespace knetsim
