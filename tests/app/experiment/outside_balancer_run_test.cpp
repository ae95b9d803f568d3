// Goal: a load balancer that ends connections takes the round trips of two connections, and nodes see its address instead of
// the client's. Method: closed forms of round trips on idle machines, with clients 20 ms and the balancer 4 ms from the
// border; session affinity, which looks at the address, over 40 clients.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "app/experiment/simulation.h"
#include "app/experiment/trace_way.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

/// What machines and cables take of a request on two new connections beside the distance.
constexpr double kMachinesAtMost = 1.5e-3;

std::string web_on(const std::string& name, const std::string& node) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: web}}\nspec: {nodeName: " + node +
         ", containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}\n---\n";
}

/// Two endpoints on one node, one on another, none on two; a client on one of these.
std::string webs(const std::string& status = "{}") {
  return web_on("a", "node-0") + web_on("b", "node-0") + web_on("c", "node-1") +
         "apiVersion: v1\nkind: Pod\nmetadata: {name: d, labels: {app: client}}\nspec: {nodeName: node-3, containers: "
         "[{name: c, image: x}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: "
         "LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: http}]}\nstatus: " +
         status + "\n";
}

std::string asked_from(const std::string& from, const std::string& more = "", const std::string& arrivals = "100/s") {
  return "cluster: {nodes: {count: 4}, cni: {kind: flannel}, loadBalancer: {kind: proxy, rtt: 4ms}}\n"
         "workloads: {browse: {from: " +
         from + ", to: {loadBalancer: web}, timeout: 500ms, arrivals: {constant: " + arrivals + "}}}\n" + more;
}

const EdgeStats& asked_edge(const BoundVariant& variant, const PointResult& result) {
  return result.edges.at(variant.traffic.sources[0].edge);
}

double median_of(const BoundVariant& variant) {
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = asked_edge(variant, result);
  EXPECT_GT(edge.asked, 90U);
  EXPECT_EQ(edge.ok, edge.asked);
  return static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9;
}

// New connections: a handshake and an exchange over 24 ms with the balancer, and meanwhile the same over its own 4 ms; kept
// ones: an exchange of each.
TEST(OutsideBalancerRun, ARequestTakesTheRoundTripsOfTwoConnections) {
  for (const bool kept : {false, true}) {
    SCOPED_TRACE(kept ? "kept" : "new");
    const Ready scene(
        asked_from("{external: {count: 8, rtt: 20ms}}",
                   kept ? "variants: {v: {workloads.browse.connection: {requestsPerConnection: 0}}}\n" : ""),
        webs(), "{duration: 2s, warmUp: 500ms}");
    const double distance = kept ? 0.024 + 0.004 : 2 * 0.024 + 2 * 0.004;
    const double seconds = median_of(scene.loaded->variants.front());
    EXPECT_GT(seconds, distance);
    EXPECT_LT(seconds, distance + kMachinesAtMost);
  }
}

// Nodes have no rules for an address of ipMode Proxy: what a pod sends there goes to the balancer, and comes back from it.
// For another address they have, and it stays within the cluster.
TEST(OutsideBalancerRun, PodsTakeTheShortCutUnlessTheAddressIsOfIpModeProxy) {
  const auto seconds_with = [](const std::string& mode) {
    const Ready scene(asked_from("{selector: app=client}"),
                      webs("{loadBalancer: {ingress: [{ip: 203.0.113.9, ipMode: " + mode + "}]}}"));
    return median_of(scene.loaded->variants.front());
  };
  EXPECT_LT(seconds_with("VIP"), 0.001);
  const double by_proxy = seconds_with("Proxy");
  EXPECT_GT(by_proxy, 4 * 0.004);
  EXPECT_LT(by_proxy, 4 * 0.004 + kMachinesAtMost);
}

// Policy Local: half of the connections come to node-0, with two endpoints. By its address the balancer is one client, who
// stays with one of them; through a load balancer that passes packets there are 40.
TEST(OutsideBalancerRun, AffinityTakesAllClientsForOne) {
  for (const char* mode : {"iptables", "ipvs", "nftables", "ebpf"}) {
    for (const bool proxy : {true, false}) {
      SCOPED_TRACE(mode + std::string(proxy ? ", proxy" : ", cloud"));
      const Ready scene(
          asked_from("{external: {count: 40, rtt: 2ms}}",
                     std::string("patches: {Service/web: {spec.externalTrafficPolicy: Local, "
                                 "spec.sessionAffinity: ClientIP}}\nvariants: {v: {cluster.proxy.mode: ") +
                         mode + (proxy ? "" : ", cluster.loadBalancer: {kind: cloud}") + "}}\n",
                     "2000/s"),
          webs(), "{duration: 1s, warmUp: 100ms}");
      const BoundVariant& variant = scene.loaded->variants.front();
      const PointResult result = simulate(variant, 0);
      const EdgeStats& edge = asked_edge(variant, result);
      ASSERT_EQ(edge.ok, edge.asked);
      const double n = static_cast<double>(edge.asked);
      const auto [less, more] = std::minmax(result.served_by_pod[0], result.served_by_pod[1]);
      if (proxy) {
        EXPECT_EQ(less, 0U);
        EXPECT_NEAR(static_cast<double>(more), n / 2, 4 * std::sqrt(n / 4));
      } else {
        EXPECT_GT(less, 0U);
      }
    }
  }
}

// The balancer itself looks at its clients' addresses: 198.18.0.0/28 holds 1 to 15 of 40.
TEST(OutsideBalancerRun, SourceRangesAreOfItsClients) {
  const Ready scene(asked_from("{external: {count: 40, rtt: 2ms}}",
                               "patches: {Service/web: {spec.loadBalancerSourceRanges: [198.18.0.0/28]}}\n", "2000/s"),
                    webs());
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = asked_edge(variant, result);
  EXPECT_EQ(edge.timeouts, edge.asked - edge.ok);
  EXPECT_NEAR(static_cast<double>(edge.ok), 2000 * 15.0 / 40, 4 * std::sqrt(2000 * (15.0 / 40) * (25.0 / 40)));
}

// Behind it stand an Ingress' proxies, to which it passes on what it does not read.
TEST(OutsideBalancerRun, AUrlLeadsThroughItToTheIngress) {
  const Ready scene(
      "cluster: {nodes: {count: 4}, ingress: nginx, loadBalancer: {kind: proxy, rtt: 4ms}}\nworkloads: {browse: {from: "
      "{external: {count: 8, rtt: 20ms}}, to: {url: \"http://shop.example/\"}, connection: {requestsPerConnection: 0}, "
      "arrivals: {constant: 100/s}}}\n",
      webs() +
          "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {ingressClassName: "
          "nginx, rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: "
          "web, port: {number: 80}}}}]}}]}\n",
      "{duration: 2s, warmUp: 500ms}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const double seconds = median_of(variant);
  EXPECT_GT(seconds, 0.028);
  EXPECT_LT(seconds, 0.028 + kMachinesAtMost);
  const PointResult result = simulate(variant, 0);
  EXPECT_GT(result.served_by_pod[0] + result.served_by_pod[1] + result.served_by_pod[2], 0U);

  TraceRequest request;
  request.from = "browse";
  request.to = "http://shop.example/";
  std::vector<Decision> decisions;
  for (const Hop& hop : way_of(find_connection(variant, request))) decisions.push_back(hop.decision);
  EXPECT_THAT(decisions, testing::ElementsAre(Decision::Routing, Decision::Balancing, Decision::Balancing,
                                              Decision::Content, Decision::Balancing));
}

}  // namespace
}  // namespace knetsim
