#pragma once

#include <optional>

#include "app/scenario/call_graph.h"
#include "app/scenario/target_lookup.h"

namespace knetsim {

/// A client's call that ends at a load balancer (TargetLookup::ends_at_balancer()).
struct BalancedCall {
  const EdgeTarget& target;
  const Exchange& exchange;
  const ConnectionPolicy& connections;
  Duration timeout{};
  AppIndex behind = kNoIndex;  ///< What answers behind the node port; kNoIndex: the pods' own app.
};

/// The load balancer's app, and its call of a node port. It relays bytes and reads none, so it has as many requests on a
/// connection of its own as the client has on one: what comes by a client's connection goes on by one of its own, and
/// which one is not told apart. Its process' work is nothing (assumption); its machine's kernel is paid as any other.
/// @return  Nothing after an error.
std::optional<AppIndex> add_balancer(const Cluster& cluster, TargetLookup& lookup, CallGraph& graph,
                                     const BalancedCall& call, Node at);

}  // namespace knetsim
