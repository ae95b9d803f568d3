#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/proxy_sync.h"
#include "models/service/edge_target.h"
#include "models/service/node_rules.h"
#include "models/service/service_chooser.h"
#include "sim/core/random.h"

namespace knetsim {

/// The symbols of connections: where in the rules of its node a connection's own stand, and which endpoint it has.
///
/// The position of a Service's rule is drawn anew for each node and sync: kube-proxy rewrites KUBE-SERVICES whole, in
/// the order of a Go map (k/k pkg/proxy/iptables/proxier.go).
class ConnectionSymbols {
 public:
  struct Options {
    Duration sync_period = std::chrono::seconds(30);  ///< KUBE-SERVICES gets a new order at the end of each sync.
    const ProxySync* sync = nullptr;                  ///< Knows when they end; null: they take no time.
    const NodeRules* rules = nullptr;                 ///< What nodes have, which may change; null: nothing.
    std::span<const float> dispatch{};  ///< Rules of Felix up to each pod's own, shape (pods,); empty: there is none.
  };
  /// What the references and options point to outlives it.
  ConnectionSymbols(const Cluster& cluster, RandomStreams streams, const Options& options);

  /// @param looked_at  Destinations that the chooser looked at.
  FlowSymbols of(const EdgeTarget& target, PodIndex client, const Candidates& candidates, const Chosen& chosen,
                 double looked_at, Time now) const;
  /// Of a node; zeros where nobody knows of any rules.
  const MachineSymbols& of_node(NodeIndex node) const;

 private:
  /// Of a rule, in a chain of `of`, which the node's kube-proxy writes in a new order at each sync. @param rule  Its key.
  float position(NodeIndex node, std::uint64_t rule, Purpose purpose, std::uint32_t of, Time now) const;
  const RuleSizes& sizes_at(NodeIndex node) const;

  const Cluster& cluster_;
  RandomStreams streams_;
  Options options_;
  std::vector<std::uint64_t> node_keys_;  // shape (nodes,): of their names, what is drawn for one is keyed by it
  std::vector<std::uint64_t> port_keys_;  // shape (service ports,), likewise
};

}  // namespace knetsim
