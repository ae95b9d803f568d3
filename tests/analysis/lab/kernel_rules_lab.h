#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analysis/lab/lab_cluster.h"
#include "counted_work.h"
#include "interpreted_packets.h"
#include "kernel_counters.h"
#include "kernel_probe.h"
#include "lab_services.h"
#include "models/proxy/portmap.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset_interpreter.h"

namespace knetsim {

/// What loads the rules, and which layout of them.
enum class Loader : std::uint8_t { IptablesLegacy, IptablesNft, Nftables, NftablesBefore136 };
void PrintTo(Loader loader, std::ostream* out);
inline bool is_iptables(Loader loader) { return loader == Loader::IptablesLegacy || loader == Loader::IptablesNft; }

inline const auto kEveryLoader =
    ::testing::Values(Loader::IptablesLegacy, Loader::IptablesNft, Loader::Nftables, Loader::NftablesBefore136);
inline const auto kIptablesLoaders = ::testing::Values(Loader::IptablesLegacy, Loader::IptablesNft);

/// One node: its rules as data, loaded, interpreted and modelled.
struct LabNode {
  LabNode(const lab::NetNamespace& where, std::vector<Ipv4> own, Ruleset made)
      : space(where), addresses(std::move(own)), rules(std::move(made)), interpreter(rules, addresses) {}

  const lab::NetNamespace& space;
  const std::vector<Ipv4> addresses;
  const Ruleset rules;
  RulesetInterpreter interpreter;
  std::unique_ptr<ProxyModel> model;
  std::unique_ptr<PortMap> portmap;
  RuleSizes sizes{};
};

/// The rules that are generated, loaded unchanged into a real kernel, beside the interpreter and the models. Network
/// namespaces stand for a client pod on the first node, a server pod with one address for each endpoint on the last
/// one, a machine outside at the first node, and the nodes with bridge, veth and, where there are several, VXLAN.
///
/// A test opens and resets one connection (SYN, SYN-ACK, ACK, RST), or sends SYNs that are refused or dropped, and
/// takes the same packets through the interpreters of all nodes on the way. Then every counter of every rule must equal
/// the interpreter's. iptables counts matches; the nftables rules get two counters each, since kube-proxy's have none:
/// one for evaluated, one for matched. What the SYN and its outer packets evaluate is compared with the proxy model,
/// hook by hook, and with the walk of the flow, machine by machine. Skipped, with the reason, where namespaces or a
/// back end are not there.
class KernelRulesLab : public ::testing::TestWithParam<Loader> {
 protected:
  void SetUp() override;

  /// Nodes 0 .. count - 1 with their rules. The first is NodeRole::Client, the last Server, the second of three
  /// Ingress.
  void stand(std::uint32_t count, const WantedService& wanted = {});
  /// Another node for a role.
  void cast(NodeRole role, std::uint32_t index) { roles_[role] = index; }

  LabNode& node(std::uint32_t index) { return *nodes_[index]; }
  LabNode& at(NodeRole role) { return node(roles_.at(role)); }
  const lab::NetNamespace& client() const { return cluster_->pod(0); }
  const lab::NetNamespace& outside() const { return *outside_; }
  Ipv4 server(std::uint32_t endpoint) const { return cluster_->pod_address(1, endpoint); }

  /// The endpoint that the kernel drew, and the connection's source as the server saw it.
  struct Opened {
    bool connected = false;
    std::uint32_t endpoint = 0;
    Ipv4 source = 0;
  };
  Opened open(const lab::NetNamespace& from, const RulePacket& syn) const;
  /// A connection that is refused, and one that is not answered. @return  How many SYNs were sent.
  static std::uint32_t refused(const lab::NetNamespace& from, const RulePacket& syn);
  static std::uint32_t unanswered(const lab::NetNamespace& from, const RulePacket& syn);

  /// The connection's packets at one machine. @return  The SYN as its rules have left it.
  RulePacket connection_at(NodeRole role, const RulePacket& syn, const RuleChoice& choice = {},
                           const HooksPassed& hooks = {});
  /// The tunnel's packets for SYN, ACK and RST from one machine to another, and for the SYN-ACK back.
  void tunnel_between(NodeRole client_side, NodeRole server_side);
  /// For the SYN-ACK alone.
  void tunnel_back(NodeRole server_side, NodeRole client_side);

  /// Every rule's counter of every node against the interpreter's.
  void compare();

  /// What the SYN has evaluated on its way so far, against the proxy model and the walk of `flow`. The client's own
  /// machine is left out where it is outside.
  /// @param endpoint  The endpoint's place in the chain that was drawn from, 0-based.
  void models_agree(const FlowClass& flow, std::uint32_t endpoint = 0);

  double service_position_ = kWanted + 1.0;  ///< In KUBE-SERVICES, of the address that is asked.

 private:
  /// The SYN, or an outer packet that carries it, at the hooks of one machine.
  struct FirstPacket {
    NodeRole role;
    RulePacket packet;
    std::vector<Hook> hooks;
    bool outer = false;
    bool translated = false;   ///< By the rules there.
    bool masqueraded = false;  ///< So too.
  };

  void add_outside();
  void load(std::uint32_t index, bool has_server, const WantedService& wanted);
  HookWork proxy_agrees(const FirstPacket& first, HookPacket packet, const Symbols& symbols, std::uint32_t endpoint);
  HookWork walked(NodeRole role, const FlowClass& flow, const Symbols& symbols);
  /// A connection's symbols with those of the role's node.
  Symbols with_sizes(NodeRole role, Symbols symbols) const;

  std::uint32_t local_endpoints_ = 0;  ///< On the server's node.
  std::unique_ptr<lab::LabCluster> cluster_;
  std::unique_ptr<lab::NetNamespace> outside_;
  std::vector<std::unique_ptr<LabNode>> nodes_;
  std::map<NodeRole, std::uint32_t> roles_;
  std::vector<FirstPacket> first_;  ///< Of the SYN, in the order in which it passed.
};

/// Several nodes. Skipped where there is no VXLAN.
class KernelRulesOverVxlan : public KernelRulesLab {
 protected:
  void SetUp() override;
};

}  // namespace knetsim
