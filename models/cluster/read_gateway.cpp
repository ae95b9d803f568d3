// The Gateway API: classes, Gateways, and routes of HTTP and gRPC.

#include <fmt/format.h>

#include <array>

#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

// Keys of gateway.networking.k8s.io/v1; what is not asked for is accepted.
constexpr Keys kGatewayClassKeys({"controllerName", "parametersRef", "description"});
constexpr Keys kGatewayKeys({"gatewayClassName", "listeners", "addresses", "infrastructure", "backendTLS",
                             "allowedListeners", "defaultScope", "tls"});
constexpr Keys kListenerKeys({"name", "hostname", "port", "protocol", "tls", "allowedRoutes"});
constexpr Keys kRouteKeys({"parentRefs", "hostnames", "rules", "useDefaultGateways"});
constexpr Keys kRouteParentKeys({"group", "kind", "namespace", "name", "sectionName", "port"});
constexpr Keys kRouteRuleKeys({"name", "matches", "filters", "backendRefs", "timeouts", "retry", "sessionPersistence"});
constexpr Keys kRouteBackendKeys({"group", "kind", "name", "namespace", "port", "weight", "filters"});
constexpr Keys kRouteMatchKeys({"path", "headers", "queryParams", "method"});
constexpr std::array<std::string_view, 5> kListenerProtocols{"HTTP", "HTTPS", "TLS", "TCP", "UDP"};
constexpr std::array<std::string_view, 3> kRoutePathTypes{"Exact", "PathPrefix", "RegularExpression"};

class RouteReader {
 public:
  RouteReader(ObjectReader& reader, const ObjectMeta& meta) : reader_(reader), meta_(meta) {}

  HttpRoutes read(Node object) {
    HttpRoutes made{.kind = meta_.kind, .ns = meta_.ns, .name = meta_.name};
    made.http2 = meta_.kind == "GRPCRoute";
    made.mark = meta_.mark;
    const FieldValues spec(reader_, object["spec"], kRouteKeys);
    if (const Node parents = spec[kRouteKeys["parentRefs"]]; reader_.mappings(parents)) {
      for (const Node parent : parents) {
        const FieldValues fields(reader_, parent, kRouteParentKeys);
        const std::string_view ns = reader_.text(fields[kRouteParentKeys["namespace"]]);
        const std::string_view name = reader_.text(fields[kRouteParentKeys["name"]]);
        if (name.empty()) reader_.error(parent, "a parent without a name", "parentRefs: [{name: GATEWAY}]");
        made.gateways.push_back({.ns = ns.empty() ? meta_.ns : ns, .name = name});
      }
    }
    std::vector<std::string_view> hosts;
    if (const Node list = spec[kRouteKeys["hostnames"]]; reader_.sequence(list)) {
      for (const Node host : list) hosts.push_back(reader_.text(host));
    }
    if (hosts.empty()) hosts.emplace_back();
    if (const Node rules = spec[kRouteKeys["rules"]]; reader_.mappings(rules)) {
      for (const Node rule : rules) read_rule(rule, hosts, made);
    }
    return made;
  }

 private:
  void read_rule(Node node, const std::vector<std::string_view>& hosts, HttpRoutes& into) {
    const FieldValues fields(reader_, node, kRouteRuleKeys);
    const Node filters = fields[kRouteRuleKeys["filters"]];
    if (filters.size() > 0) reader_.notice(filters.key(), "filters of a route are not simulated");
    std::vector<HttpBackend> backends;
    if (const Node list = fields[kRouteRuleKeys["backendRefs"]]; reader_.mappings(list)) {
      for (const Node backend : list) {
        if (const auto read = read_backend(backend); read && read->weight > 0) backends.push_back(*read);
      }
    }
    if (backends.empty()) {
      reader_.notice(node, "a rule without a backend: its requests are answered with an error");
      return;
    }
    const Node matches = fields[kRouteRuleKeys["matches"]];
    if (matches.size() == 0) {
      for (const std::string_view host : hosts) {
        into.rules.push_back({.host = host, .path = "/", .backends = backends, .mark = node.mark()});
      }
      return;
    }
    if (!reader_.mappings(matches)) return;
    for (const Node match : matches) {
      const auto path = meta_.kind == "GRPCRoute" ? grpc_path(match) : http_path(match);
      if (!path) continue;
      for (const std::string_view host : hosts) {
        into.rules.push_back(
            {.host = host, .path = path->path, .match = path->match, .backends = backends, .mark = match.mark()});
      }
    }
  }

  /// Nothing for a match that no request of a workload meets: they are GETs without headers and parameters of their own.
  std::optional<HttpRule> http_path(Node node) {
    const FieldValues fields(reader_, node, kRouteMatchKeys);
    for (const std::string_view key : {"headers", "queryParams"}) {
      if (node[key].size() == 0) continue;
      reader_.notice(node[key].key(), "requests have no headers and parameters here: never matched");
      return std::nullopt;
    }
    if (const Node method = fields[kRouteMatchKeys["method"]]; !is_absent(method) && method.text() != "GET") {
      reader_.notice(method, "requests are GETs here: never matched");
      return std::nullopt;
    }
    const Node path = fields[kRouteMatchKeys["path"]];
    if (is_absent(path)) return HttpRule{.path = "/"};
    const std::size_t type = reader_.choice(path["type"], kRoutePathTypes).value_or(1);
    if (type == 2) {
      reader_.notice(path["type"], "paths that are regular expressions are not simulated: never matched");
      return std::nullopt;
    }
    const std::string_view value = is_absent(path["value"]) ? reader_.intern("/") : reader_.text(path["value"]);
    if (!value.starts_with('/')) {
      reader_.error(path["value"], fmt::format("'{}' is no path", value), "a path from the root on: /cart");
    }
    return HttpRule{.path = value, .match = type == 0 ? PathMatch::Exact : PathMatch::Prefix};
  }

