// Goal: the keys of cluster.tcp reach the engine. Method: answers of 20 MB over a round trip of 20 ms, on an idle
// network, one after the other: with a window W one takes the handshake, slow start up to W and then size / W round trips.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

double answer_s(const std::string& tcp) {
  const Ready scene(
      "cluster: {nodes: {count: 2, nic: 100Gbps}, topology: {delay: 5ms}, tcp: " + tcp +
          "}\n"
          "apps: {web: {work: 0s}}\n"
          "workloads: {ask: {from: app=client, to: web, arrivals: {closed: {users: 1}}, request: 1B,\n"
          "                  response: 20MB, timeout: 1h}}\n",
      app_manifests("web", 1, "      nodeName: node-1\n") + app_manifests("client", 1, "      nodeName: node-2\n"),
      "{duration: 10s, noise: off}");
  const BoundVariant& variant = scene.loaded->variants.at(0);
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
  EXPECT_GE(edge.ok, 1U);
  return 1e-9 * static_cast<double>(edge.latency_ns.quantile(0.5));
}

TEST(TcpKeys, TheWindowSetsTheRateOverDistance) {
  // 20 MB in windows of 181 and 724 segments of 1,448 bytes: 77 and 20 round trips of 20 ms, two and a half for the
  // handshake and slow start's first rounds in their place.
  EXPECT_NEAR(answer_s("{receiveWindow: 256KiB}"), 20e6 / (181 * 1448) * 0.02 + 0.1, 0.08);
  EXPECT_NEAR(answer_s("{receiveWindow: 1MiB}"), 20e6 / (724 * 1448) * 0.02 + 0.1, 0.08);
  EXPECT_DOUBLE_EQ(answer_s("{sendBuffer: 256KiB}"), answer_s("{receiveWindow: 256KiB}"));
  EXPECT_LT(answer_s("{}"), answer_s("{receiveWindow: 1MiB}"));
}

TEST(TcpKeys, BoundsAreTold) {
  const Bound bound(scenario_text("cluster: {tcp: {receiveWindow: 1KiB, sendBuffer: 2GiB, lossDetection: fack}}\n" +
                                  std::string(kBrowse)),
                    app_manifests("web", 1) + app_manifests("client", 1));
  EXPECT_THAT(bound.errors(), testing::AllOf(testing::HasSubstr("receiveWindow"), testing::HasSubstr("sendBuffer"),
                                             testing::HasSubstr("fack"), testing::HasSubstr("rack")));
}

}  // namespace
}  // namespace knetsim
