#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"

namespace knetsim {

using PolicyIndex = std::uint32_t;

/// Which of a pod's connections: those that it opens, or those that are opened to it.
enum class PolicyDirection : std::uint8_t { Egress, Ingress };

/// The other end of a connection as packets show it to the node that enforces a pod's policies.
struct PolicyEnd {
  PodIndex pod = kNoIndex;  ///< Whose own address they bear, a hostNetwork pod's aside; kNoIndex: nobody's.
  IpAddress address{};
  bool of_node = false;
};

/// What is asked: the port in the packets.
struct AskedPort {
  Protocol protocol = Protocol::Tcp;
  std::uint16_t port = 0;
  PodIndex pod = kNoIndex;  ///< Whose container ports a rule's name is looked up in; kNoIndex: a name is no port.
};

/// The cluster's NetworkPolicies: whom they isolate, and what they allow.
///
/// Pods of one namespace and one set of labels are alike to every policy, so that each selector is resolved once, to a
/// set of such kinds of pods. A pod is isolated in a direction by the policies of its namespace that select it and have
/// that type; isolated, it has those connections that any rule of any of them allows, and a connection needs its source's
/// consent and its destination's. Pods of hostNetwork are no pods to a policy, at either end.
/// @source k/website content/en/docs/concepts/services-networking/network-policies.md, "The two sorts of pod isolation";
///         k/k staging/src/k8s.io/api/networking/v1/types.go
class NetworkPolicies {
 public:
  struct Options {
    bool blocks_hold_inside = true;  ///< PolicyEnforcer::blocks_hold_inside
    /// Of Kubernetes 1.MINOR: from 1.21 on namespaces are labelled kubernetes.io/metadata.name by themselves.
    std::uint32_t kubernetes_minor = 36;
  };
  /// The cluster outlives it.
  NetworkPolicies(const Cluster& cluster, const Options& options);

  bool any() const { return !policies_.empty(); }
  const NetworkPolicy& operator[](PolicyIndex policy) const { return cluster_.network_policies[policy]; }
  /// "shop/deny-all".
  std::string name(PolicyIndex policy) const;

  /// In the order of the manifests.
  std::span<const PolicyIndex> isolating(PodIndex pod, PolicyDirection direction) const;
  /// Whether the pod is not isolated in this direction, or some rule allows the connection. @param peer  The other end.
  bool allows(PodIndex pod, PolicyDirection direction, const PolicyEnd& peer, const AskedPort& asked) const;
  /// What a new connection meets of rules for policies in the chain that kube-router writes for the pod, beside those that
  /// every pod's chain has: jumps to its policies, their rules, and what stands for the direction that none isolates.
  struct ChainWork {
    std::uint32_t rules = 0;
    std::uint32_t sets = 0;  ///< Looks into ip sets.
  };
  /// @param direction  Of the connection for the pod. @pre The pod is a kind to policies: neither of hostNetwork nor outside.
  ChainWork chain_work(PodIndex pod, PolicyDirection direction, const PolicyEnd& peer, const AskedPort& asked) const;
  /// Whether this policy's rules do. @pre It has that type.
  bool policy_allows(PolicyIndex policy, PolicyDirection direction, const PolicyEnd& peer,
                     const AskedPort& asked) const;

 private:
  /// Pods of one namespace and one set of labels.
  struct PodKind {
    std::string_view ns;
    LabelSetId labels = 0;
    std::array<std::vector<PolicyIndex>, 2> isolating;  // by direction
  };
  using PodSet = std::vector<bool>;  // by kind
  struct Rule {
    std::vector<std::uint32_t> pods;  // sets
    std::vector<IpBlock> addresses;
    std::vector<PolicyPort> ports;
    bool anybody = false;
  };
  using Rules = std::array<std::vector<Rule>, 2>;  // by direction

  void find_kinds();
  std::uint32_t set_of(const NetworkPolicy& policy, const PolicyPeer& peer);
  bool selects(const Selector& selector, LabelSetId labels) const;
  bool selects_namespace(const Selector& selector, std::string_view ns) const;
  Rule resolve(const NetworkPolicy& policy, const PolicyRule& rule);
  bool has_peer(const Rule& rule, const PolicyEnd& peer) const;
  bool has_pod(const Rule& rule, const PolicyEnd& peer) const;
  bool has_block(const Rule& rule, const PolicyEnd& peer) const;
  bool is_port(const PolicyPort& port, const AskedPort& asked) const;
  void add_chain(ChainWork& work, PolicyIndex policy, PolicyDirection direction, const PolicyEnd& peer,
                 const AskedPort& asked) const;
  bool has_port(const Rule& rule, const AskedPort& asked) const;

  const Cluster& cluster_;
  Options options_;
  std::unordered_map<std::string_view, LabelSetId> namespaces_;  // looked up, never iterated; likewise
  std::unordered_map<std::string, std::uint32_t> set_numbers_;
  std::vector<PodKind> kinds_;
  std::vector<std::uint32_t> kind_of_;  // by pod; kNoIndex: of hostNetwork, or outside
  std::vector<PodSet> sets_;
  std::vector<Rules> policies_;
};

}  // namespace knetsim
