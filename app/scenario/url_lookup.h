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
  WorkloadIndex controller = kNoIndex;  ///< ... in the pods of this workload.
  /// The Service in front of these, and its port; kNoIndex: they are asked at their nodes' own ports.
  ServiceIndex front = kNoIndex;
  ServicePortIndex front_port = kNoIndex;
  const Ingress* ingress = nullptr;
  const HttpRule* rule = nullptr;
  std::uint32_t rules = 0;  ///< Of all that the controller serves.
};

/// Finds ways by host and path, among the Ingresses of a cluster and their controllers. Every mistake goes to the
/// diagnostics: at the URL, or where the manifests have it.
class UrlLookup {
 public:
  /// What is wrong with the Ingresses whatever is asked for is told at once: two with one host and path, classes that
  /// nobody serves, Secrets that are not there. The references outlive it.
  UrlLookup(const Cluster& cluster, Diagnostics& diagnostics);

  std::optional<UrlRoute> find(std::string_view text, Node at) const;

 private:
  /// A class of Ingresses, and who serves it.
  struct Served {
    const ProxyKind* proxy = nullptr;
    WorkloadIndex controller = kNoIndex;
    std::vector<RoutedRule> rules{};
  };
  const ProxyKind* proxy_of(const Ingress& ingress) const;
  WorkloadIndex controller_of(const ProxyKind& proxy) const;
  void collect();
  void tell_faults();
  void notice(const Mark& mark, const Ingress& ingress, std::string message) const;
  bool find_front(UrlRoute& found, Node at) const;
  std::optional<UrlRoute> none_for(const Url& url, Node at) const;

  const Cluster& cluster_;
  Diagnostics& diagnostics_;
  std::vector<Served> served_;  ///< By proxy kind.
};

}  // namespace knetsim
