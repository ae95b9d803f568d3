// Ingresses and their classes: which host and path leads to which Service.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

// Keys of networking.k8s.io/v1, and of the versions before it, whose backends and defaults had other names.
constexpr Keys kIngressKeys({"ingressClassName", "defaultBackend", "backend", "rules", "tls"});
constexpr Keys kIngressRuleKeys({"host", "http"});
constexpr Keys kIngressHttpKeys({"paths"});
constexpr Keys kIngressPathKeys({"path", "pathType", "backend"});
constexpr Keys kIngressBackendKeys({"service", "resource", "serviceName", "servicePort"});
constexpr Keys kIngressServiceKeys({"name", "port"});
constexpr Keys kIngressPortKeys({"name", "number"});
constexpr Keys kIngressTlsKeys({"hosts", "secretName"});
constexpr Keys kIngressClassKeys({"controller", "parameters"});
constexpr std::array<std::string_view, 3> kIngressPathTypes{"Exact", "Prefix", "ImplementationSpecific"};

constexpr std::string_view kOldClass = "kubernetes.io/ingress.class";
constexpr std::string_view kDefaultClass = "ingressclass.kubernetes.io/is-default-class";

/// Annotations of ingress-nginx that change where a request goes or what it costs; nothing reads the others of its own.
struct NginxAnnotation {
  std::string_view key;
  std::string_view what;
};
constexpr std::array kNotSimulated{
    NginxAnnotation{"nginx.ingress.kubernetes.io/canary", "canary rules: all requests go to the main one"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/auth-url", "a request to another service before each"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/mirror-target", "mirrored requests"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/limit-rps", "limits of rates"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/affinity", "affinity by cookies"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/upstream-hash-by", "the choice of endpoints by a hash"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/use-regex", "paths that are regular expressions: taken as prefixes"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/ssl-passthrough", "connections passed through: TLS ends at the proxy"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/whitelist-source-range",
                    "source ranges of an Ingress: all are let in"},
    NginxAnnotation{"nginx.ingress.kubernetes.io/load-balance",
                    "a policy of one Ingress: that of all is "
                    "cluster.ingress.balancing"},
};

class IngressReader {
 public:
  IngressReader(ObjectReader& reader, const ObjectMeta& meta) : reader_(reader), meta_(meta) {}

  HttpRoutes read(Node object) {
    HttpRoutes made{.kind = meta_.kind, .ns = meta_.ns, .name = meta_.name};
    made.mark = meta_.mark;
    const Node annotations = object["metadata"]["annotations"];
    made.class_name = reader_.intern(annotations[kOldClass].text());
    made.by_service = annotations["nginx.ingress.kubernetes.io/service-upstream"].text() == "true";
    made.to_pods = annotations["alb.ingress.kubernetes.io/target-type"].text() == "ip";
    for (const NginxAnnotation& one : kNotSimulated) {
      if (const Node at = annotations[one.key]; at.exists() && at.text() != "false") {
        reader_.notice(at, fmt::format("not simulated: {}", one.what));
      }
    }
    if (const Node protocol = annotations["nginx.ingress.kubernetes.io/backend-protocol"]; protocol.exists()) {
      made.http2 = protocol.text().starts_with("GRPC");
      if (protocol.text() != "HTTP" && protocol.text() != "GRPC") {
        reader_.notice(protocol, fmt::format("not simulated: {} between the proxy and its upstreams, which speak {}",
                                             protocol.text(), made.http2 ? "HTTP/2 in plain text" : "HTTP/1.1"));
      }
    }
    const Node spec_node = object["spec"];
    const FieldValues spec(reader_, spec_node, kIngressKeys);
    if (const Node stated = spec[kIngressKeys["ingressClassName"]]; !is_absent(stated)) {
      if (!made.class_name.empty() && made.class_name != stated.text()) {
        reader_.error(stated,
                      fmt::format("the class is '{}' here, and '{}' in the annotation {}", stated.text(),
                                  made.class_name, kOldClass),
                      "one of them");
      }
      made.class_name = reader_.text(stated);
    }
    read_rules(spec[kIngressKeys["rules"]], made);
    const Node fallback = spec[kIngressKeys["defaultBackend"]].exists() ? spec[kIngressKeys["defaultBackend"]]
                                                                        : spec[kIngressKeys["backend"]];
    if (!is_absent(fallback)) {
      if (const auto backend = read_backend(fallback)) {
        made.rules.push_back({.backends = {*backend}, .mark = fallback.mark()});
      }
    } else if (is_absent(spec[kIngressKeys["rules"]])) {
      // k/k pkg/apis/networking/validation/validation.go, ValidateIngressSpec
      reader_.error(spec_node.exists() ? spec_node : object, "neither rules nor a default backend",
                    "rules:, or defaultBackend:");
    }
    read_tls(spec[kIngressKeys["tls"]], made);
    return made;
  }

 private:
  void read_rules(Node list, HttpRoutes& into) {
    if (!reader_.mappings(list)) return;
    for (const Node rule_node : list) {
      const FieldValues rule(reader_, rule_node, kIngressRuleKeys);
      const Node host_node = rule[kIngressRuleKeys["host"]];
      const std::string_view host = reader_.text(host_node);
      if (host.find('*') != std::string_view::npos && (!host.starts_with("*.") || host.rfind('*') != 0)) {
        reader_.error(host_node, fmt::format("'{}' is no host", host), "a name, or *. and a name");
      }
      const FieldValues http(reader_, rule[kIngressRuleKeys["http"]], kIngressHttpKeys);
      const Node paths = http[kIngressHttpKeys["paths"]];
      if (!reader_.mappings(paths)) continue;
      for (const Node path_node : paths) {
        if (const auto read = read_path(path_node, host)) into.rules.push_back(*read);
      }
    }
  }

