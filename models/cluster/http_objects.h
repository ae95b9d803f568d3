#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/input/document.h"

namespace knetsim {

// How requests find Services by host and path, as objects of Kubernetes state it.

/// A port of a Service.
struct HttpBackend {
  std::string_view ns{};
  std::string_view service{};
  std::string_view port{};   ///< Name, or number as text.
  std::uint32_t weight = 1;  ///< Beside those of the same rule.
  Mark mark{};
};

enum class PathMatch : std::uint8_t {
  Exact,                   ///< The whole path.
  Prefix,                  ///< Its first elements between slashes.
  ImplementationSpecific,  ///< Left to the controller; those that are known take it as Prefix.
};

/// A host and path, and who answers there.
struct HttpRule {
  std::string_view host{};  ///< "" any; "*.example.com" any of one label more.
  std::string_view path{};  ///< "" any.
  PathMatch match = PathMatch::Prefix;
  std::vector<HttpBackend> backends{};  ///< One of an Ingress; of a route several, by weight.
  Mark mark{};
};

/// Certificate and key for hosts, by the name of a Secret, which is not read.
struct HttpTls {
  std::vector<std::string_view> hosts{};  ///< Empty: all of the object's rules.
  std::string_view secret{};              ///< "" the controller's own.
  Mark mark{};
};

/// A Gateway that a route is attached to.
struct GatewayRef {
  std::string_view ns{};
  std::string_view name{};
  bool operator==(const GatewayRef&) const = default;
};

/// An Ingress, or an HTTPRoute or GRPCRoute of the Gateway API.
struct HttpRoutes {
  std::string_view kind{};
  std::string_view ns{};
  std::string_view name{};
  /// Of an Ingress: spec.ingressClassName, or the old annotation; "" where neither is stated.
  std::string_view class_name{};
  std::vector<GatewayRef> gateways{};  ///< Of a route: parentRefs.
  std::vector<HttpRule> rules{};       ///< One for each host and path; a default backend is one without either.
  std::vector<HttpTls> tls{};
  bool http2 = false;       ///< Its backends speak HTTP/2, as those of gRPC do.
  bool by_service = false;  ///< Its controller is told to ask cluster IPs (service-upstream) instead of endpoints.
  bool to_pods = false;     ///< A load balancer of AWS asks pods (target-type: ip) instead of node ports.
  Mark mark{};

  bool is_ingress() const { return kind == "Ingress"; }
};

/// Where a Gateway takes connections.
struct Listener {
  std::string_view name{};
  std::string_view hostname{};  ///< "" any.
  std::uint16_t port = 0;
  bool https = false;
};

struct Gateway {
  std::string_view ns{};
  std::string_view name{};
  std::string_view class_name{};
  std::vector<Listener> listeners{};
  Mark mark{};
};

/// A Secret that is there.
struct SecretName {
  std::string_view ns{};
  std::string_view name{};
  bool operator==(const SecretName&) const = default;
};

/// An IngressClass, or a GatewayClass.
struct RouteClass {
  bool of_gateways = false;
  std::string_view name{};
  std::string_view controller{};
  bool is_default = false;
  Mark mark{};
};

}  // namespace knetsim
