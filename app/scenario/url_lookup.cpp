#include "app/scenario/url_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "models/cluster/external_clients.h"

namespace knetsim {
namespace {

constexpr std::string_view kNameLabel = "app.kubernetes.io/name";
constexpr std::string_view kAppLabel = "app";

std::string label_of(const HttpRoutes& routes) { return object_label(routes.kind, routes.ns, routes.name); }

bool has_tls(const HttpRoutes& routes, std::string_view host) {
  return std::ranges::any_of(routes.tls, [&](const HttpTls& tls) {
    return tls.hosts.empty() ||
           std::ranges::any_of(tls.hosts, [&](std::string_view one) { return takes_host(one, host); });
  });
}

}  // namespace

UrlLookup::UrlLookup(const Cluster& cluster, Diagnostics& diagnostics) : cluster_(cluster), diagnostics_(diagnostics) {
  collect();
  tell_faults();
}

void UrlLookup::notice(const Mark& mark, const HttpRoutes& routes, std::string message) const {
  Diagnostic said = Diagnostic::at(Severity::Notice, mark, {}, std::move(message));
  said.object = label_of(routes);
  diagnostics_.add(std::move(said));
}

const Gateway* UrlLookup::gateway_of(const GatewayRef& ref) const {
  const auto found = std::ranges::find_if(cluster_.gateways,
                                          [&](const Gateway& one) { return one.ns == ref.ns && one.name == ref.name; });
  return found == cluster_.gateways.end() ? nullptr : &*found;
}

bool UrlLookup::listens(const HttpRoutes& routes, const Url& url) const {
  if (routes.is_ingress()) return true;
  return std::ranges::any_of(routes.gateways, [&](const GatewayRef& ref) {
    const Gateway* gateway = gateway_of(ref);
    return gateway != nullptr && std::ranges::any_of(gateway->listeners, [&](const Listener& one) {
             return one.port == url.port && one.https == url.https && takes_host(one.hostname, url.host, Wildcard::Any);
           });
  });
}

// A route is its Gateway's class'. An Ingress without a class is of the default one; where no class is read at all its
// name says who serves it, as with the old annotation.
const ProxyKind* UrlLookup::proxy_of(const HttpRoutes& routes) const {
  const auto controller = [&](const auto& is_wanted) -> const ProxyKind* {
    const auto found = std::ranges::find_if(cluster_.route_classes, is_wanted);
    return found == cluster_.route_classes.end() ? nullptr : proxy_kind_of_controller(found->controller);
  };
  if (!routes.is_ingress()) {
    for (const GatewayRef& ref : routes.gateways) {
      const Gateway* gateway = gateway_of(ref);
      if (gateway == nullptr) continue;
      const ProxyKind* kind =
          controller([&](const RouteClass& one) { return one.of_gateways && one.name == gateway->class_name; });
      if (kind != nullptr) return kind;
    }
    return nullptr;
  }
  const auto is_class = [&](const RouteClass& one) {
    return !one.of_gateways && (routes.class_name.empty() ? one.is_default : one.name == routes.class_name);
  };
  if (std::ranges::any_of(cluster_.route_classes, is_class)) return controller(is_class);
  const auto named = std::ranges::find(proxy_kinds(), routes.class_name, &ProxyKind::class_name);
  return named == proxy_kinds().end() ? nullptr : &*named;
}

WorkloadIndex UrlLookup::controller_of(const ProxyKind& proxy) const {
  for (const std::string_view name : proxy.pod_names) {
    for (WorkloadIndex i = 0; i < cluster_.workloads.size(); ++i) {
      const Workload& workload = cluster_.workloads[i];
      if (workload.pods.empty()) continue;
      const LabelSetId labels = cluster_.pods[workload.pods.front()].labels;
      if (cluster_.label_sets.value(labels, kNameLabel) == name || cluster_.label_sets.value(labels, kAppLabel) == name)
        return i;
    }
  }
  return kNoIndex;
}

void UrlLookup::collect() {
  for (const ProxyKind& kind : proxy_kinds()) {
    Served& of = served_.emplace_back();
    of.proxy = &kind;
    of.controller = controller_of(kind);
    if (kind.outside) of.machine = outside_balancer(cluster_, kHttpBalancerName);
  }
  for (const HttpRoutes& routes : cluster_.http_routes) {
    const ProxyKind* proxy = proxy_of(routes);
    if (proxy == nullptr) continue;
    Served& of = *std::ranges::find(served_, proxy, &Served::proxy);
    for (const HttpRule& rule : routes.rules) of.rules.push_back({&routes, &rule, proxy->outside});
  }
}

void UrlLookup::tell_faults() {
  for (const HttpRoutes& routes : cluster_.http_routes) {
    tell_who_serves(routes);
    tell_missing_services(routes);
    for (const HttpTls& tls : routes.tls) {
      const SecretName wanted{routes.ns, tls.secret};
      if (tls.secret.empty() || std::ranges::find(cluster_.secrets, wanted) != cluster_.secrets.end()) continue;
      notice(tls.mark, routes,
             fmt::format("no Secret '{}' among the manifests: controllers show a certificate of their own then",
                         tls.secret));
    }
  }
  for (const Served& of : served_) {
    for (const auto& [first, second] : clashes(of.rules)) {
      notice(second.rule->mark, *second.routes,
             fmt::format("{}{} is claimed by {} too: the first counts", second.rule->host,
                         second.rule->path.empty() ? "/" : second.rule->path, label_of(*first.routes)));
    }
  }
}

void UrlLookup::tell_who_serves(const HttpRoutes& routes) {
  std::vector<std::string> gateways;
  for (const Gateway& one : cluster_.gateways) gateways.emplace_back(one.name);
  for (const GatewayRef& ref : routes.gateways) {
    if (gateway_of(ref) != nullptr) continue;
    notice(routes.mark, routes,
           fmt::format("there is no {}{}", object_label("Gateway", ref.ns, ref.name), suggest(ref.name, gateways)));
  }
  const ProxyKind* proxy = proxy_of(routes);
  if (proxy == nullptr) {
    notice(routes.mark, routes,
           !routes.is_ingress()        ? "nobody serves it: no Gateway of it has a class whose controller is known"
           : routes.class_name.empty() ? "nobody serves it: it has no class, and none is the default"
                                       : fmt::format("nobody serves its class '{}'", routes.class_name));
  } else if (!std::ranges::find(served_, proxy, &Served::proxy)->is_there()) {
    notice(
        routes.mark, routes,
        proxy->outside
            ? fmt::format("nobody serves it: there is no load balancer of the kind {} (cluster.ingress)", proxy->name)
            : fmt::format("nobody serves it: there are no pods of a controller of the kind {}", proxy->name));
  }
}

void UrlLookup::tell_missing_services(const HttpRoutes& routes) {
  const ClusterNames names(cluster_);
  for (const HttpRule& rule : routes.rules) {
    for (const HttpBackend& backend : rule.backends) {
      if (names.service(backend.ns, backend.service) != kNoIndex) continue;
      std::vector<std::string> beside;
      for (const Service& service : cluster_.services) {
        if (service.ns == backend.ns) beside.emplace_back(service.name);
      }
      notice(backend.mark, routes,
             fmt::format("there is no {}{}: controllers answer with an error of their own",
                         object_label("Service", backend.ns, backend.service), suggest(backend.service, beside)));
    }
  }
}

std::optional<UrlRoute> UrlLookup::none_for(const Url& url, Node at) const {
  std::set<std::string> known_hosts;
  std::set<std::string> known_paths;
  for (const Served& of : served_) {
    for (const RoutedRule& one : of.rules) {
      known_hosts.emplace(one.rule->host);
      if (takes_host(*one.routes, *one.rule, url.host))
        known_paths.emplace(one.rule->path.empty() ? "/" : one.rule->path);
    }
  }
  const std::vector<std::string> hosts(known_hosts.begin(), known_hosts.end());
  const std::vector<std::string> paths(known_paths.begin(), known_paths.end());
  if (cluster_.http_routes.empty()) {
    diagnostics_.error(at, "no Ingress and no route among the manifests: no URL leads anywhere",
                       "an Ingress, an HTTPRoute, or 'service:'");
  } else if (paths.empty()) {
    diagnostics_.error(at, fmt::format("nothing has the host '{}'{}", url.host, suggest(url.host, hosts)),
                       fmt::format("{}", fmt::join(hosts, ", ")));
  } else {
    diagnostics_.error(
        at, fmt::format("no rule of the host '{}' takes the path '{}'{}", url.host, url.path, suggest(url.path, paths)),
        fmt::format("{}", fmt::join(paths, ", ")));
  }
  return std::nullopt;
}

std::optional<UrlRoute> UrlLookup::find(std::string_view text, Node at) const {
  const std::optional<Url> url = parse_url(text);
  if (!url) {
    diagnostics_.error(at, fmt::format("'{}' is no URL", text), "https://HOST/PATH or http://HOST/PATH");
    return std::nullopt;
  }
  std::vector<RoutedRule> all;
  for (const Served& of : served_) {
    std::ranges::copy_if(of.rules, std::back_inserter(all),
                         [&](const RoutedRule& one) { return listens(*one.routes, *url); });
  }
  const std::optional<RoutedRule> routed = route(all, url->host, url->path);
  if (!routed) return none_for(*url, at);
  const ProxyKind* proxy = proxy_of(*routed->routes);
  const Served& of = *std::ranges::find(served_, proxy, &Served::proxy);
  if (!of.is_there()) {
    diagnostics_.error(at,
                       fmt::format("nobody serves {}: there {} of the kind {}", label_of(*routed->routes),
                                   proxy->outside ? "is no load balancer" : "are no pods of a controller", proxy->name),
                       fmt::format("{}cluster.ingress: {{kind: {}}}",
                                   proxy->outside ? "" : "its objects among the manifests, or ", proxy->name));
    return std::nullopt;
  }
  UrlRoute found{.url = *url,
                 .proxy = proxy,
                 .controller = of.controller,
                 .machine = of.machine,
                 .routes = routed->routes,
                 .rule = routed->rule,
                 .rules = static_cast<std::uint32_t>(of.rules.size())};
  if (found.machine == kNoIndex && !find_front(found, at)) return std::nullopt;
  if (!found.routes->is_ingress()) return found;
  if (!url->https && has_tls(*routed->routes, url->host)) {
    diagnostics_.notice(at,
                        fmt::format("{} has TLS for this host: controllers answer plain HTTP with a redirect to https, "
                                    "which is not simulated",
                                    label_of(*routed->routes)),
                        "https://");
  } else if (url->https && !has_tls(*routed->routes, url->host)) {
    diagnostics_.notice(at, fmt::format("{} has no TLS for this host: its controller shows a certificate of its own",
                                        label_of(*routed->routes)));
  }
  return found;
}

// A load balancer's Service before node ports, those before a cluster IP; without any the pods' nodes.
bool UrlLookup::find_front(UrlRoute& found, Node at) const {
  const Pod& pod = cluster_.pods[cluster_.workloads[found.controller].pods.front()];
  const auto rank = [](ServiceType type) {
    return type == ServiceType::LoadBalancer ? 3 : type == ServiceType::NodePort ? 2 : 1;
  };
  for (ServiceIndex i = 0; i < cluster_.services.size(); ++i) {
    const Service& service = cluster_.services[i];
    if (service.ns != pod.ns || service.selector.empty() || service.headless ||
        !cluster_.label_sets.contains(pod.labels, service.selector))
      continue;
    for (ServicePortIndex port = service.first_port; port < service.first_port + service.port_count; ++port) {
      const ServicePort& one = cluster_.service_ports[port];
      if (one.protocol != Protocol::Tcp || (one.port != found.url.port && one.node_port != found.url.port)) continue;
      if (found.front != kNoIndex && rank(cluster_.services[found.front].type) >= rank(service.type)) continue;
      found.front = i;
      found.front_port = port;
    }
  }
  if (found.front != kNoIndex) return true;
  const auto serves = [&](const ContainerPort& port) {
    return port.protocol == Protocol::Tcp && port.host_port == found.url.port;
  };
  for (const Container& container : cluster_.spec(pod).containers) {
    if (std::ranges::any_of(container.ports, serves)) return true;
  }
  diagnostics_.error(
      at,
      fmt::format(
          "nothing leads to port {} of {}: no Service has it, and no container opens it on its node", found.url.port,
          object_label(cluster_.workloads[found.controller].kind, pod.ns, cluster_.workloads[found.controller].name)),
      "a Service of type LoadBalancer or NodePort, or hostNetwork");
  return false;
}

}  // namespace knetsim
