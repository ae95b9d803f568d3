#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/object_name.h"
#include "models/control/load_balancer_kind.h"
#include "models/proxy/proxy_model.h"
#include "models/service/edge_target.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// A Service's name as DNS has it, and its port: "reviews.shop.svc.cluster.local:9080", "reviews.shop", "reviews:http".
struct DnsName {
  std::string name;
  std::string ns;    ///< Empty where it is not said.
  std::string port;  ///< The same.
};
DnsName dns_name(std::string_view text);

/// "shop/cart", "cart", or a name in DNS: cart.shop, cart.shop.svc.cluster.local. A Service's own name has no dot.
ObjectName split_service_name(std::string_view text, std::string_view ns);

/// Where one who asks is: with the cluster's own nodes, or beyond its border.
enum class Side : std::uint8_t { Inside, Outside };

/// Finds what the names in a scenario stand for. Every mistake goes to the diagnostics at the node that is given.
class TargetLookup {
 public:
  /// What tells which targets there are. The references outlive the lookup.
  struct Served {
    const ProxyInfo& mode;  ///< Says what it serves; where cluster IPs are not, clients address endpoints themselves.
    Version kubernetes{1, 36};
    const LoadBalancerKind& balancer = load_balancer_kinds().front();
  };
  TargetLookup(const Cluster& cluster, const Served& served, Diagnostics& diagnostics);

  /// A Service at its cluster IP. @param port  Name or number; empty: the first of the protocol.
  std::optional<EdgeTarget> service(const ObjectName& name, std::string_view port, Protocol protocol, Node at);
  /// The endpoints of a Service, whose addresses a proxy keeps for itself.
  std::optional<EdgeTarget> endpoints_of(const ObjectName& name, std::string_view port, Node at);
  /// A Service at a node port. @param text     Name, or the node port's number.
  /// @param through  A node's name; empty or "random": any.
  std::optional<EdgeTarget> node_port(std::string_view text, std::string_view ns, std::string_view port,
                                      std::string_view through, Protocol protocol, Node at);
  /// Pods of a workload (or one pod) at their host port.
  std::optional<EdgeTarget> host_port(ObjectName name, std::string_view port, Protocol protocol, Node at);
  /// Pods of a workload (or one pod) at their own address.
  std::optional<EdgeTarget> pod(const ObjectName& name, std::string_view port, Protocol protocol, Node at);
  /// Another container of each of these pods. @param container  Set to the one that has the port.
  std::optional<EdgeTarget> loopback(const std::vector<PodIndex>& pods, std::string_view port, Protocol protocol,
                                     Node at, std::string& container);

  /// The workload of this name; in any namespace if only one there has it and `name` states none. kNoIndex after an
  /// error.
  WorkloadIndex workload(std::string_view name, Node at);

  /// A Service of type LoadBalancer, at its load balancer: from outside one of the cluster's kind; inside the client's
  /// own node has rules for its address, where that is not of ipMode Proxy. One that ends connections is a process.
  std::optional<EdgeTarget> load_balancer(const ObjectName& name, std::string_view port, Protocol protocol, Side from,
                                          Node at);
  /// The process of a load balancer outside of the cluster, at a port.
  EdgeTarget at_machine(PodIndex machine, std::uint16_t port) const;
  /// Whether a load balancer ends the connection itself, and opens one of its own to behind_balancer().
  bool ends_at_balancer(const EdgeTarget& target) const;
  /// A node port of those nodes that the Service's load balancer finds well. @param port  Of the Service, by number.
  std::optional<EdgeTarget> behind_balancer(ServiceIndex service, std::string_view port, Protocol protocol, Node at);
  /// A Service at one of its externalIPs. @param text     Name of the Service, or the address.
  /// @param through  From outside: the node to which the address leads, by name; empty or "random": any.
  std::optional<EdgeTarget> external_ip(std::string_view text, std::string_view ns, std::string_view port,
                                        std::string_view through, Protocol protocol, Side from, Node at);

  /// Whether the source ranges on the way to the target let the client in.
  bool lets_in(const EdgeTarget& target, PodIndex client) const;

  /// Whether a client outside of the cluster reaches what was looked up: addresses of nodes alone. @param name  As asked.
  bool reached_from_outside(const EdgeTarget& target, std::string_view name, Node at) const;

 private:
  /// The process of a load balancer that ends connections.
  std::optional<EdgeTarget> at_balancer(ServiceIndex service, std::string_view port, Protocol protocol, Node at);
  ServiceIndex find_service(const ObjectName& name, Node at);
  ServicePortIndex find_port_of(ServiceIndex service, std::string_view port, Protocol protocol, bool with_node_port,
                                Node at);
  /// The node that `through` names; kNoIndex for any. Nothing after an error.
  std::optional<NodeIndex> node_named(std::string_view through, Node at);
  /// Whether nodes serve addresses of this sort; an error where they do not. @param what  Such addresses, for people.
  bool is_served(Exposure exposure, std::string_view what, Node at);
  /// A Service at one of its addresses from outside. @param address  Which of addresses_of() IPv4.
  std::optional<EdgeTarget> at_external_address(ServiceIndex service, std::string_view port, Protocol protocol,
                                                std::uint32_t address, Node at);
  /// The Service with this external IP and port, and which of its addresses_of() IPv4 that is. Nothing after an error.
  std::optional<std::pair<ServiceIndex, std::uint32_t>> owner_of(const IpAddress& wanted, std::string_view port,
                                                                 Protocol protocol, Node at);
  /// A notice where its connections are refused for want of an endpoint.
  void tell_no_endpoints(ServicePortIndex port, Node at);
  std::vector<PodIndex> pods_named(const ObjectName& name, std::string_view wanted, Node at);

  const Cluster& cluster_;
  const ProxyInfo& mode_;
  Version kubernetes_;
  const LoadBalancerKind& balancer_;
  Diagnostics& diagnostics_;
  ClusterNames names_;
  EndpointView view_;
  std::unordered_map<std::string_view, std::vector<WorkloadIndex>> workloads_;  // by name, in any namespace
};

}  // namespace knetsim