  /// A method of a service is a path: gRPC's /package.Service/Method.
  std::optional<HttpRule> grpc_path(Node node) {
    const std::string_view service = node["method"]["service"].text();
    const std::string_view method = node["method"]["method"].text();
    if (node["headers"].size() > 0 || (service.empty() && !method.empty())) {
      reader_.notice(node, "requests have no headers here, and methods are those of a service: never matched");
      return std::nullopt;
    }
    if (service.empty()) return HttpRule{.path = "/"};
    return HttpRule{
        .path = reader_.intern(method.empty() ? fmt::format("/{}", service) : fmt::format("/{}/{}", service, method)),
        .match = method.empty() ? PathMatch::Prefix : PathMatch::Exact};
  }

  std::optional<HttpBackend> read_backend(Node node) {
    const FieldValues fields(reader_, node, kRouteBackendKeys);
    if (const std::string_view kind = reader_.text(fields[kRouteBackendKeys["kind"]]);
        !kind.empty() && kind != "Service") {
      reader_.notice(fields[kRouteBackendKeys["kind"]], "a backend that is no Service is not simulated");
      return std::nullopt;
    }
    HttpBackend backend{.ns = reader_.text(fields[kRouteBackendKeys["namespace"]]),
                        .service = reader_.text(fields[kRouteBackendKeys["name"]])};
    if (backend.ns.empty()) backend.ns = meta_.ns;
    backend.mark = fields[kRouteBackendKeys["name"]].exists() ? fields[kRouteBackendKeys["name"]].mark() : node.mark();
    const Node port = fields[kRouteBackendKeys["port"]];
    if (!is_absent(port) && !reader_.port(port)) return std::nullopt;
    backend.port = reader_.intern(port.text());
    if (backend.service.empty() || backend.port.empty()) {
      reader_.error(node, backend.service.empty() ? "a backend without a Service" : "a backend without a port",
                    "backendRefs: [{name: web, port: 80}]");
      return std::nullopt;
    }
    const auto weight = reader_.integer(fields[kRouteBackendKeys["weight"]],
                                        {.least = 0, .most = 1'000'000, .accepted = "0 to 1000000"});
    backend.weight = static_cast<std::uint32_t>(weight.value_or(1));
    return backend;
  }

  ObjectReader& reader_;
  const ObjectMeta& meta_;
};

}  // namespace

void read_gateway_class(ObjectReader& reader, Node object) {
  const auto meta = reader.metadata(object, "GatewayClass", false);
  if (!meta) return;
  const FieldValues spec(reader, object["spec"], kGatewayClassKeys);
  RouteClass made{
      .of_gateways = true, .name = meta->name, .controller = reader.text(spec[kGatewayClassKeys["controllerName"]])};
  made.mark = meta->mark;
  if (made.controller.empty()) {
    reader.error(object["spec"].exists() ? object["spec"] : object, "spec.controllerName is missing",
                 "controllerName: gateway.envoyproxy.io/gatewayclass-controller");
  }
  reader.cluster().route_classes.push_back(made);
}

void read_gateway(ObjectReader& reader, Node object) {
  const auto meta = reader.metadata(object, "Gateway");
  if (!meta) return;
  const Node spec_node = object["spec"];
  const FieldValues spec(reader, spec_node, kGatewayKeys);
  Gateway made{.ns = meta->ns, .name = meta->name, .class_name = reader.text(spec[kGatewayKeys["gatewayClassName"]])};
  made.mark = meta->mark;
  if (made.class_name.empty()) {
    reader.error(spec_node.exists() ? spec_node : object, "spec.gatewayClassName is missing");
  }
  if (const Node listeners = spec[kGatewayKeys["listeners"]]; reader.mappings(listeners)) {
    for (const Node node : listeners) {
      const FieldValues fields(reader, node, kListenerKeys);
      const auto protocol = reader.choice(fields[kListenerKeys["protocol"]], kListenerProtocols);
      const auto port = reader.port(fields[kListenerKeys["port"]]);
      if (!port) {
        if (is_absent(fields[kListenerKeys["port"]])) reader.error(node, "port is missing");
        continue;
      }
      if (protocol && *protocol > 1) {
        reader.notice(fields[kListenerKeys["protocol"]], "listeners of HTTP and HTTPS alone are simulated");
        continue;
      }
      made.listeners.push_back({.name = reader.text(fields[kListenerKeys["name"]]),
                                .hostname = reader.text(fields[kListenerKeys["hostname"]]),
                                .port = *port,
                                .https = protocol == std::size_t{1}});
    }
  }
  reader.cluster().gateways.push_back(std::move(made));
}

void read_route(ObjectReader& reader, Node object, std::string_view kind) {
  if (const auto meta = reader.metadata(object, kind)) {
    reader.cluster().http_routes.push_back(RouteReader(reader, *meta).read(object));
  }
}

}  // namespace knetsim
