#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/proxy/endpoint_categories.h"
#include "models/walk/walk.h"

namespace knetsim {

/// An IPv4 address in host byte order. Rules are generated for IPv4 alone: the IPv6 tables are a second set of the same
/// shape.
using Ipv4 = std::uint32_t;

constexpr Ipv4 ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return (a << 24) | (b << 16) | (c << 8) | d;
}
std::string to_text(Ipv4 address);

/// Addresses that share the first `prefix` bits with `address`.
struct Ipv4Range {
  Ipv4 address = 0;
  int prefix = 32;
  bool contains(Ipv4 other) const;
  auto operator<=>(const Ipv4Range&) const = default;
};
/// "10.244.0.0/16"; a single address stands without its prefix, as kube-proxy writes it.
std::string to_text(const Ipv4Range& range);
std::string_view to_text(Transport transport);  ///< "tcp", "udp"

/// One endpoint of a Service port, as the rules of one node name it.
struct EndpointSpec {
  Ipv4 address = 0;
  std::uint16_t port = 0;
  bool local = false;  ///< On the node whose rules these are.
  bool ready = true;   ///< False for one that terminates and still serves.
  bool meant = true;   ///< False for a ready one that topology hints keep from the node whose rules these are.
  auto operator<=>(const EndpointSpec&) const = default;
};

/// One port of one Service, as kube-proxy sees it (k/k pkg/proxy/serviceport.go).
struct ServicePortSpec {
  std::string name_space = "default";
  std::string name{};
  std::string port_name{};
  Transport transport = Transport::Tcp;
  Ipv4 cluster_ip = 0;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;  ///< 0: none
  std::vector<EndpointSpec> endpoints{};
  bool internal_local = false;  ///< internalTrafficPolicy: Local
  bool external_local = false;  ///< externalTrafficPolicy: Local
  int affinity_seconds = 0;     ///< sessionAffinity: ClientIP with this timeout; 0: none
  std::vector<Ipv4> external_ips{};
  std::vector<Ipv4> load_balancer_ips{};
  std::vector<Ipv4Range> source_ranges{};  ///< Who may ask the load balancer's addresses; empty: anyone.
  std::uint16_t health_check_node_port = 0;

  /// "namespace/name:port", or "namespace/name" where the port has no name.
  std::string port_string() const;
  bool externally_accessible() const { return node_port != 0 || !external_ips.empty() || !load_balancer_ips.empty(); }
  /// Whether its source ranges, which it has, name this address.
  bool allows_source(Ipv4 address) const;
  ServicePolicies policies() const { return {internal_local, external_local, externally_accessible()}; }
  /// The endpoints as the node's kube-proxy keeps them.
  EndpointCategories<EndpointSpec> categories() const;
};

/// Which of a Service port's endpoints one node's rules use, and for whom.
struct EndpointUse {
  explicit EndpointUse(const ServicePortSpec& service);

  std::vector<EndpointSpec> cluster;
  std::vector<EndpointSpec> local;
  bool any = false;                   ///< There is an endpoint somewhere.
  bool internal = false;              ///< What asks for the cluster IP reaches one.
  bool external = false;              ///< What comes from outside does.
  bool by_cluster = false;            ///< The chain over all endpoints is used ...
  bool by_local = false;              ///< ... and the one over those of the node.
  std::vector<EndpointSpec> reached;  ///< By either, each once.
};

/// The node whose rules these are.
struct NodeSpec {
  Ipv4Range cluster_cidr{ipv4(10, 244, 0, 0), 16};  ///< What counts as a local pod (kube-proxy --cluster-cidr).
  Ipv4Range service_cidr{ipv4(10, 96, 0, 0), 12};
  Ipv4 primary_address = 0;
  std::vector<std::string> pod_devices{};  ///< The node's ends of its pods' veths.
};

/// A container with hostPorts, as the portmap plugin is called for it.
struct HostPortSpec {
  struct Mapping {
    Transport transport = Transport::Tcp;
    std::uint16_t host_port = 0;
    std::uint16_t container_port = 0;
  };
  std::string container{};  ///< Goes into the name of its chain.
  Ipv4 address = 0;
  int subnet_prefix = 24;  ///< Of the node's pod subnet: its pods are masqueraded as if they were the container itself.
  std::vector<Mapping> mappings{};
};

}  // namespace knetsim
