#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/load_balancer_kind.h"
#include "sim/net/flow_hash.h"

namespace knetsim {

/// Whether the health check of a Service's load balancer finds the node well: with the external policy Local the node's
/// kube-proxy knows of a ready endpoint of its own (healthCheckNodePort), with Cluster it runs at all (healthz).
/// @param view  What the node's proxy knows.
/// @source k/k pkg/proxy/healthcheck/service_health.go, SyncEndpoints; proxy_health.go.
bool answers_health_check(const Cluster& cluster, const EndpointView& view, ServiceIndex service, NodeIndex node);

/// Whether MetalLB's speaker on the node announces a Service's address, as one of those that do or may: with the
/// external policy Local the node has an endpoint that serves, terminating ones included; with Cluster there is one
/// anywhere.
/// @param view  What the speaker knows.
/// @source metallb/metallb speaker/layer2_controller.go and bgp_controller.go, ShouldAnnounce.
bool announces(const Cluster& cluster, const EndpointView& view, ServiceIndex service, NodeIndex node);

/// Load balancers, each a Service's address in front of those nodes that may be sent to: whom health checks find well,
/// or who announces the address. A connection goes to one of them by the hash of its addresses and ports, with the
/// client's address; or all go to the first of them by the hash of its name and the address, so that another one's
/// leaving changes nothing.
/// @source AWS, Elastic Load Balancing, Network Load Balancers, "Health checks for Network Load Balancer target
/// groups"; metallb/metallb speaker/layer2_controller.go, ShouldAnnounce (the order); website/content/concepts/bgp.md
class NodeBalancer {
 public:
  /// @param services  That have one. All nodes are found as they are: nothing has been noticed late yet.
  NodeBalancer(const Cluster& cluster, const EndpointViews& endpoints, std::span<const ServiceIndex> services,
               const LoadBalancerKind& kind = load_balancer_kinds().front());

  /// The node for a new connection; kNoIndex where there is none. @pre The Service has a load balancer.
  NodeIndex node_for(ServiceIndex service, const FiveTuple& tuple) const;

  /// What of a connection's headers tells its node; never 0.
  static std::uint32_t path_of(const FiveTuple& tuple);
  /// The node to which packets come now, of a kind that tracks no connections; kNoIndex where there is none.
  NodeIndex node_of(ServiceIndex service, std::uint32_t path) const;

  const LoadBalancerKind& kind() const { return kind_; }
  /// Services that have one, in ascending order.
  std::vector<ServiceIndex> services() const;
  /// Nodes that may be sent to: the first one takes all where the kind has one node, else in ascending order.
  std::span<const NodeIndex> nodes(ServiceIndex service) const { return behind_.at(service).nodes; }
  bool is_healthy(ServiceIndex service, NodeIndex node) const;
  /// It has been found that a node may be sent to, or may not any more.
  void set(ServiceIndex service, NodeIndex node, bool healthy);

 private:
  struct Behind {
    std::vector<NodeIndex> nodes;      // ordered by rank
    std::vector<std::uint32_t> ranks;  // shape (nodes of the cluster,)
  };
  std::vector<std::uint32_t> ranks(const Cluster& cluster, ServiceIndex service) const;

  const LoadBalancerKind& kind_;
  std::uint32_t nodes_;
  std::map<ServiceIndex, Behind> behind_;
};

}  // namespace knetsim
