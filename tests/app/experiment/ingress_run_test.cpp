// Goal: what is asked by URL goes through the Ingress' proxies and TLS, in the time that their round trips, work and bytes
// ask for, and to the endpoints that their policy picks. Method: closed forms of round trips on idle machines, counts of
// endpoints, and failures that a proxy hides or does not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

/// What the machines and cables of the cluster, the proxy and the handshakes' work may take beside the distance.
constexpr double kBesideTheDistance = 2.5e-3;
constexpr double kFar = 0.050;

const std::string kShop = R"(apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example], secretName: shop-tls}]
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
      - {path: /cart, pathType: Prefix, backend: {service: {name: cart, port: {number: 80}}}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-tls}
---
)";

std::string scene_text(const std::string& more = "", const std::string& cluster = "ingress: nginx") {
  return "cluster: {nodes: {count: 4}, " + cluster +
         "}\nworkloads: {browse: {from: {external: {count: 8, rtt: 50ms}}, to: {url: \"https://shop.example/\"}, "
         "arrivals: {constant: 100/s}}}\n" +
         more;
}

/// A Gateway of a class, and a route behind it.
std::string gateway_with(const std::string& route, const std::string& class_name, const std::string& backends) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {gatewayClassName: " +
         class_name +
         ", listeners: [{name: web, protocol: HTTPS, port: 443}]}\n---\n"
         "apiVersion: gateway.networking.k8s.io/v1\nkind: " +
         route + "\nmetadata: {name: shop}\nspec: {parentRefs: [{name: edge}], rules: [{backendRefs: [" + backends +
         "]}]}\n---\n";
}

std::string shop() { return app_manifests("web", 3) + app_manifests("cart", 2) + kShop; }

const EdgeStats& of_source(const BoundVariant& variant, const PointResult& result) {
  return result.edges.at(variant.traffic.sources[0].edge);
}

double median_seconds(const BoundVariant& variant) {
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = of_source(variant, result);
  EXPECT_GT(edge.asked, 90U);
  EXPECT_EQ(edge.ok, edge.asked);
  return static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9;
}

// TCP takes one round trip, TLS 1.3 one and 1.2 two, of which a resumed session saves one, and the request one.
TEST(IngressRun, ANewConnectionTakesTheRoundTripsOfItsHandshakes) {
  const Ready scene(scene_text(R"(variants:
  tls13: {}
  tls12: {workloads.browse.connection.tls: "1.2"}
  resumed12: {workloads.browse.connection.tls: {version: "1.2", resumption: shared}}
  resumed13: {workloads.browse.connection.tls: {resumption: shared}}
  rsa: {workloads.browse.connection.tls: {key: rsa2048}}
  kept: {workloads.browse.connection: {requestsPerConnection: 0}}
  plain: {workloads.browse.to: {url: "http://shop.example/"}}
  haproxy: {cluster.ingress: haproxy, workloads.browse.to: {url: "https://shop.example/"}, patches: {Ingress/shop: {spec.ingressClassName: haproxy}}}
  hostNetwork: {cluster.ingress: {kind: nginx, exposure: hostNetwork}}
  nodePort: {cluster.ingress: {kind: nginx, exposure: nodePort}}
)"),
                    shop(), "{duration: 1s, warmUp: 1s}");
  const std::map<std::string, double> round_trips = {
      {"tls13", 3}, {"tls12", 4}, {"resumed12", 3}, {"resumed13", 3},   {"rsa", 3},
      {"kept", 1},  {"plain", 2}, {"haproxy", 3},   {"hostNetwork", 3}, {"nodePort", 3}};
  for (const BoundVariant& variant : scene.loaded->variants) {
    SCOPED_TRACE(variant.name);
    const double seen = median_seconds(variant);
    EXPECT_GE(seen, round_trips.at(variant.name) * kFar);
    EXPECT_LE(seen, round_trips.at(variant.name) * kFar + kBesideTheDistance);
  }
}

