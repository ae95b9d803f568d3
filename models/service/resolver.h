#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/pod_states.h"
#include "models/control/node_balancer.h"
#include "models/proxy/proxy_model.h"
#include "models/service/edge_target.h"
#include "models/service/service_reach.h"
#include "sim/core/random.h"

namespace knetsim {

/// Who may answer a connection, as the node that is asked sees it at the moment.
struct Candidates {
  /// One of these; nobody answers where there is none. Valid until the resolver's next of().
  std::span<const Endpoint> endpoints{};
  bool dropped = false;        ///< Nobody answers, and in silence; else the connection is refused.
  bool local_policy = false;   ///< The policy that counts for this way of asking is Local.
  bool in_socket = false;      ///< ProxyModel::in_socket()
  std::uint32_t path = 0;      ///< By which the load balancer finds the node for each packet; 0: it does not.
  NodeIndex asked = kNoIndex;  ///< The node whose rules choose; the client's own where none do.
};

/// Endpoints that DNS tells of, through which a headless Service is found: the ready ones alone.
/// @source CoreDNS plugin/kubernetes/object/endpoint.go, EndpointSliceToEndpoints.
std::vector<Endpoint> named_endpoints(const EndpointView& view, ServicePortIndex port);

/// From what an edge asks for to those who may answer. Pods and host ports of a workload are asked by the addresses of
/// those that are ready, as the API server has them; a Service found by name is what the API server has, as DNS follows it within milliseconds; one
/// behind a proxy is what the asked node knows.
class Resolver {
 public:
  /// The references outlive it. @param pods  What is true of pods at the moment; null: all are there throughout.
  /// @param balancer  Of the load balancers that are asked; null where none is.
  Resolver(const Cluster& cluster, const EndpointViews& endpoints, const ProxyModel& proxy, RandomStreams streams,
           const ServiceReach::Options& options, const PodStates* pods = nullptr,
           const NodeBalancer* balancer = nullptr)
      : cluster_(cluster),
        pods_(pods),
        balancer_(balancer),
        endpoints_(endpoints),
        proxy_(proxy),
        streams_(streams),
        reach_(cluster, endpoints, options) {}

  /// @param id   Of the connection: the node of a node port is drawn for it.
  /// @param now  Callers whom a controller tells of endpoints know those of some while ago.
  Candidates of(const EdgeTarget& target, PodIndex client, std::uint64_t id, Time now = kTimeZero);

  /// Where the packets of a connection that had this path come to now; kNoIndex: nowhere. @pre path != 0
  NodeIndex leads_to(const EdgeTarget& target, std::uint32_t path) const {
    return balancer_->node_of(target.service, path);
  }

  /// See ServiceReach::answer_comes_back().
  bool answer_comes_back(const Candidates& candidates, PodIndex client, const Endpoint& endpoint) const {
    return reach_.answer_comes_back(candidates.local_policy, client, candidates.asked, endpoint);
  }
  AddressKind source_at(PodIndex client, NodeIndex asked) const { return reach_.source_at(client, asked); }

 private:
  struct Named {
    std::uint64_t version = 0;
    std::vector<Endpoint> endpoints;
  };
  std::span<const Endpoint> found_by_name(const EdgeTarget& target, PodIndex client, Time now);
  /// The version that its controller has brought to a caller which balances by itself.
  std::uint64_t brought(const ConfigUpdatePolicy& policy, PodIndex client, Time now);
  /// The node that is asked from outside.
  NodeIndex asked_node(const EdgeTarget& target, PodIndex client, std::uint64_t id) const;
  /// A connection's headers as they reach its load balancer.
  FiveTuple at_balancer(const EdgeTarget& target, PodIndex client, std::uint64_t id) const;
  bool in_socket(const EdgeTarget& target, PodIndex client) const;
  Candidates behind_proxy(const EdgeTarget& target, PodIndex client, std::uint64_t id);

  static std::span<const Endpoint> on_node(const EdgeTarget& target, NodeIndex node);
  /// Of pods that are asked by their addresses those that are ready; as they were at first where none is.
  std::span<const Endpoint> addressed(const EdgeTarget& target);

  const Cluster& cluster_;
  const PodStates* pods_;
  const NodeBalancer* balancer_;
  const EndpointViews& endpoints_;
  const ProxyModel& proxy_;
  RandomStreams streams_;
  ServiceReach reach_;
  // Of later versions than the first. Proxies look for updates at instants of their own: some know one, others the next.
  static constexpr std::size_t kNamedVersions = 8;
  std::unordered_map<ServicePortIndex, std::vector<Named>> named_;  // looked up, never iterated
  std::vector<ConfigUpdates> updates_;                              // one of each policy
  std::vector<Endpoint> addressed_;
  Endpoint own_pod_{};
};

}  // namespace knetsim
