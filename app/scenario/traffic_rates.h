#pragma once

#include <span>
#include <utility>
#include <vector>

#include "app/scenario/bound_variant.h"

namespace knetsim {

/// What one edge of the call graph carries when every request is answered: by arithmetic, before a run.
struct EdgeRate {
  std::vector<std::pair<PodIndex, double>> clients;  ///< Requests a second of each.
  double per_second = 0;                             ///< Of all of them.
  double least_seconds = 0;  ///< Of a request, in mean: work, pauses, calls and the way out of the cluster, no queue.
  double users_per_client = 0;  ///< Closed loop.
  bool at_most = false;         ///< A closed loop's rate is what it would be if nothing ever waited.
};

/// Pods that answer an edge's requests; empty over the loopback, where the client's own pod does.
std::vector<PodIndex> servers_of(const BoundVariant& variant, EdgeIndex edge);

/// What part of an edge's requests each pod answers: as topology hints have it, else all the same.
std::vector<std::pair<PodIndex, double>> shares_of_pods(const BoundVariant& variant, EdgeIndex edge,
                                                        std::span<const std::pair<PodIndex, double>> clients);

/// Rates of all edges, shape (edges,): of the workloads as they state them, of calls as they follow from these.
/// Requests are dealt to clients evenly, and to endpoints evenly or as their hints say; traffic policies, retries and
/// timeouts are left out.
std::vector<EdgeRate> edge_rates(const BoundVariant& variant);

}  // namespace knetsim
