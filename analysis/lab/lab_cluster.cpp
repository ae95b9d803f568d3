#include "analysis/lab/lab_cluster.h"

#include <fmt/format.h>

#include <array>

#include "analysis/lab/command.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/wire_rate.h"

namespace knetsim::lab {
namespace {

// Numbers of Ethernet addresses: 1xx bridges, 2ab the uplink of node a to node b, 3xx tunnels, 4xx and 5xx a pod's
// cable.
std::uint16_t bridge_number(std::uint32_t node) { return static_cast<std::uint16_t>(0x100 + node); }
std::uint16_t uplink_number(std::uint32_t node, std::uint32_t peer) {
  return static_cast<std::uint16_t>(0x200 + 16 * node + peer);
}
std::uint16_t tunnel_number(std::uint32_t node) { return static_cast<std::uint16_t>(0x300 + node); }
std::uint16_t host_end_number(std::uint32_t pod) { return static_cast<std::uint16_t>(0x400 + pod); }
std::uint16_t pod_number(std::uint32_t pod) { return static_cast<std::uint16_t>(0x500 + pod); }

constexpr const char* kTunnel = "tunnel0";
constexpr int kWireGuardPort = 51820;

// Fixed, so that nothing of a lab depends on chance: they protect nothing.
constexpr std::array kWireGuardKeys = {
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
    "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="};

/// Of pods and tunnel devices, as pod networks set it: what the wire's 1,500 bytes leave beside the outer headers. With
/// more, every full segment would become two fragments.
int mtu_of(Fabric fabric) {
  switch (fabric) {
    case Fabric::HostRoutes:
      return 1500;
    case Fabric::Vxlan:
      return 1500 - 50;
    case Fabric::Ipip:
      return 1500 - 20;
    case Fabric::WireGuard:
      return 1500 - 60;  // IPv4, UDP, its header and authenticator
  }
  return 1500;
}

std::string subnet(std::uint32_t node) { return fmt::format("10.244.{}.0/24", 1 + node); }

}  // namespace

std::string_view fabric_name(Fabric fabric) {
  switch (fabric) {
    case Fabric::HostRoutes:
      return "host routes";
    case Fabric::Vxlan:
      return "VXLAN";
    case Fabric::Ipip:
      return "IPIP";
    case Fabric::WireGuard:
      return "WireGuard";
  }
  return "";
}

std::string LabCluster::uplink(std::uint32_t peer) { return fmt::format("up{}", peer); }

std::string LabCluster::host_end(std::uint32_t pod) { return fmt::format("veth{}", pod); }

LabCluster::LabCluster(const LabSpec& spec) : spec_(spec), next_host_(spec.nodes, 10) {
  for (std::uint32_t node = 0; node < spec.nodes; ++node) add_node(node);
  for (std::uint32_t a = 0; a < spec.nodes; ++a) {
    for (std::uint32_t b = a + 1; b < spec.nodes; ++b) join(a, b);
  }
  for (std::uint32_t node = 0; node < spec.nodes; ++node) {
    if (spec.fabric != Fabric::HostRoutes) add_tunnel(node);
    for (std::uint32_t peer = 0; peer < spec.nodes; ++peer) {
      if (peer == node) continue;
      add_peer(node, peer);
      add_route(node, peer, subnet(peer));
    }
  }
  for (const LabPodSpec& pod : spec.pods) add_pod(pod);
  // Processes of a node ask for Services too: as everywhere, a default route takes the packet until it is translated.
  for (std::uint32_t node = 0; spec.nodes > 1 && node < spec.nodes; ++node) {
    this->node(node).ip(
        fmt::format("route add default dev {} src {}", uplink(node == 0 ? 1 : 0), to_text(node_address(node))));
  }
}

void LabCluster::add_node(std::uint32_t node) {
  nodes_.push_back(std::make_unique<NetNamespace>(fmt::format("node {}", node)));
  const NetNamespace& space = *nodes_.back();
  space.ip(fmt::format("addr add {}/32 dev lo", to_text(node_address(node))));
  if (spec_.bridge) {
    // Without snooping: a snooping bridge reports its multicast groups when it pleases, and those packets would count.
    space.ip(fmt::format("link add cni0 address {} type bridge mcast_snooping 0",
                         NetNamespace::ethernet_address(bridge_number(node))));
    space.ip(fmt::format("addr add {}/24 dev cni0", to_text(bridge_address(node))));
    space.ip("link set cni0 up");
  }
}

void LabCluster::join(std::uint32_t a, std::uint32_t b) {
  NetNamespace::cable({node(a), uplink(b), uplink_number(a, b)}, {node(b), uplink(a), uplink_number(b, a)});
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    const std::string peer = to_text(node_address(to));
    node(from).ip(fmt::format("route add {} dev {} src {}", peer, uplink(to), to_text(node_address(from))));
    node(from).neighbour(peer, uplink(to), uplink_number(to, from));
    if (spec_.wire_mbit > 0) node(from).in(wire_rate_command(uplink(to), spec_.wire_mbit));
  }
}

void LabCluster::add_tunnel(std::uint32_t index) {
  const NetNamespace& space = node(index);
  const std::string own = to_text(node_address(index));
  switch (spec_.fabric) {
    case Fabric::HostRoutes:
      return;
    case Fabric::Vxlan:
      space.ip(fmt::format("link add {} address {} type vxlan id 1 local {} dstport 8472 nolearning", kTunnel,
                           NetNamespace::ethernet_address(tunnel_number(index)), own));
      break;
    case Fabric::Ipip:
      space.ip(fmt::format("link add {} type ipip local {}", kTunnel, own));
      break;
    case Fabric::WireGuard:
      space.ip(fmt::format("link add {} type wireguard", kTunnel));
      space.in(fmt::format("wg set {} listen-port {} private-key /dev/stdin", kTunnel, kWireGuardPort),
               kWireGuardKeys.at(index));
      break;
  }
  space.ip(fmt::format("addr add {}/32 dev {}", to_text(tunnel_address(index)), kTunnel));
  space.ip(fmt::format("link set {} mtu {} up", kTunnel, mtu_of(spec_.fabric)));
}

