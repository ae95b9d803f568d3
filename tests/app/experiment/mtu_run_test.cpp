// Goal: an MTU that does not fit is what operators see of it: connections open, small messages pass, and what has a full
// packet never arrives. Method: Calico's IP in IP on a network of 1,400 bytes that machines take for 1,500: 1,400 less 20 of
// the tunnel and 52 of IP and TCP are 1,328 bytes of payload, a byte more is one too many; either way, and in TLS's
// handshake too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

constexpr const char* kTwoNodes = R"(apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: server}}
spec: {nodeName: node-0, containers: [{name: s, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: server}
spec: {selector: {app: server}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {nodeName: node-1, containers: [{name: c, image: x}]}
)";

struct MtuOutcome {
  std::uint64_t asked = 0;
  std::uint64_t ok = 0;
  std::uint64_t timeouts = 0;
  bool connected = false;
};

MtuOutcome mtu_run(const std::string& cni, const std::string& messages) {
  const Ready scene("cluster: {nodes: {count: 2}, cni: {kind: calico, " + cni +
                        "}}\n"
                        "workloads: {ask: {from: app=client, to: server, timeout: 50ms, " +
                        messages + ", arrivals: {constant: 1000/s}}}\n",
                    kTwoNodes, "{duration: 100ms, noise: off}");
  const BoundVariant& variant = scene.loaded->variants.front();
  const PointResult result = simulate(variant, 0);
  const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
  return {edge.asked, edge.ok, edge.timeouts, !edge.connect_ns.empty()};
}

constexpr const char* kBlackHole = "encapsulation: ipip, pathMtu: 1400, pathMtuDiscovery: false";

TEST(MtuRun, AByteTooManyNeverArrives) {
  for (const char* const fits : {"request: 100B, response: 1328B", "request: 1328B, response: 100B"}) {
    const MtuOutcome small = mtu_run(kBlackHole, fits);
    EXPECT_GT(small.asked, 90U);
    EXPECT_EQ(small.ok, small.asked) << fits;
  }
  for (const char* const too_large : {"request: 100B, response: 1329B", "request: 1329B, response: 100B"}) {
    const MtuOutcome large = mtu_run(kBlackHole, too_large);
    EXPECT_GT(large.asked, 90U);
    EXPECT_EQ(large.timeouts, large.asked) << too_large;
    EXPECT_TRUE(large.connected) << too_large;
  }
}

TEST(MtuRun, WhereRoutersTellOrPodsKnowEverythingArrives) {
  const char* const messages = "request: 3000B, response: 100kB";
  for (const char* const cni : {"encapsulation: ipip, pathMtu: 1400",
                                "encapsulation: ipip, pathMtu: 1400, pathMtuDiscovery: false, podMtu: 1380",
                                "encapsulation: none, pathMtu: 1400, pathMtuDiscovery: false, podMtu: 1400"}) {
    const MtuOutcome outcome = mtu_run(cni, messages);
    EXPECT_EQ(outcome.ok, outcome.asked) << cni;
  }
}

TEST(MtuRun, ATlsHandshakeHangsAtTheCertificates) {
  const MtuOutcome outcome = mtu_run(kBlackHole, "request: 100B, response: 100B, connection: {tls: {version: '1.3'}}");
  EXPECT_EQ(outcome.timeouts, outcome.asked);
}

TEST(MtuRun, DatagramsVanishToo) {
  // 1,400 less 20 of the tunnel and 28 of IP and UDP.
  const auto datagrams = [](const char* bytes) {
    const Ready scene(
        std::string("cluster: {nodes: {count: 2}, cni: {kind: calico, ") + kBlackHole +
            "}}\n"
            "workloads: {ask: {from: app=client, to: {pod: server, port: 8080}, protocol: udp, timeout: 50ms,\n"
            "  request: 100B, response: " +
            bytes + ", arrivals: {constant: 1000/s}}}\n",
        kTwoNodes, "{duration: 100ms, noise: off}");
    const BoundVariant& variant = scene.loaded->variants.front();
    const PointResult result = simulate(variant, 0);
    const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
    return static_cast<double>(edge.ok) / static_cast<double>(edge.asked);
  };
  EXPECT_EQ(datagrams("1352B"), 1);
  EXPECT_EQ(datagrams("1353B"), 0);
}

std::vector<std::string> mtu_notices(const std::string& cni) {
  const Ready scene("cluster: {nodes: {count: 2}, cni: {" + cni +
                        "}}\n"
                        "workloads: {ask: {from: app=client, to: server, arrivals: {constant: 10/s}}}\n",
                    kTwoNodes, "{duration: 100ms}");
  std::vector<std::string> messages;
  for (const Diagnostic& notice : scene.loaded->diagnostics.notices()) messages.push_back(notice.message);
  return messages;
}

TEST(MtuRun, IsToldBeforehandByArithmetic) {
  EXPECT_THAT(mtu_notices("kind: calico, encapsulation: vxlan, pathMtu: 1472, pathMtuDiscovery: false"),
              testing::ElementsAre(
                  testing::AllOf(testing::HasSubstr("pods send packets of 1450 bytes, 1500 with the header of vxlan"),
                                 testing::HasSubstr("the network carries 1472"), testing::HasSubstr("hang"))));
  EXPECT_THAT(mtu_notices("kind: calico, encapsulation: vxlan, pathMtu: 1472"),
              testing::ElementsAre(testing::HasSubstr("are told of 1422")));
  EXPECT_THAT(mtu_notices("kind: flannel, podMtu: 1500"), testing::ElementsAre(testing::HasSubstr("are told of 1450")));
  EXPECT_THAT(mtu_notices("kind: calico, encapsulation: vxlan, pathMtu: 1472, podMtu: 1422"), testing::IsEmpty());
  EXPECT_THAT(mtu_notices("kind: calico, podMtu: 1480"), testing::IsEmpty());
}

}  // namespace
}  // namespace knetsim
