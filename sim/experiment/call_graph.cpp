#include "sim/experiment/call_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "models/cluster/pod_selection.h"

namespace knetsim {
namespace {

constexpr Duration kDefaultTimeout = std::chrono::seconds(2);
const Distribution kDefaultSize = Distribution::constant(1024);

std::optional<std::uint16_t> as_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? std::optional(number) : std::nullopt;
}

/// What a call or a workload asks for, as written.
struct Wanted {
  std::string kind;  ///< service, nodePort, hostPort, pod, localhost
  std::string name;
  std::string port;
  std::string node;
  std::string ns;
  Node at;
};

class Builder {
 public:
  Builder(const Scenario& scenario, const Cluster& cluster, Diagnostics& diagnostics)
      : scenario_(scenario), cluster_(cluster), names_(cluster), diagnostics_(diagnostics) {}

  CallGraph build() {
    graph_.traffic.app_of_pod.assign(cluster_.pods.size(), kNoIndex);
    std::vector<WorkloadIndex> behind;
    for (const AppSettings& app : scenario_.apps) {
      behind.push_back(add_app(app));
    }
    for (std::size_t i = 0; i < scenario_.apps.size(); ++i) {
      if (behind[i] != kNoIndex) {
        add_steps(scenario_.apps[i], static_cast<AppIndex>(i), cluster_.workloads[behind[i]].ns);
      }
    }
    check_cycles();
    for (const WorkloadSettings& workload : scenario_.workloads) {
      add_source(workload);
    }
    return std::move(graph_);
  }

 private:
  WorkloadIndex add_app(const AppSettings& settings) {
    const auto index = static_cast<AppIndex>(graph_.traffic.apps.size());
    graph_.traffic.apps.push_back({.name = settings.name, .steps = {}, .workers = settings.workers});
    calls_of_.emplace_back();
    for (WorkloadIndex workload = 0; workload < cluster_.workloads.size(); ++workload) {
      if (cluster_.workloads[workload].name != settings.name) {
        continue;
      }
      for (const PodIndex pod : cluster_.workloads[workload].pods) {
        graph_.traffic.app_of_pod[pod] = index;
      }
      return workload;
    }
    std::vector<std::string> known;
    for (const Workload& workload : cluster_.workloads) {
      known.emplace_back(workload.name);
    }
    diagnostics_.error(settings.at,
                       fmt::format("no workload is called '{}'{}", settings.name, suggest(settings.name, known)),
                       "the name of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Pod of the manifests");
    return kNoIndex;
  }

  void add_steps(const AppSettings& settings, AppIndex index, std::string_view ns) {
    std::vector<AppStep> steps;
    if (settings.work) {
      steps.push_back({.work_seconds = settings.work->law, .sleep_seconds = {}, .calls = {}});
    }
    for (const std::vector<CallSpec>& group : settings.calls) {
      AppStep step;
      for (const CallSpec& call : group) {
        if (call.to.empty()) {
          step.sleep_seconds = call.sleep->law;
          continue;
        }
        if (const std::optional<EdgeIndex> edge = add_call(settings, index, call, ns)) {
          step.calls.push_back(*edge);
        }
      }
      steps.push_back(std::move(step));
    }
    graph_.traffic.apps[index].steps = std::move(steps);
  }

  std::optional<EdgeIndex> add_call(const AppSettings& app, AppIndex index, const CallSpec& call, std::string_view ns) {
    Wanted wanted{.kind = "service", .name = call.to, .port = {}, .node = {}, .ns = std::string(ns), .at = call.at};
    if (wanted.name.starts_with("pod:")) {
      wanted.kind = "pod";
      wanted.name.erase(0, 4);
    }
    if (const std::size_t colon = wanted.name.rfind(':'); colon != std::string::npos) {
      wanted.port = wanted.name.substr(colon + 1);
      wanted.name.erase(colon);
    }
    wanted.kind = wanted.name == "localhost" ? "localhost" : wanted.kind;
    EdgeSpec edge{.name = app.name + " > " + call.to,
                  .target = wanted.name,
                  .requests_per_connection = call.requests_per_connection.value_or(1),
                  .request_bytes = call.request ? call.request->law : kDefaultSize,
                  .response_bytes = call.response ? call.response->law : kDefaultSize,
                  .timeout = call.timeout.value_or(kDefaultTimeout),
                  .retries = call.retries.value_or(0)};
    calls_of_[index].push_back(wanted.name);
    return add_edge(std::move(edge), wanted);
  }

