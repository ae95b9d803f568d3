#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/l7/http_routes.h"
#include "models/l7/proxy_kinds.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// The way that a URL leads into the cluster.
struct UrlRoute {
  Url url;
  const ProxyKind* proxy = nullptr;     ///< What ends the client's connection ...
  WorkloadIndex controller = kNoIndex;  ///< ... in the pods of this workload,
  PodIndex machine = kNoIndex;          ///< or on this machine outside of the cluster.
  /// The Service in front of these, and its port; kNoIndex: they are asked at their nodes' own ports.
  ServiceIndex front = kNoIndex;
  ServicePortIndex front_port = kNoIndex;
  const HttpRoutes* routes = nullptr;
  const HttpRule* rule = nullptr;
  std::uint32_t rules = 0;  ///< Of all that the controller serves.
};

/// Finds ways by host and path, among the Ingresses of a cluster, the routes of its Gateways, and their controllers. Every mistake goes to the
/// diagnostics: at the URL, or where the manifests have it.
class UrlLookup {
 public:
  /// What is wrong with these whatever is asked for is told at once: two with one host and path, classes that nobody
  /// serves, Gateways, Services and Secrets that are not there. The references outlive it.
  UrlLookup(const Cluster& cluster, Diagnostics& diagnostics);

  std::optional<UrlRoute> find(std::string_view text, Node at) const;

 private:
  /// A kind of controller, and all that it serves.
  struct Served {
    const ProxyKind* proxy = nullptr;
    WorkloadIndex controller = kNoIndex;
    PodIndex machine = kNoIndex;
    bool is_there() const { return controller != kNoIndex || machine != kNoIndex; }
    std::vector<RoutedRule> rules{};
  };
  const ProxyKind* proxy_of(const HttpRoutes& routes) const;
  const Gateway* gateway_of(const GatewayRef& ref) const;
  /// Whether a Gateway of the routes takes connections for the URL; an Ingress is not bound to any.
  bool listens(const HttpRoutes& routes, const Url& url) const;
  WorkloadIndex controller_of(const ProxyKind& proxy) const;
  void collect();
  void tell_faults();
  void tell_who_serves(const HttpRoutes& routes);
  void tell_missing_services(const HttpRoutes& routes);
  void notice(const Mark& mark, const HttpRoutes& routes, std::string message) const;
  bool find_front(UrlRoute& found, Node at) const;
  std::optional<UrlRoute> none_for(const Url& url, Node at) const;

  const Cluster& cluster_;
  Diagnostics& diagnostics_;
  std::vector<Served> served_;  ///< By proxy kind.
};

}  // namespace knetsim
