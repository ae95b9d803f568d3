#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "models/cluster/cluster.h"
#include "sim/net/flow_hash.h"

namespace knetsim {

/// Whether the health check of a Service's load balancer finds the node well: with the external policy Local the node's
/// kube-proxy knows of a ready endpoint of its own (healthCheckNodePort), with Cluster it runs at all (healthz).
/// @param view  What the node's proxy knows.
/// @source k/k pkg/proxy/healthcheck/service_health.go, SyncEndpoints; proxy_health.go.
bool answers_health_check(const Cluster& cluster, const EndpointView& view, ServiceIndex service, NodeIndex node);

/// A cloud's load balancers, which pass packets through to nodes: each has a Service's address in front of the node ports
/// of those nodes that its health checks find well, and sends a connection to one of them by the hash of its
/// addresses and ports. The client's address stays. Where no node is well all of them are taken ("fail open").
/// @source AWS, Elastic Load Balancing, Network Load Balancers, "Health checks for Network Load Balancer target groups".
class NodeBalancer {
 public:
  /// @param services  That have one. All nodes are found as they are: nothing has been noticed late yet.
  NodeBalancer(const Cluster& cluster, const EndpointViews& endpoints, std::span<const ServiceIndex> services);

  /// The node for a new connection. @pre It has one.
  NodeIndex node_for(ServiceIndex service, const FiveTuple& tuple) const;

  /// Services that have one, in ascending order.
  std::vector<ServiceIndex> services() const;
  bool is_healthy(ServiceIndex service, NodeIndex node) const;
  /// A health check has found that a node is well, or is not any more.
  void set(ServiceIndex service, NodeIndex node, bool healthy);

 private:
  std::uint32_t nodes_;
  std::map<ServiceIndex, std::vector<NodeIndex>> healthy_;  // in ascending order
};

}  // namespace knetsim
