#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "models/proxy/service_spec.h"

namespace knetsim::lab {

/// What carries packets from a pod of one node to a pod of another.
enum class Fabric : std::uint8_t { HostRoutes, Vxlan, Ipip, WireGuard };
std::string_view fabric_name(Fabric fabric);

struct LabPodSpec {
  std::uint32_t node = 0;
  std::uint32_t addresses = 1;  ///< One server with many addresses stands for many endpoints.
};

struct LabSpec {
  std::uint32_t nodes = 1;  ///< 1 .. 3, on one wire each with each.
  Fabric fabric = Fabric::HostRoutes;
  bool bridge = true;           ///< Pods at a bridge; else each at a veth that the node routes to.
  std::uint32_t wire_mbit = 0;  ///< Rate of each wire, each way (wire_rate.h); 0: as fast as the CPUs are.
  std::vector<LabPodSpec> pods;
};

/// Nodes, their pods and what joins them, out of network namespaces: a node is one, with its bridge, tunnel device and
/// uplinks; a pod is one behind a veth pair. Neighbours, forwarding entries and routes are set by hand, so that nothing
/// but what is measured is on the wires.
class LabCluster {
 public:
  /// @throws LabError  Not root, a device type that the kernel lacks ...
  explicit LabCluster(const LabSpec& spec);

  const NetNamespace& node(std::uint32_t index) const { return *nodes_[index]; }
  const NetNamespace& pod(std::uint32_t index) const { return *pods_[index]; }
  /// Of the node on its wires; of the tunnel device on top.
  static Ipv4 node_address(std::uint32_t node) { return ipv4(192, 168, 1, 1 + node); }
  static Ipv4 tunnel_address(std::uint32_t node) { return ipv4(10, 244, 1 + node, 0); }
  static Ipv4 bridge_address(std::uint32_t node) { return ipv4(10, 244, 1 + node, 1); }
  /// Devices: a node's end of the wire to another one, a pod's own, the node's end of a pod's cable.
  static std::string uplink(std::uint32_t peer);
  static std::string pod_device() { return "eth0"; }
  static std::string host_end(std::uint32_t pod);
  /// The `which`-th address of a pod.
  Ipv4 pod_address(std::uint32_t pod, std::uint32_t which = 0) const;
  /// All addresses of a node itself.
  std::vector<Ipv4> addresses_of(std::uint32_t node) const;

  /// Makes `range` addresses of a pod's, from which its sockets may connect: clients of many addresses.
  /// @pre No node's pods are in the range, and those that it talks to are on other nodes.
  void add_clients(std::uint32_t pod, const std::string& range) const;

 private:
  void add_node(std::uint32_t node);
  void join(std::uint32_t a, std::uint32_t b);
  void add_tunnel(std::uint32_t node);
  void add_peer(std::uint32_t from, std::uint32_t to) const;
  void add_route(std::uint32_t from, std::uint32_t to, const std::string& range) const;
  void add_pod(const LabPodSpec& spec);

  LabSpec spec_;
  std::vector<std::unique_ptr<NetNamespace>> nodes_;
  std::vector<std::unique_ptr<NetNamespace>> pods_;
  std::vector<std::uint32_t> first_host_;  // of each pod, the last byte of its first address
  std::vector<std::uint32_t> next_host_;   // of each node
};

}  // namespace knetsim::lab
