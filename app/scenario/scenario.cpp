#include "app/scenario/scenario.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "app/scenario/number_file.h"
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

RetryPolicy policy_of(const RetryKeys& keys) {
  RetryPolicy policy{.attempts = keys.attempts, .same_work = keys.same_work};
  if (keys.backoff) {
    policy.backoff = {.base = keys.backoff->base,
                      .factor = keys.backoff->factor,
                      .max = keys.backoff->max,
                      .jitter = keys.backoff->jitter};
  }
  if (keys.budget) {
    policy.budget = {.ratio = keys.budget->ratio, .per_second = keys.budget->per_second, .ttl = keys.budget->ttl};
  }
  return policy;
}

template <class Keys>
CallSpec call_of(const Keys& keys, std::string to) {
  CallSpec call;
  call.to = std::move(to);
  call.requests_per_connection = keys.requests_per_connection;
  call.request = plain(keys.request);
  call.response = plain(keys.response);
  call.timeout = keys.timeout;
  if (keys.retries) call.retries = policy_of(*keys.retries);
  call.at = keys.at;
  return call;
}

AppSettings app_of(const std::string& name, const AppKeys& keys) {
  AppSettings app;
  app.name = name;
  app.work = plain(keys.work);
  app.workers = keys.workers;
  app.container = keys.container;
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

/// "reviews:http" is the port of that name, in every kind of target.
TargetSpec target_of(const ToKeys& keys, Diagnostics& diagnostics) {
  TargetSpec to;
  std::string port_of_name;
  const auto take = [&](const char* kind, const std::optional<std::string>& name) {
    if (!name) return;
    const std::size_t colon = name->find(':');
    to.kind = kind;
    to.name = name->substr(0, colon);
    if (colon == std::string::npos) return;
    port_of_name = name->substr(colon + 1);
    const Node at = keys.at[kind].exists() ? keys.at[kind] : keys.at;
    if (to.name.empty() || port_of_name.empty()) {
      diagnostics.error(at, fmt::format("'{}' lacks a name or a port", *name), "NAME, or NAME:PORT");
    } else if (!keys.port.empty() && keys.port != port_of_name) {
      diagnostics.error(at, fmt::format("'{}' and port '{}' are two ports", *name, keys.port), "one of them");
    }
  };
  take("service", keys.service);
  take("nodePort", keys.node_port);
  take("hostPort", keys.host_port);
  take("pod", keys.pod);
  to.port = port_of_name.empty() ? keys.port : port_of_name;
  to.node = keys.through;
  to.at = keys.at;
  return to;
}

WorkloadSettings workload_of(const std::string& name, const WorkloadKeys& keys, Diagnostics& diagnostics) {
  WorkloadSettings workload;
  workload.name = name;
  workload.from = keys.from.selector;
  workload.from_selector = keys.from.selector.to_string();
  workload.ns = keys.from.ns;
  workload.to = target_of(keys.to, diagnostics);
  workload.protocol = keys.protocol;
  const ArrivalKeys& arrivals = keys.arrivals;
  if (arrivals.poisson) {
    workload.arrival_kind = "poisson";
    workload.rate_per_second = arrivals.poisson->per_second();
  } else if (arrivals.constant) {
    workload.arrival_kind = "constant";
    workload.rate_per_second = arrivals.constant->per_second();
  } else if (arrivals.times) {
    workload.arrival_kind = "times";
    workload.times_file = path_beside(arrivals.at["times"], *arrivals.times);
    try {
      workload.times = read_times_file(workload.times_file, arrivals.count_from == "first", diagnostics);
    } catch (const ConfigError& error) {
      add_file_error(diagnostics, error, arrivals.at["times"]);
    }
  } else if (arrivals.closed) {
    workload.arrival_kind = "closed";
    workload.users = arrivals.closed->users;
    workload.think = arrivals.closed->think;
  }
  workload.requests_per_connection = keys.connection.requests_per_connection;
  workload.await_close = keys.connection.await_close;
  workload.work = plain(keys.work);
  workload.request = keys.request;
  workload.response = keys.response;
  workload.timeout = keys.timeout;
  workload.retries = policy_of(keys.retries);
  workload.at = keys.at;
  return workload;
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
  for (const auto& [name, workload] : keys.workloads) {
    scenario.workloads.push_back(workload_of(name, workload, diagnostics));
  }
  scenario.run = keys.run;
  scenario.slo = keys.slo;
  scenario.patches = keys.patches;
  return scenario;
}

}  // namespace knetsim
