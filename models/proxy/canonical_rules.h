#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "models/proxy/ruleset_interpreter.h"
#include "models/walk/bindings.h"
#include "sim/net/plan.h"

namespace knetsim {

/// Writes the rules of a node. @param containers  With hostPorts, for those who write rules for them.
using RuleWriter = std::function<Ruleset(const NodeSpec& node, std::span<const ServicePortSpec> services,
                                         std::span<const HostPortSpec> containers)>;

/// The Service that a flow asks, as far as rules can tell it from others. All false for a flow that asks none.
struct CanonicalService {
  Transport transport = Transport::Tcp;
  bool node_port = false;       ///< It is asked by one.
  bool external_ip = false;     ///< It is asked by one, or by its load balancer's ...
  bool load_balancer = false;   ///< ... and the latter it is,
  bool firewalled = false;      ///< with source ranges.
  bool internal_local = false;  ///< internalTrafficPolicy: Local; likewise
  bool external_local = false;
  bool affinity = false;
  bool host_network = false;  ///< Its endpoints are addresses of nodes.
  bool here = true;           ///< They are on the node whose rules these are, ...
  bool one_here = false;      ///< ... or one more is, which is not chosen.
  auto operator<=>(const CanonicalService&) const = default;
};

/// Values of all symbols, by symbol_index(); [0] is the constant 1.
using SymbolValues = std::array<double, kFlowSymbols + kMachineSymbols>;

/// The rules of one small node, of a size of its own, and where in them the flow's Service stands.
class CanonicalNode {
 public:
  /// How many there are of each sort beside the Service that is asked, in front of it and behind.
  struct Mix {
    std::uint32_t plain_before = 1;  ///< ClusterIPs with an endpoint on the node.
    std::uint32_t plain_after = 1;
    std::uint32_t tcp_before = 0;  ///< With a node port, policy Cluster.
    std::uint32_t tcp_after = 0;
    std::uint32_t udp_before = 0;
    std::uint32_t udp_after = 0;
    std::uint32_t local_tcp = 0;  ///< With a node port, external policy Local, an endpoint on the node.
    std::uint32_t local_udp = 0;
    std::uint32_t dead = 0;  ///< Without endpoints: a ClusterIP alone, with a node port, with an external address.
    std::uint32_t dead_tcp = 0;
    std::uint32_t dead_udp = 0;
    std::uint32_t dead_external = 0;
    std::uint32_t external = 0;         ///< With an external IP, an endpoint on the node, policy Cluster; likewise
    std::uint32_t local_external = 0;   ///< policy Local,
    std::uint32_t balanced = 0;         ///< with a load balancer's address,
    std::uint32_t local_balanced = 0;   ///< policy Local,
    std::uint32_t firewalled = 0;       ///< and source ranges that leave the node out,
    std::uint32_t open_firewalled = 0;  ///< or name it.
    std::uint32_t ranges_before = 1;    ///< Source ranges in front of the client's, where the asked address has some.
    std::uint32_t endpoints = 3;        ///< Of the Service that is asked.
    std::uint32_t chosen = 1;           ///< Which of them, from 0.
    std::uint32_t client_mates =
        1;  ///< Pods on the client's branch of Felix' dispatch chains, in front of it; likewise
    std::uint32_t server_mates = 1;  ///< of the server's.
    std::uint32_t containers_before = 1;
    std::uint32_t containers_after = 1;
  };

  CanonicalNode(const RuleWriter& write, const CanonicalService& service, const Mix& mix, Transport containers,
                IptablesBackend backend);

  /// The symbols at this node, for a connection to its Service.
  const SymbolValues& symbols() const { return symbols_; }
  const Ruleset& rules() const { return *rules_; }
  RulesetInterpreter& interpreter() { return *interpreter_; }
  std::uint32_t chosen() const { return mix_.chosen; }
  /// Whether kube-proxy has sets, as in IPVS mode.
  bool has_service_sets() const { return rules_->ip_sets.contains("KUBE-CLUSTER-IP"); }

  Ipv4 cluster_ip() const;
  Ipv4 external_ip() const;
  EndpointSpec endpoint() const { return endpoints_[mix_.chosen]; }
  EndpointSpec host_port_endpoint() const;
  static constexpr std::uint16_t kPort = 80;
  static constexpr std::uint16_t kNodePort = 30'000;
  static constexpr std::uint16_t kHostPort = 8'080;
  static constexpr Ipv4 kNode = ipv4(192, 168, 1, 1);
  static constexpr Ipv4 kOtherNode = ipv4(192, 168, 1, 2);
  static constexpr Ipv4 kThirdNode = ipv4(192, 168, 1, 3);  ///< Of endpoints in the host's network that are not here.
  static constexpr Ipv4 kPodHere = ipv4(10, 244, 1, 200);
  static constexpr std::string_view kClientDevice = "cali1ffffffffff";  ///< Of the client pod, where it is here, ...
  static constexpr std::string_view kServerDevice = "cali2ffffffffff";  ///< ... and of the server pod.
  static constexpr std::string_view kNic = "eth0";
  static constexpr Ipv4 kPodElsewhere = ipv4(10, 244, 2, 200);

 private:
  std::vector<ServicePortSpec> services(const CanonicalService& asked) const;
  void set_symbols(const CanonicalService& asked);

  Mix mix_;
  std::vector<EndpointSpec> endpoints_;
  SymbolValues symbols_{};
  std::unique_ptr<Ruleset> rules_;
  std::unique_ptr<RulesetInterpreter> interpreter_;
};

/// Nodes from which counts are learned that are linear in the symbols: one as a base, and one a symbol.
class CanonicalNodes {
 public:
  CanonicalNodes(const RuleWriter& write, const CanonicalService& service, Transport containers,
                 IptablesBackend backend, const SpecialAddresses& special = {});

  std::size_t size() const { return nodes_.size(); }
  CanonicalNode& operator[](std::size_t node) { return nodes_[node]; }
  /// The count that is `values[i]` at node i, shape (nodes,): exact where it is linear.
  Count linear(std::span<const double> values) const;

 private:
  /// A node tells the coefficient of one symbol by its difference from an earlier one, in which, of what is not known
  /// yet, that symbol alone differs.
  struct Lesson {
    Symbol symbol = Symbol::None;
    std::size_t node = 0;
    std::size_t against = 0;
  };
  std::vector<CanonicalNode> nodes_;
  std::vector<Lesson> lessons_;
};

}  // namespace knetsim