  std::optional<HttpRule> read_path(Node node, std::string_view host) {
    const FieldValues fields(reader_, node, kIngressPathKeys);
    HttpRule rule{.host = host, .path = reader_.text(fields[kIngressPathKeys["path"]])};
    rule.mark = fields[kIngressPathKeys["path"]].exists() ? fields[kIngressPathKeys["path"]].mark() : node.mark();
    const auto type = reader_.choice(fields[kIngressPathKeys["pathType"]], kIngressPathTypes);
    rule.match = type ? static_cast<PathMatch>(*type) : PathMatch::ImplementationSpecific;
    const bool bound = rule.match != PathMatch::ImplementationSpecific || !rule.path.empty();
    if (bound && !rule.path.starts_with('/')) {
      reader_.error(fields[kIngressPathKeys["path"]].exists() ? fields[kIngressPathKeys["path"]] : node,
                    fmt::format("'{}' is no path", rule.path), "a path from the root on: /cart");
    }
    const Node backend_node = fields[kIngressPathKeys["backend"]];
    if (is_absent(backend_node)) {
      reader_.error(node, "a path without a backend", "backend: {service: {name: web, port: {number: 80}}}");
      return std::nullopt;
    }
    const auto backend = read_backend(backend_node);
    if (!backend) return std::nullopt;
    rule.backends = {*backend};
    return rule;
  }

  std::optional<HttpBackend> read_backend(Node node) {
    const FieldValues fields(reader_, node, kIngressBackendKeys);
    HttpBackend backend{.ns = meta_.ns, .mark = node.mark()};
    if (!is_absent(fields[kIngressBackendKeys["resource"]])) {
      reader_.notice(fields[kIngressBackendKeys["resource"]], "a backend that is no Service is not simulated");
      return std::nullopt;
    }
    if (const Node old = fields[kIngressBackendKeys["serviceName"]]; !is_absent(old)) {
      backend.service = reader_.text(old);
      backend.mark = old.mark();
      backend.port = reader_.intern(fields[kIngressBackendKeys["servicePort"]].text());
    } else {
      const Node service_node = fields[kIngressBackendKeys["service"]];
      const FieldValues service(reader_, service_node, kIngressServiceKeys);
      const Node port_node = service[kIngressServiceKeys["port"]];
      const FieldValues port(reader_, port_node, kIngressPortKeys);
      backend.service = reader_.text(service[kIngressServiceKeys["name"]]);
      if (service[kIngressServiceKeys["name"]].exists()) backend.mark = service[kIngressServiceKeys["name"]].mark();
      const Node name = port[kIngressPortKeys["name"]];
      const Node number = port[kIngressPortKeys["number"]];
      if (!is_absent(name) && !is_absent(number)) {
        reader_.error(port_node, "a port by its name and by its number", "one of them");
      }
      if (!is_absent(number) && !reader_.port(number)) return std::nullopt;
      backend.port = is_absent(name) ? reader_.intern(number.text()) : reader_.text(name);
    }
    if (backend.service.empty() || backend.port.empty()) {
      reader_.error(node, backend.service.empty() ? "a backend without a Service" : "a backend without a port",
                    "service: {name: web, port: {number: 80}}");
      return std::nullopt;
    }
    return backend;
  }

  void read_tls(Node list, HttpRoutes& into) {
    if (!reader_.mappings(list)) return;
    for (const Node node : list) {
      const FieldValues fields(reader_, node, kIngressTlsKeys);
      HttpTls tls{.hosts = {}, .secret = reader_.text(fields[kIngressTlsKeys["secretName"]]), .mark = node.mark()};
      if (const Node secret = fields[kIngressTlsKeys["secretName"]]; secret.exists()) tls.mark = secret.mark();
      if (const Node hosts = fields[kIngressTlsKeys["hosts"]]; reader_.sequence(hosts)) {
        for (const Node host : hosts) tls.hosts.push_back(reader_.text(host));
      }
      into.tls.push_back(std::move(tls));
    }
  }

  ObjectReader& reader_;
  const ObjectMeta& meta_;
};

}  // namespace

void read_ingress(ObjectReader& reader, Node object) {
  if (const auto meta = reader.metadata(object, "Ingress")) {
    reader.cluster().http_routes.push_back(IngressReader(reader, *meta).read(object));
  }
}

void note_secret(ObjectReader& reader, Node object) {
  const Node ns = object["metadata"]["namespace"];
  reader.cluster().secrets.push_back(
      {reader.intern(ns.exists() ? ns.text() : "default"), reader.intern(object["metadata"]["name"].text())});
}

void read_ingress_class(ObjectReader& reader, Node object) {
  const auto meta = reader.metadata(object, "IngressClass", false);
  if (!meta) return;
  const Node spec_node = object["spec"];
  const FieldValues spec(reader, spec_node, kIngressClassKeys);
  RouteClass made{.name = meta->name, .controller = reader.text(spec[kIngressClassKeys["controller"]])};
  made.mark = meta->mark;
  made.is_default = object["metadata"]["annotations"][kDefaultClass].text() == "true";
  if (made.controller.empty()) {
    reader.error(spec_node.exists() ? spec_node : object, "spec.controller is missing",
                 "controller: k8s.io/ingress-nginx");
  }
  reader.cluster().route_classes.push_back(made);
}

}  // namespace knetsim
