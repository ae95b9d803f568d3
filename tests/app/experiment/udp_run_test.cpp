// Goal: UDP from end to end. Method: the same open loop to a Service, through a node port and to a pod, in every proxy
// mode: on an idle network each datagram is answered, none is a connect(), and a Service's first packets meet rules.

#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

constexpr const char* kManifests = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  replicas: 3
  selector: {matchLabels: {app: dns}}
  template:
    metadata: {labels: {app: dns}}
    spec: {containers: [{name: dns, image: x, ports: [{containerPort: 53, protocol: UDP}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: dns}
spec: {type: NodePort, selector: {app: dns}, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {containers: [{name: c, image: x}]}
)";

TEST(UdpRun, EveryDatagramIsAnsweredWhateverTheWayToThePods) {
  const Ready scene(
      "cluster: {nodes: {count: 4}, cni: {kind: flannel}}\n"
      "workloads: {ask: {from: app=client, to: dns, protocol: udp, request: 64B, response: 128B,\n"
      "                  arrivals: {constant: 1000/s}}}\n"
      "variants:\n"
      "  iptables: {}\n"
      "  ipvs: {cluster.proxy.mode: ipvs}\n"
      "  nftables: {cluster.proxy.mode: nftables}\n"
      "  nodePort: {workloads.ask.to: {nodePort: dns}}\n"
      "  pod: {workloads.ask.to: {pod: dns}}\n",
      kManifests, "{duration: 200ms, noise: off}");
  ASSERT_EQ(scene.loaded->variants.size(), 5u);
  for (const BoundVariant& variant : scene.loaded->variants) {
    SCOPED_TRACE(variant.name);
    const PointResult result = simulate(variant, 0);
    const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
    EXPECT_GE(edge.asked, 199u);
    EXPECT_EQ(edge.ok, edge.asked);
    EXPECT_TRUE(edge.connect_ns.empty());
    EXPECT_GT(edge.rules_evaluated, 0);
  }
}

}  // namespace
}  // namespace knetsim
