#pragma once

#include <vector>

#include "app/scenario/scenario.h"
#include "models/cluster/cluster.h"
#include "models/proxy/service_spec.h"
#include "models/service/table_needs.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

// What `cluster.egress` says, for those who ask machines outside of the cluster.

/// Ranges whose addresses ip-masq-agent lets pods ask with their own, link-local among them; none without it.
std::vector<Ipv4Range> kept_ranges(const EgressSettings& settings);

/// Tells the machines outside that are asked (`to: {external: ...}`) what nodes do to packets that go there, and adds a
/// gateway's latency to theirs. What passes a gateway is all that goes to no private address (RFC 1918, RFC 6598,
/// link-local): those are behind routes of their own. Errors: pods or nodes of the cluster that ip-masq-agent would
/// masquerade for, a gateway whose ports do not go round.
/// @param machine  Of each destination, by its index in Cluster::nodes.
void set_ways_out(const EgressSettings& settings, Node at, const std::vector<NodeIndex>& machines, Cluster& cluster,
                  Diagnostics& diagnostics);

/// What nodes and their gateway hold for each connection that leaves.
/// @param network_masquerades  CniModel::masquerades()
void add_egress_limits(const EgressSettings& settings, const Cluster& cluster, bool network_masquerades,
                       TableLimits& limits);

}  // namespace knetsim
