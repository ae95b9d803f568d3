#include "app/scenario/url_edges.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "models/l7/proxied.h"

namespace knetsim {

UrlEdges::UrlEdges(const Cluster& cluster, TargetLookup& lookup, const ApplicationCosts& costs,
                   const std::optional<IngressSettings>& settings, CallGraph& graph, Diagnostics& diagnostics,
                   bool pods_in_tunnel)
    : cluster_(cluster),
      lookup_(lookup),
      costs_(costs),
      settings_(settings),
      graph_(graph),
      diagnostics_(diagnostics),
      pods_in_tunnel_(pods_in_tunnel),
      urls_(cluster, diagnostics) {}

std::optional<EdgeTarget> UrlEdges::in_front(const UrlRoute& route, Side from, Node at) {
  if (route.machine != kNoIndex) return lookup_.at_machine(route.machine, route.url.port);
  const Workload& controller = cluster_.workloads[route.controller];
  if (route.front == kNoIndex) {
    return lookup_.host_port({std::string(controller.ns), std::string(controller.name)}, std::to_string(route.url.port),
                             Protocol::Tcp, at);
  }
  const Service& front = cluster_.services[route.front];
  const std::string port = std::to_string(cluster_.service_ports[route.front_port].port);
  const ObjectName name{std::string(front.ns), std::string(front.name)};
  if (front.type == ServiceType::LoadBalancer) return lookup_.load_balancer(name, port, Protocol::Tcp, from, at);
  if (from == Side::Inside) return lookup_.service(name, port, Protocol::Tcp, at);
  return lookup_.node_port(fmt::format("{}/{}", name.ns, name.name), {}, port, {}, Protocol::Tcp, at);
}

std::optional<AppIndex> UrlEdges::add_proxy(const UrlRoute& route, const Exchange& exchange,
                                            const ConnectionPolicy& connections, Node at) {
  const auto cost = costs_.proxies.find(route.proxy->name);
  const bool outside = route.machine != kNoIndex;
  if (!outside && cost == costs_.proxies.end()) {
    diagnostics_.error(at, fmt::format("the cost profile does not say what {} costs", route.proxy->name),
                       fmt::format("proxies: {{{}: {{request: ..}}}} in the profile", route.proxy->name));
    return std::nullopt;
  }
  std::vector<WeightedCall> upstreams;
  for (const HttpBackend& backend : route.rule->backends) {
    const std::optional<EdgeIndex> upstream = add_upstream(route, backend, exchange, at);
    if (!upstream) return std::nullopt;
    upstreams.push_back({*upstream, static_cast<double>(backend.weight)});
  }
  AppSpec spec =
      proxy_app(fmt::format("{}{}", route.url.host, route.url.path), upstreams, outside ? ProxyCost{} : cost->second,
                exchange, connections, to_upstreams(route), route.rules);
  spec.for_edges_in = outside ? std::vector{route.machine} : cluster_.workloads[route.controller].pods;
  spec.relay_bytes = route.proxy->relay_bytes;
  graph_.traffic.apps.push_back(std::move(spec));
  return static_cast<AppIndex>(graph_.traffic.apps.size() - 1);
}

Balancing UrlEdges::balancing(const ProxyKind& proxy) const {
  const std::optional<Balancing> stated = settings_ ? balancing_named(settings_->balancing) : std::nullopt;
  return stated.value_or(proxy.balancing);
}

ConnectionPolicy UrlEdges::to_upstreams(const UrlRoute& route) const {
  if (settings_ && settings_->upstream_connections == "new") return {.requests = 1};
  ConnectionPolicy policy = route.proxy->upstream;
  if (route.routes->http2) policy.streams = route.proxy->upstream_streams;
  return policy;
}

ConfigUpdatePolicy UrlEdges::updates(const ProxyKind& proxy) const {
  ConfigUpdatePolicy policy = proxy.updates;
  if (settings_ && settings_->update_interval) policy.min_interval = *settings_->update_interval;
  if (settings_ && settings_->update_poll) policy.poll = *settings_->update_poll;
  return policy;
}

// Outside of the cluster node ports are asked, of nodes that are well, or pods where the pod network lets others reach them.
std::optional<EdgeTarget> UrlEdges::from_outside(const UrlRoute& route, const HttpBackend& backend, Node at) {
  const ObjectName name{std::string(backend.ns), std::string(backend.service)};
  const std::optional<EdgeTarget> asked = lookup_.service(name, backend.port, Protocol::Tcp, at);
  if (!asked) return std::nullopt;
  const Service& service = cluster_.services[asked->service];
  if (service.to_pods || route.routes->to_pods) {
    if (!pods_in_tunnel_) return lookup_.endpoints_of(name, backend.port, at);
    diagnostics_.error(
        at,
        fmt::format("the load balancer {} is told to ask the pods of {}, whose addresses nobody outside of "
                    "the cluster has a way to: they are in a tunnel",
                    route.proxy->name, object_label("Service", service.ns, service.name)),
        "a pod network without one: cluster.cni: routed");
    return std::nullopt;
  }
  if (asked->port == kNoIndex || cluster_.service_ports[asked->port].node_port == 0) {
    Diagnostic refused = Diagnostic::at(
        Severity::Error, backend.mark, {},
        fmt::format(
            "{} is of type {}, and the load balancer {} stands outside of the cluster: it asks node ports, or pods "
            "where it is told to",
            object_label("Service", service.ns, service.name), to_string(service.type), route.proxy->name),
        fmt::format("type: NodePort or LoadBalancer, or the annotation {}", route.proxy->pods_asked_by));
    refused.object = object_label(route.routes->kind, route.routes->ns, route.routes->name);
    diagnostics_.add(std::move(refused));
    return std::nullopt;
  }
  return lookup_.behind_balancer(asked->service, std::to_string(cluster_.service_ports[asked->port].port),
                                 Protocol::Tcp, at);
}

std::optional<EdgeIndex> UrlEdges::add_upstream(const UrlRoute& route, const HttpBackend& backend,
                                                const Exchange& exchange, Node at) {
  const ObjectName name{std::string(backend.ns), std::string(backend.service)};
  const bool outside = route.machine != kNoIndex;
  const bool by_service = !outside && route.routes->by_service;
  std::optional<EdgeTarget> target = outside      ? from_outside(route, backend, at)
                                     : by_service ? lookup_.service(name, backend.port, Protocol::Tcp, at)
                                                  : lookup_.endpoints_of(name, backend.port, at);
  if (!target) return std::nullopt;
  const std::string_view proxy = outside ? route.proxy->name : cluster_.workloads[route.controller].name;
  EdgeSpec edge = upstream_edge(graph_.unique_name(fmt::format("{} > {}", proxy, backend.service)),
                                std::string(backend.service), *route.proxy, exchange);
  edge.connections = to_upstreams(route);
  if (!by_service && target->exposure == Exposure::PodIp) {
    edge.balancing = balancing(*route.proxy);
    target->updates = updates(*route.proxy);
  }
  return graph_.add_edge(std::move(edge), std::move(*target));
}

}  // namespace knetsim
