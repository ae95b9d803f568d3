#pragma once

#include <optional>
#include <string_view>

#include "app/scenario/call_graph.h"
#include "app/scenario/target_lookup.h"
#include "app/scenario/url_lookup.h"

namespace knetsim {

/// Turns ways that URLs lead into apps and edges: the proxy's app, and its calls of the Services behind it.
class UrlEdges {
 public:
  /// @param settings  Of every proxy; what they leave open is as its kind does by default. The references outlive it.
  /// @param pods_in_tunnel  Nobody outside of the cluster knows a way to pods' addresses.
  UrlEdges(const Cluster& cluster, TargetLookup& lookup, const ApplicationCosts& costs,
           const std::optional<IngressSettings>& settings, CallGraph& graph, Diagnostics& diagnostics,
           bool pods_in_tunnel = false);

  /// Nothing after an error; likewise
  std::optional<UrlRoute> find(std::string_view url, Node at) const { return urls_.find(url, at); }
  /// What a client on that side opens its connection to.
  std::optional<EdgeTarget> in_front(const UrlRoute& route, Side from, Node at);
  /// What answers the client: the proxies of the route.
  /// @param connections  The client's.
  std::optional<AppIndex> add_proxy(const UrlRoute& route, const Exchange& exchange,
                                    const ConnectionPolicy& connections, Node at);

 private:
  Balancing balancing(const ProxyKind& proxy) const;
  ConnectionPolicy to_upstreams(const UrlRoute& route) const;
  ConfigUpdatePolicy updates(const ProxyKind& proxy) const;
  /// What a load balancer outside of the cluster opens its connections to.
  std::optional<EdgeTarget> from_outside(const UrlRoute& route, const HttpBackend& backend, Node at);
  std::optional<EdgeIndex> add_upstream(const UrlRoute& route, const HttpBackend& backend, const Exchange& exchange,
                                        Node at);

  const Cluster& cluster_;
  TargetLookup& lookup_;
  const ApplicationCosts& costs_;
  const std::optional<IngressSettings>& settings_;
  CallGraph& graph_;
  Diagnostics& diagnostics_;
  bool pods_in_tunnel_;
  UrlLookup urls_;
};

}  // namespace knetsim
