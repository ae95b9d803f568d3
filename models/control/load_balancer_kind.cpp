#include "models/control/load_balancer_kind.h"

#include <algorithm>
#include <array>

namespace knetsim {

std::span<const LoadBalancerKind> load_balancer_kinds() {
  static constexpr std::array kKinds = {
      LoadBalancerKind{.name = "cloud",
                       .summary = "passes packets through to node ports: a node by the hash of addresses and ports, of "
                                  "those that are well; the client's address stays",
                       .source = "AWS, Elastic Load Balancing, Network Load Balancers",
                       .tracks_connections = true,
                       .checks_health = true,
                       .all_where_none = true},
      LoadBalancerKind{.name = "metallb-l2",
                       .summary = "MetalLB by ARP: one node has the address, and takes all connections",
                       .source = "metallb/metallb speaker/layer2_controller.go",
                       .keeps_address = true,
                       .one_node = true},
      LoadBalancerKind{.name = "metallb-bgp",
                       .summary =
                           "MetalLB by BGP: all nodes announce the address, and routers send each connection to one "
                           "of them by the hash of addresses and ports",
                       .source = "metallb/metallb speaker/bgp_controller.go",
                       .keeps_address = true},
      LoadBalancerKind{.name = "proxy",
                       .summary = "a machine outside of the cluster that ends TCP, and opens connections of its own to "
                                  "node ports of nodes that are well; nodes see its address instead of the client's",
                       .source = "AWS, Elastic Load Balancing, Classic Load Balancers, TCP listeners; "
                                 "docs.haproxy.org, configuration: mode tcp",
                       .tracks_connections = true,
                       .checks_health = true,
                       .ends_connections = true}};
  return kKinds;
}

const LoadBalancerKind* load_balancer_kind_named(std::string_view name) {
  const std::span<const LoadBalancerKind> kinds = load_balancer_kinds();
  const auto found = std::ranges::find(kinds, name, &LoadBalancerKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace knetsim
