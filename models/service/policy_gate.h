#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/policy/network_policies.h"
#include "models/service/edge_target.h"
#include "models/service/resolver.h"
#include "models/walk/walk.h"
#include "models/workload/spec.h"
#include "sim/core/time.h"

namespace knetsim {

/// What a connection shows to the nodes that enforce the policies of its two ends.
struct PolicyQuestion {
  PolicyEnd source;       ///< As the server's node sees it.
  PolicyEnd destination;  ///< As the client's node sees it, behind its own translation.
  AskedPort asked_there;  ///< The endpoint's port.
  AskedPort asked_here;   ///< As it leaves the client's node.
};

/// @param endpoint  A pod. @param first  The walk of the connection's first packet: who masquerades and who translates.
PolicyQuestion policy_question(const Cluster& cluster, const EdgeTarget& target, PodIndex client, NodeIndex asked,
                               const Endpoint& endpoint, const Walk& first);

/// Policies that a connection does not get past: those that isolate an end of it, and none of which allows it.
struct PolicyDenial {
  PolicyDirection direction = PolicyDirection::Egress;
  std::span<const PolicyIndex> by{};
};

/// Of a connection: its client's egress first, as its packets meet it, then its server's ingress. What is of the pod
/// itself, and what is between a pod and its own node, is always allowed.
/// @source k/website content/en/docs/concepts/services-networking/network-policies.md: a pod cannot block access to itself,
///         and traffic to and from the node where it runs is always allowed
std::optional<PolicyDenial> policy_denial(const Cluster& cluster, const NetworkPolicies& policies, PodIndex client,
                                          PodIndex server, const PolicyQuestion& question);

/// What a connection meets: of rules where there are some, and whether it gets past them.
struct PolicyVerdict {
  std::optional<PolicyDenial> denial{};
  NetworkPolicies::ChainWork egress{};   ///< In the chain of the client's pod; nothing where it has none.
  NetworkPolicies::ChainWork ingress{};  ///< Likewise of the server's.
};
PolicyVerdict policy_verdict(const Cluster& cluster, const NetworkPolicies& policies, PodIndex client, PodIndex server,
                             const PolicyQuestion& question);

/// Connections that were denied: of one edge, in one direction and by the same policies.
struct DeniedConnections {
  PolicyDirection direction = PolicyDirection::Egress;
  std::span<const PolicyIndex> by{};
  EdgeIndex edge = 0;
  PodIndex client = kNoIndex;  ///< Of the first one; likewise
  PodIndex server = kNoIndex;
  std::uint16_t port = 0;
  bool refused = false;           ///< They are rejected; else dropped.
  std::uint64_t connections = 0;  ///< From the start of the run.
  Time since{};                   ///< When the first one was.
};

/// Lets connections through or not, and keeps account of those that it does not. What was found for one client, server, port
/// and asked node holds for a run: labels are those that a pod is made with. Policies are asked when a connection opens;
/// one that is open has its entry in conntrack, and stays.
class PolicyGate {
 public:
  struct Options {
    bool refuses = false;  ///< What is forbidden is rejected; else dropped.
  };
  /// The references outlive it.
  PolicyGate(const Cluster& cluster, const NetworkPolicies& policies, const Options& options)
      : cluster_(cluster), policies_(policies), options_(options) {}

  /// Counts what is denied. Valid until the next call.
  const PolicyVerdict& ask(EdgeIndex edge, const EdgeTarget& target, PodIndex client, NodeIndex asked,
                           const Endpoint& endpoint, const Walk& first, Time now);
  bool refuses() const { return options_.refuses; }

  /// In the order of their first connections.
  const std::vector<DeniedConnections>& denied() const { return denied_; }

 private:
  using Key = std::tuple<EdgeIndex, PodIndex, PodIndex, std::uint16_t, NodeIndex>;

  const Cluster& cluster_;
  const NetworkPolicies& policies_;
  Options options_;
  std::map<Key, PolicyVerdict> known_;
  std::vector<DeniedConnections> denied_;
};

}  // namespace knetsim
