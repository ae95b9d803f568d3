#include "models/l7/proxied.h"

#include <limits>
#include <utility>

namespace knetsim {
namespace {

/// A connection's work, by request on it.
double by_request(double connection_ps, const ConnectionPolicy& policy) {
  return policy.requests == 0 ? 0 : connection_ps / policy.requests;
}

}  // namespace

AppSpec proxy_app(std::string name, std::span<const WeightedCall> upstreams, const ProxyCost& cost,
                  const Exchange& exchange, const ConnectionPolicy& connections, const ConnectionPolicy& to_upstreams,
                  double rules) {
  const double bytes = exchange.request_bytes.mean() + exchange.response_bytes.mean();
  const double work_ps = cost.request_ps + cost.byte_ps * bytes + cost.rule_ps * rules +
                         by_request(cost.connection_ps, connections) + by_request(cost.upstream_ps, to_upstreams);
  AppStep step{.work_seconds = Distribution::constant(1e-12 * work_ps), .sleep_seconds = {}, .calls = {}};
  for (const WeightedCall& one : upstreams) {
    step.calls.push_back(one.edge);
    if (upstreams.size() > 1) step.weights.push_back(one.weight);
  }
  return {.name = std::move(name),
          .steps = {std::move(step)},
          .workers = std::numeric_limits<std::uint32_t>::max(),
          .scales = true};
}

EdgeSpec upstream_edge(std::string name, std::string target, const ProxyKind& kind, const Exchange& exchange) {
  EdgeSpec edge;
  edge.name = std::move(name);
  edge.target = std::move(target);
  edge.connections = kind.upstream;
  edge.script = plain_script(
      {.request_bytes = exchange.request_bytes, .response_bytes = exchange.response_bytes, .relayed = true});
  edge.timeout = kind.upstream_timeout;
  edge.retries = kind.retries;
  edge.read_bytes = kind.relay_bytes;
  return edge;
}

}  // namespace knetsim
