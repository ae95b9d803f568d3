#include "app/scenario/call_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/scenario/balancer_edges.h"
#include "app/scenario/cluster_dns.h"
#include "app/scenario/number_file.h"
#include "app/scenario/target_lookup.h"
#include "app/scenario/url_edges.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/external_clients.h"
#include "models/cluster/pod_selection.h"

namespace knetsim {
namespace {

Distribution one_kib() { return Distribution::constant(1024); }

/// Whom a call is for: its text taken apart.
struct NamedTarget {
  enum class Kind : std::uint8_t { Service, Pod, Localhost };
  Kind kind = Kind::Service;
  std::string name;
  std::string port;
};

NamedTarget parse_call(std::string_view text) {
  NamedTarget target;
  if (text.starts_with("pod:")) {
    target.kind = NamedTarget::Kind::Pod;
    text.remove_prefix(4);
  } else if (text.starts_with("localhost:")) {
    target.kind = NamedTarget::Kind::Localhost;
  }
  const std::size_t colon = text.find(':');
  target.name = std::string(text.substr(0, colon));
  if (colon != std::string_view::npos) target.port = std::string(text.substr(colon + 1));
  return target;
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

/// The name by which DNS knows a Service that is written so: "shop/cart" is cart.shop.
std::string name_to_look_up(const NameKeys& keys, std::string_view written) {
  if (!keys.name.empty()) return keys.name;
  const std::size_t slash = written.find('/');
  if (slash == std::string_view::npos) return std::string(written);
  return fmt::format("{}.{}", written.substr(slash + 1), written.substr(0, slash));
}

/// What a workload asks for: its text taken apart. "reviews:http" is the port of that name, in every kind of target.
struct WorkloadTarget {
  std::string kind;  ///< service, loadBalancer, externalIP, nodePort, hostPort, pod, url, external, name
  std::string name;
  std::string port;  ///< Name or number; empty: the first.
  Node at;
};

WorkloadTarget target_of(const ToKeys& keys, Diagnostics& diagnostics) {
  WorkloadTarget to;
  const auto take = [&](const char* kind, const std::optional<std::string>& text) {
    if (!text) return;
    const std::size_t colon = text->find(':');
    to.kind = kind;
    to.at = keys.at.is_mapping() && keys.at[kind].exists() ? keys.at[kind] : keys.at;
    to.name = text->substr(0, colon);
    to.port = keys.port;
    if (colon == std::string::npos) return;
    to.port = text->substr(colon + 1);
    if (to.name.empty() || to.port.empty()) {
      diagnostics.error(to.at, fmt::format("'{}' lacks a name or a port", *text), "NAME, or NAME:PORT");
    } else if (!keys.port.empty() && keys.port != to.port) {
      diagnostics.error(to.at, fmt::format("'{}' and port '{}' are two ports", *text, keys.port), "one of them");
    }
  };
  if (keys.url) {
    to.kind = "url";
    to.at = keys.at.is_mapping() && keys.at["url"].exists() ? keys.at["url"] : keys.at;
    to.name = *keys.url;
  }
  take("service", keys.service);
  take("loadBalancer", keys.load_balancer);
  take("externalIP", keys.external_ip);
  take("nodePort", keys.node_port);
  take("hostPort", keys.host_port);
  take("pod", keys.pod);
  if (keys.external) {
    to.kind = "external";
    to.at = keys.at["external"];
  }
  if (keys.name) {
    to.kind = "name";
    to.at = keys.at["name"];
    to.name = *keys.name;
  }
  return to;
}

class CallGraphBuilder {
 public:
  CallGraphBuilder(const Scenario& scenario, const Cluster& cluster, const ApplicationCosts& costs,
                   Diagnostics& diagnostics)
      : scenario_(scenario),
        cluster_(cluster),
        costs_(costs),
        diagnostics_(diagnostics),
        lookup_(cluster,
                {.mode = mode_of(scenario.cluster),
                 .kubernetes = parse_version(scenario.cluster.kubernetes),
                 .balancer = load_balancer_kind_of(scenario.cluster)},
                diagnostics) {}

  CallGraph build() {
    graph_.traffic.app_of_pod.assign(cluster_.pods.size(), kNoIndex);
    for (const auto& [name, workload] : scenario_.workloads)
      graph_.names[name] = 1;  // their own calls have their names
    for (const AppSettings& app : scenario_.apps) add_app(app);
    dns_.emplace(scenario_, cluster_, lookup_, graph_, diagnostics_);
    for (std::size_t i = 0; i < apps_.size(); ++i) add_calls(i);
    const PodSelection selection(cluster_);
    for (const auto& [name, workload] : scenario_.workloads) add_workload(name, workload, selection);
    dns_->add_server();
    report_cycles();
    return std::move(graph_);
  }

 private:
  /// An app that was found in the cluster; its index is that of its AppSpec.
  struct FoundApp {
    const AppSettings* settings = nullptr;
    WorkloadIndex workload = kNoIndex;
    std::string container;  ///< Of an app that serves the calls of the pod's other containers.
  };
  /// A call between apps, for the search for circles.
  struct AppCall {
    AppIndex from = 0;
    std::set<AppIndex> to;
    Node at;
  };

  void add_app(const AppSettings& app) {
    FoundApp found{.settings = &app, .workload = kNoIndex, .container = {}};
    const std::size_t slash = app.name.find('/');
    if (slash != std::string::npos) {
      found.workload = workload_with_container(app.name.substr(0, slash), app.name.substr(slash + 1));
      if (found.workload != kNoIndex) found.container = app.name.substr(slash + 1);
    }
    if (found.workload == kNoIndex) found.workload = lookup_.workload(app.name, app.at.key());
    if (found.workload == kNoIndex) return;
    const Workload& workload = cluster_.workloads[found.workload];
    if (workload.pods.empty()) {
      diagnostics_.error(app.at.key(), fmt::format("{} has no pods that could serve the app '{}'{}",
                                                   object_label(workload.kind, workload.ns, workload.name), app.name,
                                                   absent_hint(cluster_, made_by(workload))));
      return;
    }
    const auto index = static_cast<AppIndex>(apps_.size());
    if (found.container.empty()) {
      for (const PodIndex pod : workload.pods) graph_.traffic.app_of_pod[pod] = index;
    }
    apps_.push_back(found);
    AppSpec& spec = graph_.traffic.apps.emplace_back();
    spec.name = app.name;
    spec.workers = app.workers;
    if (app.backlog) spec.accept_places = accept_places(app);
    if (!found.container.empty()) {
      spec.container = found.container;
      spec.beside_in = workload.pods;
    } else if (!app.container.empty()) {
      name_container(spec, app, workload);
    }
    if (app.work) spec.steps.push_back({.work_seconds = app.work->law, .sleep_seconds = {}, .calls = {}});
  }

  std::uint32_t accept_places(const AppSettings& app) {
    const std::uint32_t most = somaxconn(scenario_.cluster);
    if (*app.backlog > most) {
      diagnostics_.notice(app.at["backlog"],
                          fmt::format("listen() cuts {} to net.core.somaxconn, {}", *app.backlog, most),
                          "cluster.tcp.somaxconn");
    }
    return std::min(*app.backlog, most) + 1;  // sk_acceptq_is_full
  }

  void name_container(AppSpec& spec, const AppSettings& app, const Workload& workload) {
    const auto& containers = cluster_.spec(cluster_.pods[workload.pods.front()]).containers;
    std::vector<std::string> names;
    for (const Container& container : containers) names.emplace_back(container.name);
    if (std::ranges::find(names, app.container) == names.end()) {
      diagnostics_.error(app.at["container"],
                         fmt::format("the pods of {} have no container '{}'{}",
                                     object_label(workload.kind, workload.ns, workload.name), app.container,
                                     suggest(app.container, names)),
                         fmt::format("{}", fmt::join(names, ", ")));
      return;
    }
    spec.container = app.container;
  }

  WorkloadIndex workload_with_container(std::string_view name, std::string_view container) const {
    for (WorkloadIndex i = 0; i < cluster_.workloads.size(); ++i) {
      const Workload& workload = cluster_.workloads[i];
      if (workload.name != name || workload.pods.empty()) continue;
      const auto& containers = cluster_.spec(cluster_.pods[workload.pods.front()]).containers;
      if (std::any_of(containers.begin(), containers.end(), [&](const Container& c) { return c.name == container; }))
        return i;
    }
    return kNoIndex;
  }

  void add_calls(std::size_t index) {
    const FoundApp app = apps_[index];
    for (const std::vector<CallSpec>& group : app.settings->calls) {
      AppStep step;
      for (const CallSpec& call : group) {
        if (call.sleep) {
          step.sleep_seconds = call.sleep->law;
        } else if (const EdgeIndex edge = add_call(static_cast<AppIndex>(index), call); edge != kNoIndex) {
          step.calls.push_back(edge);
        }
      }
      graph_.traffic.apps[index].steps.push_back(std::move(step));
    }
  }

  EdgeIndex add_call(AppIndex index, const CallSpec& call) {
    const FoundApp& app = apps_[index];
    const Workload& workload = cluster_.workloads[app.workload];
    const NamedTarget wanted = parse_call(call.to);
    std::optional<EdgeTarget> target;
    AppCall made{.from = index, .to = {}, .at = call.at};
    EdgeSpec edge;
    switch (wanted.kind) {
      case NamedTarget::Kind::Service:
        target = lookup_.service(split_service_name(wanted.name, workload.ns), wanted.port, Protocol::Tcp, call.at);
        break;
      case NamedTarget::Kind::Pod:
        target = lookup_.pod(split_name(wanted.name, workload.ns), wanted.port, Protocol::Tcp, call.at);
        break;
      case NamedTarget::Kind::Localhost: {
        std::string container;
        target = lookup_.loopback(workload.pods, wanted.port, Protocol::Tcp, call.at, container);
        if (!target) return kNoIndex;
        edge.loopback = true;
        edge.app = app_of_container(app.workload, container);
        if (edge.app != kNoIndex) made.to.insert(edge.app);
        break;
      }
    }
    if (!target) return kNoIndex;
    edge.name = graph_.unique_name(fmt::format("{} > {}", app.settings->name, call.to));
    edge.target = call.to;
    edge.connections = {.requests = requests_on_each(call.requests_per_connection, call.streams.value_or(1)),
                        .streams = call.streams.value_or(1),
                        .limit = call.max_connections.value_or(0),
                        .idle_timeout = call.idle_timeout,
                        .max_age = call.max_age};
    edge.script = plain_script({.request_bytes = call.request ? call.request->law : one_kib(),
                                .response_bytes = call.response ? call.response->law : one_kib()});
    edge.timeout = call.timeout.value_or(std::chrono::seconds(2));
    edge.retries = policy_of(call.retries.value_or(RetryKeys{}));
    if (const auto& dns = app.settings->dns; dns && dns->looks_up() && wanted.kind == NamedTarget::Kind::Service) {
      const std::string name = name_to_look_up(*dns, wanted.name);
      if (!resolve_first(edge, *dns, name, workload.pods, call.at)) return kNoIndex;
    }
    add_servers(*target, made.to);
    calls_.push_back(std::move(made));
    return graph_.add_edge(std::move(edge), std::move(*target));
  }

  /// The edge's clients look a name up first. @return  False after an error.
  bool resolve_first(EdgeSpec& edge, const NameKeys& keys, std::string_view name, std::span<const PodIndex> clients,
                     Node at) {
    const EdgeIndex lookup =
        dns_->add_lookup({.by = edge.name, .name = name, .clients = clients, .keys = keys, .at = at});
    if (lookup == kNoIndex) return false;
    Resolve resolve{.lookup = lookup};
    if (keys.mode == "cached") resolve.kept_for = keys.ttl;
    edge.script = with_step(std::move(edge.script), resolve);
    return true;
  }

  AppIndex app_of_container(WorkloadIndex workload, const std::string& container) const {
    for (AppIndex i = 0; i < apps_.size(); ++i) {
      if (apps_[i].workload == workload && apps_[i].container == container) return i;
    }
    return kNoIndex;
  }

  void add_servers(const EdgeTarget& target, std::set<AppIndex>& apps) const {
    const auto add = [&](std::span<const Endpoint> endpoints) {
      for (const Endpoint& endpoint : endpoints) {
        if (endpoint.pod == kNoIndex) continue;
        const AppIndex app = graph_.traffic.app_of_pod[endpoint.pod];
        if (app != kNoIndex) apps.insert(app);
      }
    };
    if (target.loopback) return;
    const EndpointView view = cluster_.endpoints.latest();
    add(target.port == kNoIndex ? std::span<const Endpoint>(target.direct) : view.everywhere(target.port));
  }

  void add_workload(const std::string& name, const WorkloadKeys& workload, const PodSelection& selection) {
    TrafficSpec source;
    source.name = name;
    const bool external = workload.from.external.has_value();
    source.clients =
        external ? external_clients(cluster_, name) : selection.matching(*workload.from.selector, workload.from.ns);
    if (source.clients.empty()) report_no_clients(workload);
    const std::string ns = !workload.from.ns.empty() ? workload.from.ns
                           : !external && !source.clients.empty()
                               ? std::string(cluster_.pods[source.clients.front()].ns)
                               : std::string("default");
    source.arrivals = arrivals_of(workload.arrivals);
    const std::size_t errors = diagnostics_.error_count();
    WorkloadTarget to = target_of(workload.to, diagnostics_);
    if (diagnostics_.error_count() > errors) return;
    if (to.kind == "name") {
      add_lookups_alone(name, workload, to, std::move(source));
      return;
    }
    EdgeSpec edge;
    edge.udp = workload.protocol == "udp";
    const Side side = external ? Side::Outside : Side::Inside;
    std::optional<UrlRoute> route;
    std::optional<EdgeTarget> target;
    if (to.kind == "url") {
      route = urls().find(to.name, to.at);
      if (!route) return;
      target = urls().in_front(*route, side, to.at);
    } else if (to.kind == "external") {
      to.name = name;
      target = outside(name, *workload.to.external, edge.udp);
    } else {
      target = find(to, workload.to.through, edge.udp ? Protocol::Udp : Protocol::Tcp, ns, side);
    }
    if (!target || source.clients.empty()) return;
    const auto dropped =
        std::ranges::count_if(source.clients, [&](PodIndex client) { return !lookup_.lets_in(*target, client); });
    if (dropped > 0) {
      diagnostics_.notice(to.at,
                          fmt::format("{} of {} clients of '{}' are outside of the load balancer's source ranges: what "
                                      "they send is dropped",
                                      dropped, source.clients.size(), name));
    }
    if (external && !lookup_.reached_from_outside(*target, to.name, to.at)) return;
    edge.name = name;
    edge.target = to.kind == "service" || to.kind == "url" ? to.name : fmt::format("{} ({})", to.name, to.kind);
    edge.connections = {
        .requests = requests_on_each(workload.connection.requests_per_connection, workload.connection.streams),
        .streams = workload.connection.streams,
        .limit = workload.connection.max_connections,
        .idle_timeout = workload.connection.idle_timeout,
        .max_age = workload.connection.max_age};
    Exchange exchange{.request_bytes = workload.request.law, .response_bytes = workload.response.law};
    if (workload.work) exchange.client_work_seconds = workload.work->law;
    if (route) {
      const std::optional<AppIndex> proxy = urls().add_proxy(*route, exchange, edge.connections, to.at);
      if (!proxy) return;
      edge.app = *proxy;
    }
    if (lookup_.ends_at_balancer(*target)) {
      if (workload.connection.tls || (route && route->url.https)) {
        diagnostics_.error(to.at,
                           "TLS through a load balancer that ends TCP alone is not simulated: handshakes would have to "
                           "pass it",
                           "cluster.loadBalancer.kind: cloud, or requests without TLS");
        return;
      }
      const std::optional<AppIndex> balancer = add_balancer(cluster_, lookup_, graph_,
                                                            {.target = *target,
                                                             .exchange = exchange,
                                                             .connections = edge.connections,
                                                             .timeout = workload.timeout,
                                                             .behind = edge.app},
                                                            to.at);
      if (!balancer) return;
      edge.app = *balancer;
    }
    edge.script = plain_script(std::move(exchange), workload.connection.await_close && !edge.udp);
    edge.timeout = workload.timeout;
    edge.retries = policy_of(workload.retries);
    if (!secure_edge(workload, route && route->url.https, edge)) return;
    if (workload.dns && workload.dns->looks_up()) {
      if (!may_look_up(workload, to)) return;
      const bool by_host = route && workload.dns->name.empty();
      const std::string looked_up = by_host ? std::string(route->url.host) : name_to_look_up(*workload.dns, to.name);
      if (!resolve_first(edge, *workload.dns, looked_up, source.clients, to.at)) return;
    }
    source.edge = graph_.add_edge(std::move(edge), std::move(*target));
    graph_.traffic.sources.push_back(std::move(source));
  }

  /// Machines outside of the cluster, which answer after the time that their group works.
  EdgeTarget outside(const std::string& workload, const DestinationKeys& keys, bool udp) {
    EdgeTarget target;
    target.exposure = Exposure::PodIp;
    target.transport = udp ? Transport::Udp : Transport::Tcp;
    target.outside = true;
    const std::vector<PodIndex> machines = external_clients(cluster_, workload);
    std::size_t next = 0;
    for (const DestinationGroupKeys& group : keys.all()) {
      AppIndex app = kNoIndex;
      if (group.work) {
        app = static_cast<AppIndex>(graph_.traffic.apps.size());
        AppSpec& spec = graph_.traffic.apps.emplace_back();
        spec.name = fmt::format("{} (external{})", workload, next == 0 ? "" : fmt::format(", {}", next));
        spec.workers = std::numeric_limits<std::uint32_t>::max();
        spec.steps.push_back({.work_seconds = {}, .sleep_seconds = group.work->law, .calls = {}});
      }
      for (std::uint32_t i = 0; i < group.count; ++i, ++next) {
        const Pod& machine = cluster_.pods[machines[next]];
        graph_.traffic.app_of_pod[machines[next]] = app;
        target.direct.push_back(
            {.address = machine.ip, .port = group.port, .ready = true, .pod = machines[next], .node = machine.node});
      }
    }
    return target;
  }

  UrlEdges& urls() {
    if (!urls_) {
      const bool in_tunnel(tunnel_of(scenario_.cluster.cni));
      urls_.emplace(cluster_, lookup_, costs_, scenario_.cluster.ingress, graph_, diagnostics_, in_tunnel);
    }
    return *urls_;
  }

  /// Puts TLS where it is wanted. @return  False after an error.
  bool secure_edge(const WorkloadKeys& workload, bool https, EdgeSpec& edge) {
    if (!workload.connection.tls && !https) return true;
    if (!costs_.tls) {
      diagnostics_.error(workload.at["connection"].exists() ? workload.at["connection"] : workload.at,
                         "the cost profile does not say what TLS costs", "tls: in the profile");
      return false;
    }
    secure(edge, tls_settings(workload.connection.tls.value_or(TlsKeys{})), *costs_.tls);
    return true;
  }

  /// Whether the workload's clients can ask the cluster's DNS, and have a name to ask for.
  bool may_look_up(const WorkloadKeys& workload, const WorkloadTarget& to) {
    const Node at = workload.at["dns"].exists() ? workload.at["dns"] : to.at;
    if (workload.from.external) {
      diagnostics_.error(at, "clients outside of the cluster do not ask its DNS", "clients that are pods");
      return false;
    }
    if (to.kind == "service" || to.kind == "url" || to.kind == "name" || !workload.dns->name.empty()) return true;
    diagnostics_.error(at, fmt::format("what is asked for by {} has an address and no name", to.kind),
                       "dns: {mode: lookup, name: ...}");
    return false;
  }

  /// A source whose requests are look-ups and nothing else.
  void add_lookups_alone(const std::string& name, const WorkloadKeys& workload, const WorkloadTarget& to,
                         TrafficSpec source) {
    if (source.clients.empty()) return;
    NameKeys keys =
        workload.dns.value_or(NameKeys{.mode = "lookup", .name = {}, .libc = "glibc", .records = "host", .at = to.at});
    if (keys.mode != "lookup" || !keys.name.empty()) {
      diagnostics_.error(keys.at, "a workload that asks for a name looks it up each time",
                         "dns: {mode: lookup, libc: ..., records: ...}");
      return;
    }
    if (!may_look_up(workload, to)) return;
    const std::optional<EdgeIndex> edge =
        dns_->add_source({.by = name, .name = to.name, .clients = source.clients, .keys = keys, .at = to.at},
                         workload.timeout, policy_of(workload.retries));
    if (!edge) return;
    source.edge = *edge;
    graph_.traffic.sources.push_back(std::move(source));
  }

  std::optional<EdgeTarget> find(const WorkloadTarget& to, const std::string& through, Protocol protocol,
                                 const std::string& ns, Side from) {
    if (to.kind == "loadBalancer") {
      return lookup_.load_balancer(split_name(to.name, ns), to.port, protocol, from, to.at);
    }
    if (to.kind == "externalIP") return lookup_.external_ip(to.name, ns, to.port, through, protocol, from, to.at);
    if (to.kind == "nodePort") return lookup_.node_port(to.name, ns, to.port, through, protocol, to.at);
    const ObjectName name = split_name(to.name, ns);
    if (to.kind == "hostPort") return lookup_.host_port(name, to.port, protocol, to.at);
    if (to.kind == "pod") return lookup_.pod(name, to.port, protocol, to.at);
    return lookup_.service(split_service_name(to.name, ns), to.port, protocol, to.at);
  }

  Arrivals arrivals_of(const ArrivalKeys& keys) {
    if (keys.constant) return ConstantArrivals{keys.constant->per_second()};
    if (keys.closed) return ClosedLoop{.users = keys.closed->users, .think_seconds = keys.closed->think.law};
    if (keys.poisson) return PoissonArrivals{keys.poisson->per_second()};
    const Node at = keys.at["times"];
    try {
      return ListedArrivals{read_times_file(path_beside(at, *keys.times), keys.count_from == "first", diagnostics_)};
    } catch (const ConfigError& error) {
      add_file_error(diagnostics_, error, at);
      return ListedArrivals{};
    }
  }

  void report_no_clients(const WorkloadKeys& workload) {
    const FromKeys& wanted = workload.from;
    const std::string selector = wanted.selector->to_string();
    // The near name: "key=value" of labels that pods do have.
    std::set<std::string> known;
    for (const Pod& pod : cluster_.pods) {
      if (!wanted.ns.empty() && pod.ns != wanted.ns) continue;
      for (const Label& label : cluster_.label_sets.labels(pod.labels))
        known.insert(fmt::format("{}={}", label.key, label.value));
    }
    const Node from = workload.at["from"];
    const Node at = from["selector"] ? from["selector"] : from;
    const std::string absent = absent_hint(cluster_, [&](const AbsentPods& pods) {
      const auto value = [&](std::string_view key) { return cluster_.label_sets.value(pods.labels, key); };
      return (wanted.ns.empty() || pods.ns == wanted.ns) && wanted.selector->matches(value);
    });
    if (!absent.empty()) {
      diagnostics_.error(at, fmt::format("the selector '{}' matches no pod that runs{}", selector, absent));
      return;
    }
    diagnostics_.error(at,
                       fmt::format("the selector '{}' matches no pod{}{}", selector,
                                   wanted.ns.empty() ? "" : " of the namespace " + wanted.ns,
                                   suggest(selector, std::vector<std::string>(known.begin(), known.end()))),
                       "labels of pods, as in app=client");
  }

  /// Depth first, each app once; every circle is told once, at the call that closes it. Without recursion, since a chain may
  /// be as long as a graph has services.
  void report_cycles() {
    struct Callee {
      const AppCall* call;
      AppIndex to;
    };
    std::vector<std::vector<Callee>> callees(apps_.size());
    for (const AppCall& call : calls_) {
      for (const AppIndex to : call.to) callees[call.from].push_back({&call, to});
    }
    enum class State : std::uint8_t { New, OnPath, Done };
    std::vector<State> state(apps_.size(), State::New);
    struct Visit {
      AppIndex app;
      std::size_t next;  ///< Of its callees.
    };
    std::vector<Visit> path;
    const auto enter = [&](AppIndex app) {
      state[app] = State::OnPath;
      path.push_back({app, 0});
    };
    for (AppIndex first = 0; first < apps_.size(); ++first) {
      if (state[first] == State::New) enter(first);
      while (!path.empty()) {
        Visit& at = path.back();
        if (at.next == callees[at.app].size()) {
          state[at.app] = State::Done;
          path.pop_back();
          continue;
        }
        const Callee callee = callees[at.app][at.next++];
        if (state[callee.to] == State::New) {
          enter(callee.to);
        } else if (state[callee.to] == State::OnPath) {
          std::string circle;
          for (auto on = std::ranges::find(path, callee.to, &Visit::app); on != path.end(); ++on) {
            circle += apps_[on->app].settings->name + " > ";
          }
          diagnostics_.error(callee.call->at, fmt::format("apps call each other in a circle, which never ends: {}{}",
                                                          circle, apps_[callee.to].settings->name));
        }
      }
    }
  }

  const Scenario& scenario_;
  const Cluster& cluster_;
  const ApplicationCosts& costs_;
  Diagnostics& diagnostics_;
  TargetLookup lookup_;
  std::optional<UrlEdges> urls_;  ///< Where something is asked by URL.
  CallGraph graph_;
  std::optional<ClusterDns> dns_;  // from when the apps are known
  std::vector<FoundApp> apps_;     ///< shape (graph_.traffic.apps,)
  std::vector<AppCall> calls_;
};

}  // namespace

EdgeIndex CallGraph::add_edge(EdgeSpec edge, EdgeTarget target) {
  traffic.edges.push_back(std::move(edge));
  targets.push_back(std::move(target));
  return static_cast<EdgeIndex>(traffic.edges.size() - 1);
}

std::string CallGraph::unique_name(std::string name) {
  const std::uint32_t uses = ++names[name];
  return uses == 1 ? name : fmt::format("{} ({})", name, uses);
}

CallGraph build_call_graph(const Scenario& scenario, const Cluster& cluster, const ApplicationCosts& costs,
                           Diagnostics& diagnostics) {
  return CallGraphBuilder(scenario, cluster, costs, diagnostics).build();
}

}  // namespace knetsim