TEST(IngressRun, TheWorkOfHandshakesIsThatOfTheProfile) {
  const Ready scene(scene_text("variants:\n  p256: {}\n  rsa: {workloads.browse.connection.tls: {key: rsa2048}}\n"),
                    shop(), "{duration: 2s, warmUp: 1s, noise: off}");
  std::vector<double> medians;
  for (const BoundVariant& variant : scene.loaded->variants) medians.push_back(median_seconds(variant));
  const TlsCost& cost = *scene.loaded->variants.front().profile.applications.tls;
  const auto& tls13 = cost.versions[static_cast<std::size_t>(TlsVersion::Tls13)];
  const auto work = [&](TlsKey key) {
    const HandshakeCost& of = tls13.whole[static_cast<std::size_t>(key)];
    return (of.client_ps + of.server_ps) * 1e-12;
  };
  const double dearer = work(TlsKey::Rsa2048) - work(TlsKey::P256);
  EXPECT_NEAR(medians[1] - medians[0], dearer, 0.05 * dearer + 10e-6);
}

TEST(IngressRun, ProxiesTakeTheEndpointsInTurn) {
  const Ready scene(scene_text(), shop(), "{duration: 6s, warmUp: 1s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  std::vector<std::uint64_t> served;
  for (PodIndex pod = 0; pod < variant.cluster->pods.size(); ++pod) {
    if (variant.cluster->pods[pod].name.starts_with("web-")) served.push_back(result.served_by_pod[pod]);
    if (variant.cluster->pods[pod].name.starts_with("cart-")) {
      EXPECT_EQ(result.served_by_pod[pod], 0U);
    }
  }
  ASSERT_EQ(served.size(), 3U);
  const auto [least, most] = std::ranges::minmax(served);
  EXPECT_GT(least, 150U);
  EXPECT_LE(most - least, 4U) << "two proxies, each in turn: each endpoint of each is at most one ahead";
}

/// Mean time of the proxy's calls in front of 40 single servers of rho 0.8, in mean service times.
double mean_sojourn(const std::string& balancing) {
  constexpr double kService = 0.020;
  const Ready scene(
      "cluster: {nodes: {count: 4, cpu: 64}, ingress: {kind: nginx, replicas: 1, balancing: " + balancing +
          "}}\napps: {web: {work: {exponential: 20ms}, workers: 1}}\n"
          "workloads: {browse: {from: {external: {count: 8, rtt: 1ms}}, to: {url: \"http://shop.example/\"}, "
          "arrivals: {poisson: 1600/s}, timeout: 60s}}\n",
      app_manifests("web", 40) + app_manifests("cart", 1) + kShop, "{duration: 60s, warmUp: 5s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const auto calls =
      std::ranges::find_if(variant.traffic.edges, [](const EdgeSpec& edge) { return edge.balancing.has_value(); });
  const PointResult result = simulate(variant, 0);
  return result.edges.at(static_cast<std::size_t>(calls - variant.traffic.edges.begin())).latency_ns.mean() * 1e-9 /
         kService;
}

// Random: each endpoint is an M/M/1, 1 / (1 - rho) = 5. Power of two choices: sum of rho^(2^i - 2) over i >= 1 = 1.947
// (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001, of many servers). In turn: each endpoint has every
// 40th arrival, Erlang-40/M/1, 1 / (1 - s) = 2.69, where s = (1600 / (1600 + 50 (1 - s)))^40. What the machines take beside
// is 1 % of a service time; the mean of 88,000 correlated ones is known to some 3 %.
TEST(IngressRun, ProxiesSpreadRequestsAsQueueingTheoryHasIt) {
  EXPECT_NEAR(mean_sojourn("random"), 5, 0.5);
  EXPECT_NEAR(mean_sojourn("leastRequest"), 1.947, 0.1);
  EXPECT_NEAR(mean_sojourn("roundRobin"), 2.69, 0.2);
}

TEST(IngressRun, ProxiesThatKeepNoConnectionsOpenOneForEachRequest) {
  const Ready scene(scene_text("", "ingress: {kind: nginx, upstreamConnections: new}"), shop(),
                    "{duration: 3s, warmUp: 1s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    if (!variant.traffic.edges[edge].balancing) continue;
    EXPECT_GT(result.edges[edge].asked, 150U);
    EXPECT_NEAR(static_cast<double>(result.edges[edge].connections), static_cast<double>(result.edges[edge].asked), 2);
  }
}

TEST(IngressRun, APathLeadsToItsOwnService) {
  const Ready scene(scene_text("variants: {cart: {workloads.browse.to: {url: \"https://shop.example/cart/1\"}}}\n"),
                    shop());
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  for (PodIndex pod = 0; pod < variant.cluster->pods.size(); ++pod) {
    if (variant.cluster->pods[pod].name.starts_with("web-")) {
      EXPECT_EQ(result.served_by_pod[pod], 0U);
    }
  }
  EXPECT_EQ(of_source(variant, result).ok, of_source(variant, result).asked);
}

// Requests keep their sizes from hop to hop: what the client sends is what the backend gets.
TEST(IngressRun, WhatAProxyPassesOnHasTheSizeThatItWasAsked) {
  std::string instants;
  for (int i = 1; i <= 200; ++i) instants += std::to_string(5 * i) + "ms\n";  // all hops of all of them in the window
  TemporaryFolder folder;
  const Ready scene(
      "cluster: {nodes: {count: 4}, ingress: nginx}\n"
      "workloads: {browse: {from: {external: {count: 8, rtt: 5ms}}, to: {url: \"http://shop.example/\"}, "
      "arrivals: {times: " +
          folder.write("times.csv", instants) + "}, request: {exponential: 4KiB}, response: {exponential: 20KiB}}}\n",
      shop(), "{duration: 2s, warmUp: 0s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  const EdgeStats& client = of_source(variant, result);
  const auto upstream =
      std::ranges::find_if(variant.traffic.edges, [](const EdgeSpec& edge) { return edge.balancing.has_value(); });
  ASSERT_NE(upstream, variant.traffic.edges.end());
  const EdgeStats& behind = result.edges.at(static_cast<std::size_t>(upstream - variant.traffic.edges.begin()));
  EXPECT_EQ(client.ok, client.asked);
  EXPECT_EQ(behind.asked, client.asked);
  EXPECT_EQ(behind.bytes_sent, client.bytes_sent);
  EXPECT_EQ(behind.bytes_received, client.bytes_received);
}

// Nginx keeps its connections to the endpoints: not one a request.
TEST(IngressRun, UpstreamConnectionsAreKept) {
  const Ready scene(scene_text(), shop(), "{duration: 4s, warmUp: 2s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    if (!variant.traffic.edges[edge].balancing) continue;
    EXPECT_GT(result.edges[edge].asked, 300U);
    EXPECT_LT(result.edges[edge].connections, 30U);
  }
}

// Four endpoints that take 20 ms a request, of which 500 a second come: ten under way. nginx' connections to a gRPC backend
// carry one request at a time, those of the others as many as come.
TEST(IngressRun, ProxiesMultiplexToBackendsOfGrpcAsTheyDo) {
  const auto connections = [](const std::string& kind, const std::string& class_name) {
    const Ready scene("cluster: {nodes: {count: 4, cpu: 32}, ingress: {kind: " + kind +
                          ", replicas: 1}}\napps: {web: {work: 100us, workers: 64, calls: [{sleep: 20ms}]}}\n"
                          "workloads: {browse: {from: {external: {count: 4, rtt: 1ms}}, to: {url: "
                          "\"https://shop.example/shop.Cart/Get\"}, arrivals: {poisson: 500/s}, connection: {streams: "
                          "100}}}\n",
                      app_manifests("web", 4) + gateway_with("GRPCRoute", class_name, "{name: web, port: 80}"),
                      "{duration: 4s, warmUp: 0s}");
    const BoundVariant& variant = scene.loaded->variants.front();
    const PointResult result = simulate(variant, 0);
    EXPECT_EQ(of_source(variant, result).ok, of_source(variant, result).asked);
    EXPECT_EQ(of_source(variant, result).connections, 4U) << "one of each client";
    const auto upstream =
        std::ranges::find_if(variant.traffic.edges, [](const EdgeSpec& edge) { return edge.balancing.has_value(); });
    return result.edges.at(static_cast<std::size_t>(upstream - variant.traffic.edges.begin())).connections;
  };
  EXPECT_EQ(connections("envoy", "contour"), 4U) << "one to each endpoint";
  EXPECT_EQ(connections("haproxy", "haproxy"), 4U);
  EXPECT_GT(connections("nginx", "nginx"), 12U);
}

/// Requests of the proxy's that went to an endpoint which was none any more.
std::uint64_t stale_choices(const BoundVariant& variant) {
  const PointResult result = simulate(variant, 0);
  std::uint64_t stale = 0;
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    if (variant.traffic.edges[edge].balancing) stale += result.edges[edge].stale_choices;
  }
  return stale;
}

// An endpoint less at 2 s, which opens an interval of 3 s, and another one less at 3 s: of 300 requests a second the proxy
// goes on sending a third to the second one, for 2 s.
TEST(IngressRun, AProxyAsksEndpointsUntilItsControllerHasBroughtTheNews) {
  const Ready scene(
      "cluster: {nodes: {count: 4}, ingress: {kind: nginx, replicas: 1, upstreamConnections: new, updateInterval: 3s, "
      "updatePoll: 0s}}\n"
      "workloads: {browse: {from: {external: {count: 8, rtt: 5ms}}, to: {url: \"http://shop.example/\"}, "
      "arrivals: {constant: 300/s}}}\n"
      "timeline: [{at: 2s, ready: {pod: web-1, value: false}}, {at: 3s, ready: {pod: web-2, value: false}}]\n"
      "variants:\n  late: {}\n  atOnce: {cluster.ingress.updateInterval: 0s}\n"
      "  polls: {cluster.ingress.updateInterval: 0s, cluster.ingress.updatePoll: 1s}\n",
      app_manifests("web", 4) + app_manifests("cart", 1) + kShop, "{duration: 8s, warmUp: 0s}");
  const std::vector<BoundVariant>& variants = scene.loaded->variants;
  EXPECT_NEAR(static_cast<double>(stale_choices(variants[0])), 200, 3);
  EXPECT_EQ(stale_choices(variants[1]), 0U);
  // From the publication to the next look, which is the same part of a second both times: 75 + 100 requests a second.
  const auto polls = static_cast<double>(stale_choices(variants[2]));
  EXPECT_GT(polls, 0);
  EXPECT_LE(polls, 175 + 3);
}

// 1,000 requests, a tenth of them by weight: binomial, standard deviation 9.5.
TEST(IngressRun, ARouteSplitsByWeight) {
  const std::string route =
      gateway_with("HTTPRoute", "nginx", "{name: web, port: 80, weight: 90}, {name: cart, port: 80, weight: 10}");
  const Ready scene(scene_text(), app_manifests("web", 3) + app_manifests("cart", 2) + route,
                    "{duration: 10s, warmUp: 1s}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  double canary = 0;
  double all = 0;
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    if (!variant.traffic.edges[edge].balancing) continue;
    all += static_cast<double>(result.edges[edge].asked);
    if (variant.traffic.edges[edge].target == "cart") canary += static_cast<double>(result.edges[edge].asked);
  }
  EXPECT_NEAR(all, 1000, 2);
  EXPECT_NEAR(canary, 0.1 * all, 4 * 9.5);
  EXPECT_GT(canary, 0);
}

}  // namespace
}  // namespace knetsim
