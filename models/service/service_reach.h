#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/proxy/proxy_model.h"
#include "models/service/edge_target.h"

namespace knetsim {

/// Who of a Service may answer whom: the endpoints that a node sends a client's connections to, by the policies of the
/// Service, the proxy mode and the address that the client's packets have there. The one place that tells, for those
/// who open connections and for those who speak of them.
class ServiceReach {
 public:
  struct Options {
    bool cni_masquerades = false;  ///< CniModel::masquerades()
  };
  struct Answer {
    Reach reach = Reach::Refused;
    bool local_policy = false;              ///< The policy that counts for this way of asking is Local.
    std::span<const Endpoint> endpoints{};  ///< One of these; none where dropped or refused. Valid until the next call.
  };

  /// The references outlive it.
  ServiceReach(const Cluster& cluster, const EndpointViews& endpoints, const Options& options)
      : cluster_(cluster), endpoints_(endpoints), options_(options) {}

  /// @param target  Of a Service: EdgeTarget::by_proxy().
  /// @param asked   The node whose rules choose: the client's own, or the one that is asked from outside.
  Answer of(const ProxyModel& proxy, const EdgeTarget& target, PodIndex client, NodeIndex asked);

  /// Whether what `endpoint` answers passes the node that translated the request. Where a node keeps to a client's
  /// address and sends it on to another node, the answer goes straight to the client, which knows nothing of a
  /// connection to that address.
  /// @param local_policy  Of its Answer.
  bool answer_comes_back(bool local_policy, PodIndex client, NodeIndex asked, const Endpoint& endpoint) const;

  /// Whether the client's own system call translates: ProxyModel::in_socket(), where its machine is a node.
  bool in_socket(const ProxyModel& proxy, Exposure exposure, PodIndex client) const {
    return !cluster_.is_external(client) &&
           proxy.in_socket(exposure, cluster_.spec(cluster_.pods[client]).host_network);
  }

  /// The address of a client's packets as the rules of the asked node see it.
  AddressKind source_at(PodIndex client, NodeIndex asked) const;

 private:
  /// A node's own endpoints of a port, of one version of what the node knows.
  struct Own {
    std::uint64_t version = ~std::uint64_t{0};
    std::vector<Endpoint> endpoints;
  };
  std::span<const Endpoint> own_endpoints(const EndpointView& view, ServicePortIndex port, NodeIndex node);

  const Cluster& cluster_;
  const EndpointViews& endpoints_;
  Options options_;
  std::unordered_map<std::uint64_t, Own> own_;  // by port and node; looked up, never iterated
};

}  // namespace knetsim
