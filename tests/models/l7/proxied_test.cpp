// Goal: a proxy's requests take the work that its profile states, and every kind of proxy can be asked. Method: sums by hand;
// the default profile beside the table of kinds.

#include "models/l7/proxied.h"

#include <gtest/gtest.h>

#include <limits>

#include "models/cost/cost_profile.h"
#include "sim/input/diagnostics.h"

namespace knetsim {
namespace {

const ProxyCost kCost{.request_ps = 5e6, .byte_ps = 100, .rule_ps = 1e3, .connection_ps = 8e6, .upstream_ps = 6e6};

Exchange kilobytes(double request, double response) {
  return {.request_bytes = Distribution::constant(1024 * request),
          .response_bytes = Distribution::constant(1024 * response)};
}

double work_us(const AppSpec& app) { return 1e6 * app.steps.front().work_seconds->mean(); }

TEST(Proxied, WorkIsThatOfRequestBytesRulesAndItsShareOfConnections) {
  const std::vector<WeightedCall> one = {{.edge = 7, .weight = 1}};
  const auto work_of = [&](std::uint32_t requests, std::uint32_t of_upstream) {
    return work_us(
        proxy_app("shop", one, kCost, kilobytes(1, 3), {.requests = requests}, {.requests = of_upstream}, 20));
  };
  const double kept = 5 + 4096 * 100e-6 + 20 * 1e-3;
  EXPECT_NEAR(work_of(0, 0), kept, 1e-6) << "connections that are kept for ever";
  EXPECT_NEAR(work_of(1, 0), kept + 8, 1e-6);
  EXPECT_NEAR(work_of(4, 1), kept + 2 + 6, 1e-6);
}

TEST(Proxied, OneOfSeveralUpstreamsIsCalledByWeight) {
  const std::vector<WeightedCall> two = {{.edge = 3, .weight = 90}, {.edge = 5, .weight = 10}};
  const AppSpec app = proxy_app("shop", two, kCost, kilobytes(1, 1), {}, {}, 1);
  EXPECT_EQ(app.steps.front().calls, (std::vector<EdgeIndex>{3, 5}));
  EXPECT_EQ(app.steps.front().weights, (std::vector<double>{90, 10}));
  const AppSpec alone = proxy_app("shop", std::span(two).first(1), kCost, kilobytes(1, 1), {}, {}, 1);
  EXPECT_TRUE(alone.steps.front().weights.empty());
}

TEST(Proxied, AnUpstreamIsAskedWhatTheProxyWasAsked) {
  const ProxyKind& nginx = *proxy_kind_named("nginx");
  const EdgeSpec edge = upstream_edge("nginx > web", "web", nginx, kilobytes(2, 5));
  EXPECT_TRUE(is_well_formed(edge.script));
  EXPECT_EQ(edge.timeout, nginx.upstream_timeout);
  EXPECT_EQ(edge.connections.requests, nginx.upstream.requests);
  EXPECT_FALSE(edge.balancing) << "it is for the caller to say";
  EXPECT_EQ(pieces_of(Bytes(4'096), edge.read_bytes), 1);
  EXPECT_EQ(pieces_of(Bytes(16'384 + 90), edge.read_bytes), 5);
  EXPECT_EQ(pieces_of(Bytes(1'000'000), Bytes{}), 1) << "whole, where nobody relays";
}

TEST(Proxied, EveryKindHasItsCostInTheDefaultProfile) {
  InputSet inputs;
  Diagnostics diagnostics;
  const CostProfile profile =
      load_cost_profile(inputs, KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml", diagnostics);
  for (const ProxyKind& kind : proxy_kinds()) {
    if (kind.outside) continue;  // the cloud's, which nobody in the cluster pays for
    const auto cost = profile.applications.proxies.find(kind.name);
    ASSERT_NE(cost, profile.applications.proxies.end()) << kind.name;
    EXPECT_GT(cost->second.request_ps, 0) << kind.name;
    EXPECT_FALSE(cost->second.provenance.source.empty()) << kind.name;
  }
}

}  // namespace
}  // namespace knetsim
