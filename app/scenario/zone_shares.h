#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "app/scenario/bound_variant.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// How an edge's connections spread over endpoints where topology hints decide, as the placement says before a run.
struct ZoneShares {
  std::vector<std::pair<PodIndex, double>> pods;  ///< Share of each endpoint that is a pod; sum 1.
  double crossing = 0;                            ///< Of those whose zone_way() is known, what part is across.
  double crossing_of_all = 0;                     ///< The same if every endpoint had equal chances.
};

/// @param clients  What each asks a second, in any measure: by their parts the nodes that are asked count.
/// @return         Nothing where no hint decides: no Service is asked, its endpoints have none, the proxy reads none, or
///                 the policy of this way in is Local.
std::optional<ZoneShares> zone_shares(const BoundVariant& variant, EdgeIndex edge,
                                      std::span<const std::pair<PodIndex, double>> clients);

/// Notices of Services whose hints give some endpoints more than others: who gets how much, and what part of the
/// connections crosses zones.
void tell_zone_shares(const BoundVariant& variant, Diagnostics& diagnostics);

}  // namespace knetsim