  void add_source(const WorkloadSettings& settings) {
    TrafficSpec source{.name = settings.name, .clients = {}, .edge = 0, .arrivals = {}};
    source.clients = PodSelection(cluster_).matching(settings.from, settings.ns);
    if (source.clients.empty()) {
      diagnostics_.error(settings.at["from"], fmt::format("no pod matches '{}'", settings.from_selector),
                         "labels of a pod that the manifests bring");
      return;
    }
    Wanted wanted{.kind = settings.to.kind,
                  .name = settings.to.name,
                  .port = settings.to.port,
                  .node = settings.to.node,
                  .ns = std::string(cluster_.pods[source.clients.front()].ns),
                  .at = settings.to.at};
    EdgeSpec edge{.name = settings.name,
                  .target = settings.to.name,
                  .udp = settings.protocol == "udp",
                  .requests_per_connection = settings.requests_per_connection,
                  .request_bytes = settings.request.law,
                  .response_bytes = settings.response.law,
                  .timeout = settings.timeout,
                  .retries = settings.retries};
    const std::optional<EdgeIndex> index = add_edge(std::move(edge), wanted);
    if (!index) {
      return;
    }
    source.edge = *index;
    if (settings.arrival_kind == "closed") {
      source.arrivals =
          ClosedLoop{.users = settings.users, .think_seconds = settings.think ? settings.think->law : Distribution{}};
    } else if (settings.arrival_kind == "times") {
      source.arrivals = ListedArrivals{settings.times};
    } else if (settings.arrival_kind == "constant") {
      source.arrivals = ConstantArrivals{from_seconds(1 / settings.rate_per_second)};
    } else {
      source.arrivals = PoissonArrivals{settings.rate_per_second};
    }
    graph_.traffic.sources.push_back(std::move(source));
  }

  std::optional<EdgeIndex> add_edge(EdgeSpec edge, const Wanted& wanted) {
    const std::optional<EdgeTarget> target = look_up(wanted);
    if (!target) {
      return std::nullopt;
    }
    edge.loopback = target->loopback;
    graph_.traffic.edges.push_back(std::move(edge));
    graph_.targets.push_back(*target);
    return static_cast<EdgeIndex>(graph_.traffic.edges.size() - 1);
  }

  std::optional<EdgeTarget> look_up(const Wanted& wanted) {
    EdgeTarget target;
    if (wanted.kind == "localhost") {
      target.exposure = Exposure::PodIp;
      target.loopback = true;
      return target;
    }
    if (wanted.kind == "pod" || wanted.kind == "hostPort") {
      return pods_of(wanted);
    }
    target.exposure = wanted.kind == "nodePort" ? Exposure::NodePort : Exposure::ClusterIp;
    target.port = port_of(wanted);
    if (target.port == kNoIndex) {
      return std::nullopt;
    }
    const ServicePort& port = cluster_.service_ports[target.port];
    if (target.exposure == Exposure::NodePort && port.node_port == 0) {
      diagnostics_.error(wanted.at, fmt::format("Service '{}' has no node port", wanted.name),
                         "a Service of type NodePort or LoadBalancer");
      return std::nullopt;
    }
    const auto endpoints = cluster_.endpoints.latest().endpoints(target.port);
    if (endpoints.empty()) {
      diagnostics_.error(wanted.at, fmt::format("Service '{}' has no endpoint that could answer", wanted.name),
                         "a Service whose selector matches ready pods");
      return std::nullopt;
    }
    if (cluster_.services[port.service].headless) {  // DNS gives the pods' own addresses
      target.exposure = Exposure::PodIp;
      target.port = kNoIndex;
      target.direct.assign(endpoints.begin(), endpoints.end());
    }
    if (!wanted.node.empty() && wanted.node != "random") {
      target.through = names_.node(wanted.node);
      if (target.through == kNoIndex) {
        diagnostics_.error(wanted.at, fmt::format("no node is called '{}'", wanted.node),
                           "'random' or the name of a node");
        return std::nullopt;
      }
    }
    return target;
  }

