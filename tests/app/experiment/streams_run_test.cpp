// Goal: requests that share a connection, as HTTP/2 and gRPC have them, open one of it, wait for it together, and stay
// with its server. Method: closed forms of round trips and turns on idle machines; counts of connections and of what each
// server was asked.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

const EdgeStats& of_workload(const BoundVariant& variant, const PointResult& result) {
  return result.edges.at(variant.traffic.sources[0].edge);
}

std::vector<std::uint64_t> served_by(const BoundVariant& variant, const PointResult& result, const std::string& app) {
  std::vector<std::uint64_t> served;
  for (PodIndex pod = 0; pod < variant.cluster->pods.size(); ++pod) {
    if (variant.cluster->pods[pod].name.starts_with(app + "-")) served.push_back(result.served_by_pod[pod]);
  }
  std::ranges::sort(served);
  return served;
}

// 2,000 requests a second that take 5 ms each keep ten under way: ten connections of HTTP/1.1, which three servers share,
// and one of HTTP/2, all of whose requests are one server's. This is why kube-proxy does not balance gRPC.
TEST(Streams, OneConnectionOfAClientCarriesAllItsRequestsToOneServer) {
  const Ready scene(
      "cluster: {nodes: {count: 4, cpu: 32}}\napps: {web: {work: 100us, workers: 64, calls: [{sleep: 5ms}]}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {poisson: 2000/s}, connection: {requestsPerConnection: "
      "0}}}\n"
      "variants:\n  oneByOne: {}\n  streams: {workloads.ask.connection.streams: 100}\n"
      "  aged: {workloads.ask.connection: {requestsPerConnection: 0, streams: 100, maxAge: 200ms}}\n",
      app_manifests("web", 3) + app_manifests("client", 1), "{duration: 4s, warmUp: 500ms}");
  std::vector<std::vector<std::uint64_t>> served;
  for (const BoundVariant& variant : scene.loaded->variants) {
    const PointResult result = simulate(variant, 0);
    const EdgeStats& edge = of_workload(variant, result);
    EXPECT_GT(edge.asked, 7'500U);
    EXPECT_EQ(edge.ok, edge.asked);
    EXPECT_NEAR(edge.latency_ns.mean() * 1e-6, 5.25, 0.15);
    served.push_back(served_by(variant, result, "web"));
    if (variant.name == "streams") {
      EXPECT_EQ(edge.connections, 0U) << "opened before the window, and kept";
    }
    if (variant.name == "aged") {
      EXPECT_NEAR(static_cast<double>(edge.connections), 20, 3);
    }
  }
  EXPECT_GT(served[0][0], 500U);
  EXPECT_EQ(served[1][0] + served[1][1], 0U);
  EXPECT_GT(served[2][0], 500U) << "each connection asks kube-proxy anew";
}

// Ten requests at once on no connection: those of HTTP/1.1 open one each; of HTTP/2 one opens it, and the others wait for
// its handshakes. All take a round trip for TCP, one for TLS 1.3 and one for the request.
TEST(Streams, WhoComesWhileTheConnectionIsOpenedWaitsForIt) {
  std::string instants;
  for (int i = 0; i < 10; ++i) instants += "100ms\n";
  TemporaryFolder folder;
  const std::string times = folder.write("times.csv", instants);
  const Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}}\npatches: {Service/web: {spec.type: NodePort}}\n"
      "workloads: {ask: {from: {external: {count: 1, rtt: 50ms}}, to: {nodePort: web}, arrivals: {times: " +
          times +
          "}, connection: {requestsPerConnection: 0, tls: \"1.3\"}}}\n"
          "variants:\n  oneByOne: {}\n  streams: {workloads.ask.connection.streams: 100}\n"
          "  two: {workloads.ask.connection.streams: 4}\n"
          "  oneOfFour: {workloads.ask.connection: {requestsPerConnection: 0, tls: \"1.3\", streams: 4, "
          "maxConnections: "
          "1}}\n",
      app_manifests("web", 1), "{duration: 2s, warmUp: 0s}");
  for (const BoundVariant& variant : scene.loaded->variants) {
    SCOPED_TRACE(variant.name);
    const PointResult result = simulate(variant, 0);
    const EdgeStats& edge = of_workload(variant, result);
    EXPECT_EQ(edge.ok, 10U);
    const std::uint64_t connections = variant.name == "oneByOne" ? 10 : variant.name == "two" ? 3 : 1;
    EXPECT_EQ(edge.connections, connections);
    const auto quantile = [&](double rank) { return static_cast<double>(edge.latency_ns.quantile(rank)) * 1e-9; };
    EXPECT_NEAR(quantile(0.05), 0.150, 0.012);
    // One connection of four streams: three turns, each a round trip after the other.
    EXPECT_NEAR(quantile(0.999), variant.name == "oneOfFour" ? 0.250 : 0.150, 0.012);
  }
}

// The only server is replaced: what is on the connection fails once, and the next request opens another one.
TEST(Streams, AConnectionEndsWithItsServer) {
  const Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}}\napps: {web: {work: 100us, workers: 64, calls: [{sleep: 20ms}]}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 500/s}, connection: {streams: 100}}}\n"
      "timeline: [{at: 1s, delete: web-1}]\n",
      app_manifests("web", 2) + app_manifests("client", 4), "{duration: 4s, warmUp: 500ms}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = of_workload(variant, result);
  EXPECT_NEAR(static_cast<double>(edge.asked), 2'000, 2);
  EXPECT_GT(edge.ok, 1'900U);
  EXPECT_LE(edge.connections, 8U);
  EXPECT_EQ(edge.asked, edge.ok + edge.errors + edge.timeouts);
}

TEST(Streams, TwoRunsAreTheSame) {
  const Ready scene(
      "cluster: {nodes: {count: 2, cpu: 16}}\n"
      "workloads: {ask: {from: app=client, to: web, arrivals: {poisson: 3000/s}, response: {exponential: 30KiB}, "
      "connection: {streams: 3, maxConnections: 2}}}\n",
      app_manifests("web", 3) + app_manifests("client", 2), "{duration: 1s}");
  const PointResult once = simulate(scene.loaded->variants.front(), 0);
  const PointResult again = simulate(scene.loaded->variants.front(), 0);
  EXPECT_EQ(once.edges[0].latency_ns.mean(), again.edges[0].latency_ns.mean());
  EXPECT_EQ(once.edges[0].ok, again.edges[0].ok);
}

}  // namespace
}  // namespace knetsim
