#pragma once

#include <span>
#include <string>

#include "models/cost/application_cost.h"
#include "models/l7/proxy_kinds.h"
#include "models/workload/spec.h"

namespace knetsim {

/// One of the upstreams of a route.
struct WeightedCall {
  EdgeIndex edge = 0;
  double weight = 1;
};

/// What a proxy does for a request that it passes on: its own work, then the call of its upstream.
///
/// The work is in proportion to the bytes of requests and answers in the mean, and to the rules that it looks at; that of a
/// new connection, of a client or to an upstream, is spread over the requests of it. A proxy's threads wait for nobody: it has as many workers
/// as there are requests, and its CPU limit and its node's cores hold it.
/// @param exchange     Of the client with it.
/// @param connections  The client's: how many requests each has.
/// @param to_upstreams The proxy's own.
/// @param rules        That it looks at before it finds the request's.
/// @param upstreams    Of which one is called, by weight.
AppSpec proxy_app(std::string name, std::span<const WeightedCall> upstreams, const ProxyCost& cost,
                  const Exchange& exchange, const ConnectionPolicy& connections, const ConnectionPolicy& to_upstreams,
                  double rules);

/// The call of its upstream: what it was asked is passed on, and what it is answered is passed back. Whether it spreads
/// requests over endpoints itself, or asks the Service's address, is for the caller to say (EdgeSpec::balancing), as is
/// how it keeps its connections.
EdgeSpec upstream_edge(std::string name, std::string target, const ProxyKind& kind, const Exchange& exchange);

}  // namespace knetsim