/// What the tunnel device has to know of another node.
void LabCluster::add_peer(std::uint32_t from, std::uint32_t to) const {
  const NetNamespace& space = node(from);
  const std::string peer = to_text(node_address(to));
  if (spec_.fabric == Fabric::Vxlan) {
    space.neighbour(to_text(tunnel_address(to)), kTunnel, tunnel_number(to));
    space.in(fmt::format("bridge fdb add {} dev {} dst {}", NetNamespace::ethernet_address(tunnel_number(to)), kTunnel,
                         peer));
  } else if (spec_.fabric == Fabric::WireGuard) {
    const std::string key = words(space.in("wg pubkey", kWireGuardKeys.at(to))).at(0);
    space.in(
        fmt::format("wg set {} peer {} allowed-ips {} endpoint {}:{}", kTunnel, key, subnet(to), peer, kWireGuardPort));
  }
}

void LabCluster::add_route(std::uint32_t from, std::uint32_t to, const std::string& range) const {
  const NetNamespace& space = node(from);
  const std::string peer = to_text(node_address(to));
  switch (spec_.fabric) {
    case Fabric::HostRoutes:
      space.ip(fmt::format("route add {} via {} dev {} onlink", range, peer, uplink(to)));
      return;
    case Fabric::Vxlan:
      space.ip(fmt::format("route add {} via {} dev {} onlink", range, to_text(tunnel_address(to)), kTunnel));
      return;
    case Fabric::Ipip:
      space.ip(fmt::format("route add {} via {} dev {} onlink", range, peer, kTunnel));
      return;
    case Fabric::WireGuard:
      space.ip(fmt::format("route add {} dev {}", range, kTunnel));
      return;
  }
}

void LabCluster::add_clients(std::uint32_t pod, const std::string& range) const {
  this->pod(pod).ip(fmt::format("route add local {} dev lo", range));
  const std::uint32_t home = spec_.pods[pod].node;
  node(home).ip(fmt::format("route add {} via {} onlink dev {}", range, to_text(pod_address(pod)),
                            spec_.bridge ? "cni0" : fmt::format("veth{}", pod)));
  for (std::uint32_t other = 0; other < spec_.nodes; ++other) {
    if (other != home) add_route(other, home, range);
  }
}

void LabCluster::add_pod(const LabPodSpec& spec) {
  const auto index = static_cast<std::uint32_t>(pods_.size());
  const NetNamespace& host = node(spec.node);
  pods_.push_back(std::make_unique<NetNamespace>(fmt::format("pod {}", index)));
  const NetNamespace& pod = *pods_.back();
  const std::string device = host_end(index);
  NetNamespace::cable({host, device, host_end_number(index)}, {pod, pod_device(), pod_number(index)});
  host.ip(fmt::format("link set {} mtu {}", device, mtu_of(spec_.fabric)));
  pod.ip(fmt::format("link set {} mtu {}", pod_device(), mtu_of(spec_.fabric)));
  first_host_.push_back(next_host_[spec.node]);
  next_host_[spec.node] += spec.addresses;
  if (next_host_[spec.node] > 255) throw LabError("a lab node has 245 pod addresses");
  if (spec_.bridge) host.ip(fmt::format("link set {} master cni0", device));
  for (std::uint32_t i = 0; i < spec.addresses; ++i) {
    const std::string address = to_text(pod_address(index, i));
    pod.ip(fmt::format("addr add {}/{} dev eth0", address, spec_.bridge ? 24 : 32));
    if (!spec_.bridge) host.ip(fmt::format("route add {} dev {}", address, device));
    host.neighbour(address, spec_.bridge ? "cni0" : device, pod_number(index));
    // Pods of one bridge reach each other through it.
    for (std::uint32_t other = 0; spec_.bridge && other < index; ++other) {
      if (spec_.pods[other].node != spec.node) continue;
      pods_[other]->neighbour(address, "eth0", pod_number(index));
    }
  }
  for (std::uint32_t other = 0; spec_.bridge && other < index; ++other) {
    if (spec_.pods[other].node != spec.node) continue;
    for (std::uint32_t i = 0; i < spec_.pods[other].addresses; ++i) {
      pod.neighbour(to_text(pod_address(other, i)), "eth0", pod_number(other));
    }
  }
  // Without a bridge as Calico does it: the gateway is an address of nobody's, behind which the node's end stands.
  const std::string gateway = spec_.bridge ? to_text(bridge_address(spec.node)) : "169.254.1.1";
  if (!spec_.bridge) pod.ip(fmt::format("route add {} dev eth0", gateway));
  pod.neighbour(gateway, "eth0", spec_.bridge ? bridge_number(spec.node) : host_end_number(index));
  pod.ip(fmt::format("route add default via {} dev eth0", gateway));
}

Ipv4 LabCluster::pod_address(std::uint32_t pod, std::uint32_t which) const {
  return ipv4(10, 244, 1 + spec_.pods[pod].node, first_host_[pod] + which);
}

std::vector<Ipv4> LabCluster::addresses_of(std::uint32_t node) const {
  std::vector<Ipv4> addresses{node_address(node)};
  if (spec_.bridge) addresses.push_back(bridge_address(node));
  if (spec_.fabric != Fabric::HostRoutes) addresses.push_back(tunnel_address(node));
  return addresses;
}

}  // namespace knetsim::lab