  ServicePortIndex port_of(const Wanted& wanted) {
    const std::optional<std::uint16_t> number = as_number(wanted.port);
    if (const auto node_port = as_number(wanted.name); wanted.kind == "nodePort" && node_port) {
      for (ServicePortIndex i = 0; i < cluster_.service_ports.size(); ++i) {
        if (cluster_.service_ports[i].node_port == *node_port) {
          return i;
        }
      }
    }
    const ServiceIndex service = names_.service(wanted.ns, wanted.name);
    if (service == kNoIndex) {
      std::vector<std::string> known;
      for (const Service& other : cluster_.services) {
        known.emplace_back(other.name);
      }
      diagnostics_.error(
          wanted.at,
          fmt::format("no Service '{}' in namespace '{}'{}", wanted.name, wanted.ns, suggest(wanted.name, known)),
          fmt::format(
              "{}",
              fmt::join(known.begin(),
                        known.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(known.size(), 12)), ", ")));
      return kNoIndex;
    }
    const Service& found = cluster_.services[service];
    for (std::uint32_t i = 0; i < found.port_count; ++i) {
      const ServicePort& port = cluster_.service_ports[found.first_port + i];
      if (wanted.port.empty() || port.name == wanted.port || (number && port.port == *number)) {
        return found.first_port + i;
      }
    }
    std::vector<std::string> ports;
    for (const ServicePort& port : cluster_.ports(found)) {
      ports.push_back(port.name.empty() ? std::to_string(port.port) : std::string(port.name));
    }
    diagnostics_.error(
        wanted.at,
        fmt::format("Service '{}' has no port '{}'{}", wanted.name, wanted.port, suggest(wanted.port, ports)),
        fmt::format("{}", fmt::join(ports, ", ")));
    return kNoIndex;
  }

  /// Pods of a workload, or the one pod of that name, as endpoints of their own.
  std::optional<EdgeTarget> pods_of(const Wanted& wanted) {
    EdgeTarget target;
    target.exposure = wanted.kind == "hostPort" ? Exposure::HostPort : Exposure::PodIp;
    std::vector<PodIndex> pods;
    if (const PodIndex pod = names_.pod(wanted.ns, wanted.name); pod != kNoIndex) {
      pods.push_back(pod);
    } else if (const WorkloadIndex workload = names_.workload(wanted.ns, wanted.name); workload != kNoIndex) {
      pods = cluster_.workloads[workload].pods;
    }
    if (pods.empty()) {
      std::vector<std::string> known;
      for (const Workload& workload : cluster_.workloads) {
        known.emplace_back(workload.name);
      }
      diagnostics_.error(
          wanted.at, fmt::format("no pod and no workload is called '{}'{}", wanted.name, suggest(wanted.name, known)));
      return std::nullopt;
    }
    for (const PodIndex pod : pods) {
      for (const Container& container : cluster_.spec(cluster_.pods[pod]).containers) {
        for (const ContainerPort& port : container.ports) {
          const bool named =
              wanted.port.empty() || port.name == wanted.port || std::to_string(port.port) == wanted.port;
          if (named && (wanted.kind == "pod" || port.host_port != 0) &&
              (target.direct.empty() || target.direct.back().pod != pod)) {
            const std::uint16_t asked = wanted.kind == "pod" ? port.port : port.host_port;
            target.direct.push_back(
                {.address = cluster_.pods[pod].ip, .port = asked, .pod = pod, .node = cluster_.pods[pod].node});
          }
        }
      }
    }
    if (target.direct.empty()) {
      diagnostics_.error(wanted.at, fmt::format("no container of '{}' has a {}{}{}", wanted.name,
                                                wanted.kind == "pod" ? "port" : "hostPort",
                                                wanted.port.empty() ? "" : " ", wanted.port));
      return std::nullopt;
    }
    return target;
  }

  void check_cycles() {
    const std::size_t count = scenario_.apps.size();
    std::vector<int> seen(count, 0);  // 0: not yet, 1: on the way, 2: done
    std::vector<std::size_t> way;
    const auto visit = [&](const auto& self, std::size_t app) -> bool {
      seen[app] = 1;
      way.push_back(app);
      for (const std::string& callee : calls_of_[app]) {
        for (std::size_t next = 0; next < count; ++next) {
          if (scenario_.apps[next].name != callee || seen[next] == 2) {
            continue;
          }
          if (seen[next] == 1) {
            std::string cycle;
            for (auto at = std::find(way.begin(), way.end(), next); at != way.end(); ++at) {
              cycle += scenario_.apps[*at].name + " > ";
            }
            diagnostics_.error(scenario_.apps[app].at,
                               fmt::format("the calls go round in a circle: {}{}", cycle, callee),
                               "a call graph without cycles");
            return false;
          }
          if (!self(self, next)) {
            return false;
          }
        }
      }
      seen[app] = 2;
      way.pop_back();
      return true;
    };
    for (std::size_t app = 0; app < count; ++app) {
      if (seen[app] == 0 && !visit(visit, app)) {
        return;
      }
    }
  }

  const Scenario& scenario_;
  const Cluster& cluster_;
  ClusterNames names_;
  Diagnostics& diagnostics_;
  CallGraph graph_;
  std::vector<std::vector<std::string>> calls_of_;  ///< Names of callees, by app.
};

}  // namespace

CallGraph build_call_graph(const Scenario& scenario, const Cluster& cluster, Diagnostics& diagnostics) {
  return Builder(scenario, cluster, diagnostics).build();
}

}  // namespace knetsim
