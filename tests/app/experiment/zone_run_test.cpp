// Goal: with topology hints connections stay where hints keep them, endpoints bear what follows from the placement, and
// what crosses zones is counted and takes the zones' delay. Method: three zones with one, two and three endpoints and as
// many clients in each, so that shares are 1/3, 1/6 and 1/9 (closed form) where hints for the own zone decide, and 1/6
// where none does; the binomial law at four standard deviations, fixed seeds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "analysis/summary.h"
#include "app/experiment/simulation.h"
#include "app/scenario/traffic_rates.h"
#include "app/scenario/zone_shares.h"
#include "support/results_of.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

std::string pod_on(const std::string& name, const std::string& app, int node) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: " + app +
         "}}\nspec: {nodeName: node-" + std::to_string(node) +
         ", containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}\n---\n";
}

/// Nodes 0 to 5 in the zones a, b, c, a, b, c, of 8 cores. Endpoints: a1; b1, b2; c1, c2, c3. A client in each zone.
std::string one_two_three() {
  std::string all;
  for (std::size_t node = 0; node < 6; ++node) {
    all += "apiVersion: v1\nkind: Node\nmetadata: {name: node-" + std::to_string(node) +
           ", labels: {topology.kubernetes.io/zone: " + "abc"[node % 3] + "}}\n---\n";
  }
  for (const auto& [name, node] :
       std::vector<std::pair<std::string, int>>{{"a1", 0}, {"b1", 1}, {"b2", 4}, {"c1", 2}, {"c2", 5}, {"c3", 5}}) {
    all += pod_on(name, "web", node);
  }
  for (int node = 0; node < 3; ++node) all += pod_on("client-" + std::to_string(node), "client", 3 + node);
  return all +
         "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, "
         "targetPort: http}]}\n";
}

std::string zones(const std::string& service, const std::string& more = "", const std::string& proxy = "{}") {
  return "cluster: {cni: {kind: flannel}, topology: {kind: zones, zoneDelay: "
         "250us}, "
         "proxy: " +
         proxy + "}\npatches: {Service/web: {" + service +
         "}}\nworkloads: {ask: {from: app=client, to: web, arrivals: {constant: 3000/s}}}\n" + more;
}

/// What is told of the way of an edge's connections before a run is what is counted in it.
void expect_told_is_counted(const BoundVariant& variant, double told_crossing) {
  SCOPED_TRACE(variant.name);
  const auto told = zone_shares(variant, 0, edge_rates(variant)[0].clients);
  ASSERT_TRUE(told);
  EXPECT_NEAR(told->crossing, told_crossing, 1e-12);
  const EdgeStats edge = simulate(variant, 0).edges.front();
  ASSERT_EQ(edge.ok, edge.asked);
  const auto n = static_cast<double>(edge.ok);
  const double p = told->crossing;
  EXPECT_EQ(edge.same_zone.answers + edge.cross_zone.answers, edge.ok);
  EXPECT_NEAR(static_cast<double>(edge.cross_zone.answers), n * p, 4 * std::sqrt(n * p * (1 - p)));
  EXPECT_EQ(edge.cross_zone.bytes + edge.same_zone.bytes, edge.bytes_sent + edge.bytes_received);
}

/// Of each endpoint in the order of their pods, what part it answered; against the law.
void expect_shares(const PointResult& result, const std::vector<double>& shares) {
  const double n = static_cast<double>(result.edges.front().ok);
  ASSERT_EQ(result.edges.front().ok, result.edges.front().asked);
  for (std::size_t pod = 0; pod < shares.size(); ++pod) {
    const double p = shares[pod];
    EXPECT_NEAR(static_cast<double>(result.served_by_pod[pod]), n * p, 4 * std::sqrt(n * p * (1 - p))) << "pod " << pod;
  }
}

double crossing(const EdgeStats& edge) {
  return static_cast<double>(edge.cross_zone.answers) /
         static_cast<double>(edge.cross_zone.answers + edge.same_zone.answers);
}

const std::vector<double> kOwnZone{1.0 / 3, 1.0 / 6, 1.0 / 6, 1.0 / 9, 1.0 / 9, 1.0 / 9};
const std::vector<double> kEqual(6, 1.0 / 6);

TEST(ZoneRun, HintsForTheOwnZoneLoadEndpointsByTheirZone) {
  for (const char* mode : {"iptables", "ipvs", "nftables"}) {
    SCOPED_TRACE(mode);
    const Ready scene(zones("spec.trafficDistribution: PreferSameZone", "", std::string("{mode: ") + mode + "}"),
                      one_two_three(), "{duration: 1s, warmUp: 100ms}");
    const PointResult result = simulate(scene.loaded->variants.front(), 0);
    expect_shares(result, kOwnZone);
    EXPECT_EQ(result.edges.front().cross_zone.answers, 0U);
    EXPECT_EQ(result.edges.front().same_zone.answers, result.edges.front().ok);
  }
}

TEST(ZoneRun, WithoutHintsTwoInThreeCrossAndTakeTheZonesDelay) {
  const Ready scene(zones("spec.trafficDistribution: null",
                          "variants: {all: {}, near: {patches: {Service/web: "
                          "{spec.trafficDistribution: PreferSameZone}}}}\n"),
                    one_two_three(), "{duration: 1s, warmUp: 100ms, noise: false}");
  const PointResult all = simulate(scene.loaded->variants[0], 0);
  const EdgeStats& edge = all.edges.front();
  expect_shares(all, kEqual);
  const double n = static_cast<double>(edge.ok);
  EXPECT_NEAR(crossing(edge), 2.0 / 3, 4 * std::sqrt(2.0 / 9 / n));
  EXPECT_EQ(edge.cross_zone.bytes + edge.same_zone.bytes, edge.bytes_sent + edge.bytes_received);
  // A connection takes two round trips of 4 x 250 us between zones; two in three of them do. The rest is alike.
  const PointResult near = simulate(scene.loaded->variants[1], 0);
  const auto mean_ns = [](const EdgeStats& of) {
    double sum = 0;
    for (const EdgePart& part : of.parts) sum += static_cast<double>(part.latency.sum_ns);
    return sum / static_cast<double>(of.ok);
  };
  EXPECT_NEAR(mean_ns(edge) - mean_ns(near.edges.front()), 2e6 * crossing(edge), 0.02 * 2e6);
}

TEST(ZoneRun, PreferSameNodeKeepsToTheNodeThatHasOne) {
  // The clients' nodes are node-3 (zone a, no endpoint), node-4 (b2) and node-5 (c2, c3).
  const Ready scene(zones("spec.trafficDistribution: PreferSameNode"), one_two_three(), "{duration: 1s}");
  expect_shares(simulate(scene.loaded->variants.front(), 0), {1.0 / 3, 0, 1.0 / 3, 0, 1.0 / 6, 1.0 / 6});
}

TEST(ZoneRun, AutoEvensByLendingAcrossZones) {
  // Two for each zone: one of c's is lent to a.
  const Ready scene(zones("metadata.annotations: {service.kubernetes.io/topology-mode: Auto}"), one_two_three(),
                    "{duration: 1s}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  expect_shares(result, kEqual);
  const double n = static_cast<double>(result.edges.front().ok);
  EXPECT_NEAR(crossing(result.edges.front()), 1.0 / 6, 4 * std::sqrt(5.0 / 36 / n));
}

// Cilium looks at hints where it is told to, and only of Services that ask by the name PreferClose or the annotation.
TEST(ZoneRun, EbpfKeepsToTheZoneWhereItsOptionSaysSo) {
  const auto run = [](const std::string& service, const std::string& topology) {
    const Ready scene(zones(service, "", "{mode: ebpf, serviceTopology: '" + topology + "'}"), one_two_three(),
                      "{duration: 1s}");
    return simulate(scene.loaded->variants.front(), 0);
  };
  expect_shares(run("spec.trafficDistribution: PreferClose", "on"), kOwnZone);
  expect_shares(run("spec.trafficDistribution: PreferClose", "off"), kEqual);
  expect_shares(run("spec.trafficDistribution: PreferSameZone", "on"), kEqual);
}

// The only endpoint of zone a is not ready from 500 ms to 1.5 s: nodes that know send zone a's connections to all others,
// 2/5 to zone b and 3/5 to c, and take them back afterwards.
TEST(ZoneRun, HintsChangeWithTheSlices) {
  const Ready scene(zones("spec.trafficDistribution: PreferSameZone",
                          "timeline:\n- {at: 500ms, ready: {pod: a1, value: false}}\n- {at: 2500ms, ready: {pod: a1, "
                          "value: true}}\n"),
                    one_two_three(), "{duration: 4s}");
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  const EdgeStats& edge = result.edges.front();
  ASSERT_EQ(edge.ok, edge.asked);
  ASSERT_FALSE(result.synced.empty());
  // What node-3, the client's, knew when.
  double from = 0, to = 0;
  for (const NodeSynced& one : result.synced) {
    if (one.node == 3) (one.version == 1 ? from : to) = to_seconds(one.at - kTimeZero);
  }
  ASSERT_GT(from, 0.5);
  ASSERT_GT(to, 2.5);
  const double crossed = 1000 * (to - from);
  EXPECT_NEAR(static_cast<double>(edge.cross_zone.answers), crossed, 4 * std::sqrt(crossed));
  const double n = static_cast<double>(edge.ok);
  EXPECT_NEAR(static_cast<double>(result.served_by_pod[1]), n / 6 + crossed / 5, 4 * std::sqrt(n / 6));
}

// Slices of somebody else mean b1 for zone a, and a1 for the others. b1 is not ready for a second. The controller, which
// makes slices of the pods that a Service selects, leaves those hints alone; of a Service that selects none it leaves all as
// it stands (k/k endpointslice_controller.go, syncService), and b1, which listens, goes on answering.
TEST(ZoneRun, HintsOfOthersOutliveWhatHappensToPods) {
  std::string nodes_and_clients = one_two_three();
  nodes_and_clients.erase(nodes_and_clients.find("apiVersion: v1\nkind: Service"));
  const std::string slice =
      "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-x, labels: "
      "{kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints:\n"
      "- {addresses: [10.9.0.1], targetRef: {kind: Pod, name: a1}, hints: {forZones: [{name: b}, {name: c}]}}\n"
      "- {addresses: [10.9.0.2], targetRef: {kind: Pod, name: b1}, hints: {forZones: [{name: a}]}}\n";
  for (const char* selector : {"selector: {only: both}, ", ""}) {
    SCOPED_TRACE(selector);
    std::string manifests = nodes_and_clients;
    for (const char* pod : {"name: a1, labels: {", "name: b1, labels: {"}) {
      manifests.insert(manifests.find(pod) + std::string(pod).size(), "only: both, ");
    }
    manifests += std::string("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {") + selector +
                 "ports: [{port: 80, targetPort: 8080}]}\n" + slice;
    const Ready scene(zones("spec.trafficDistribution: null",
                            "timeline:\n- {at: 500ms, ready: {pod: b1, value: false}}\n- {at: 1500ms, ready: {pod: b1, "
                            "value: true}}\n"),
                      manifests, "{duration: 1s, warmUp: 5s}");
    const PointResult result = simulate(scene.loaded->variants.front(), 0);
    EXPECT_EQ(result.synced.empty(), std::string(selector).empty()) << "what is published";
    expect_shares(result, {2.0 / 3, 1.0 / 3, 0, 0, 0, 0});
  }
}

TEST(ZoneRun, SharesOfThePlacementAreToldBeforehand) {
  const auto notices = [](const std::string& service) {
    return render(Ready(zones(service), one_two_three()).loaded->diagnostics.notices());
  };
  EXPECT_THAT(
      notices("spec.trafficDistribution: PreferSameZone"),
      testing::HasSubstr("topology hints of Service web give its endpoints unequal parts of 'ask': a1 (zone a) gets "
                         "33.3 %, 2 times the mean, c1 (zone c) gets 11.1 %; 0 % of the connections cross zones "
                         "instead of 66.7 %"));
  EXPECT_EQ(notices("spec.trafficDistribution: null"), "");
  EXPECT_EQ(notices("metadata.annotations: {service.kubernetes.io/topology-mode: Auto}"), "");
}

// Of a node port any node is asked, whatever the client's zone: a third of the way in is in each zone.
TEST(ZoneRun, NodePortsAreSplitByTheAskedNodesZone) {
  const Ready scene(
      zones("spec.trafficDistribution: PreferSameZone, spec.type: NodePort",
            "variants: {any: {workloads.ask.to: {nodePort: web}}, one: {workloads.ask.to: {nodePort: web, "
            "through: node-0}}}\n"),
      one_two_three(), "{duration: 1s}");
  expect_shares(simulate(scene.loaded->variants[0], 0), kOwnZone);
  expect_shares(simulate(scene.loaded->variants[1], 0), {1, 0, 0, 0, 0, 0});
  const EdgeIndex ask = 0;
  const std::vector<std::pair<PodIndex, double>> clients{{6, 1}, {7, 1}, {8, 1}};
  const auto any = zone_shares(scene.loaded->variants[0], ask, clients);
  ASSERT_TRUE(any);
  EXPECT_NEAR(any->pods[0].second, 1.0 / 3, 1e-12);
  EXPECT_NEAR(any->crossing, 2.0 / 3, 1e-12) << "the client's zone is not the asked node's";
}

// Auto lends zone a one of zone c's endpoints; a node of a has it and a1, nodes of b and c two of their own. A way is
// within a zone where client, asked node and server are in it: 1/3 1/2, 1/3 and 1/3 where all ask their own node; a third of
// that where any node is asked, or one of zone b; and without the client's where that is in no zone.
TEST(ZoneRun, WhatIsToldToCrossZonesIsWhatIsCounted) {
  const Ready scene(
      zones("metadata.annotations: {service.kubernetes.io/topology-mode: Auto}, spec.type: LoadBalancer",
            "variants: {own: {}, any: {workloads.ask.to: {nodePort: web}}, one: {workloads.ask.to: {nodePort: web, "
            "through: node-1}}, socket: {cluster.proxy: {mode: ebpf, serviceTopology: 'on'}}, outside: "
            "{cluster.loadBalancer: {kind: metallb-bgp}, workloads.ask: {from: {external: {count: 9, rtt: 1ms}}, to: "
            "{loadBalancer: web}, arrivals: {constant: 3000/s}}}}\n"),
      one_two_three(), "{duration: 1s}");
  const auto& variants = scene.loaded->variants;
  expect_told_is_counted(variants[0], 1.0 / 6);
  expect_told_is_counted(variants[1], 1 - 5.0 / 18);
  expect_told_is_counted(variants[2], 2.0 / 3);
  expect_told_is_counted(variants[3], 1.0 / 6);
  expect_told_is_counted(variants[4], 1.0 / 6);
}

// Zones of 3, 6, 8 and 8 cores with clients in proportion, and 3, 0, 4 and 4 endpoints: Auto lends zone b one of a's, which
// bears all that b's clients ask, 24 % where the mean of eleven is 9.1 %.
TEST(ZoneRun, AutoMayLeaveAnEndpointWithFarMoreThanTheMean) {
  const std::array<int, 4> cores{3, 6, 8, 8}, endpoints{3, 0, 4, 4};
  std::string all;
  for (int zone = 0; zone < 4; ++zone) {
    const auto at = static_cast<std::size_t>(zone);
    const std::string cpu = "{cpu: " + std::to_string(cores[at]) + ", memory: 64Gi, pods: 110}";
    all += "apiVersion: v1\nkind: Node\nmetadata: {name: node-" + std::to_string(zone) +
           ", labels: {topology.kubernetes.io/zone: " + "abcd"[at] + "}}\nstatus: {allocatable: " + cpu +
           ", capacity: " + cpu + "}\n---\n";
    for (int i = 0; i < endpoints[at]; ++i) all += pod_on("web-" + std::to_string(zone * 10 + i), "web", zone);
    for (int i = 0; i < cores[at]; ++i) all += pod_on("client-" + std::to_string(zone * 10 + i), "client", zone);
  }
  const Ready scene(zones("metadata.annotations: {service.kubernetes.io/topology-mode: Auto}"),
                    all +
                        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: "
                        "[{port: 80, targetPort: http}]}\n",
                    "{duration: 1s}");
  EXPECT_THAT(render(scene.loaded->diagnostics.notices()),
              testing::AllOf(testing::HasSubstr("web-0 (zone a) gets 24 %, 2.64 times the mean"),
                             testing::HasSubstr("accepted: endpoints in each zone in proportion to its clients, or no "
                                                "topology-mode")));
  const PointResult result = simulate(scene.loaded->variants.front(), 0);
  const auto n = static_cast<double>(result.edges.front().ok);
  EXPECT_NEAR(static_cast<double>(result.served_by_pod[0]), 0.24 * n, 4 * std::sqrt(0.24 * 0.76 * n));
  EXPECT_NEAR(crossing(result.edges.front()), 0.24, 4 * std::sqrt(0.24 * 0.76 / n));
}

// Each endpoint asks a pod of zone a for each request: those of the zones b and c across zones, none of which their own
// requests crossed.
TEST(ZoneRun, CallsOfTheTreeAreCountedEachByItself) {
  std::string apps = "apps: {";
  for (const char* pod : {"a1", "b1", "b2", "c1", "c2", "c3"}) apps += std::string(pod) + ": {calls: [cart]}, ";
  const Ready scene(zones("spec.trafficDistribution: PreferSameZone", apps + "}\n"),
                    one_two_three() + "---\n" + app_manifests("cart", 1, "      nodeName: node-0\n"), "{duration: 1s}");
  const PointResult point = simulate(scene.loaded->variants.front(), 0);
  const ExperimentResults results = results_of(scene.loaded->variants, {{point}});
  const auto column = [&](const std::vector<std::int64_t>& of, const std::string& call) {
    const auto found = std::ranges::find(results.calls, call);
    EXPECT_NE(found, results.calls.end()) << call;
    return static_cast<std::uint64_t>(of.at(static_cast<std::size_t>(found - results.calls.begin())));
  };
  const CallResults& calls = results.call;
  EXPECT_EQ(column(calls.cross_zone_answers, "ask"), 0U);
  std::uint64_t crossed = 0;
  const std::vector<std::string> pods{"a1", "b1", "b2", "c1", "c2", "c3"};
  for (std::size_t pod = 0; pod < pods.size(); ++pod) {
    const std::uint64_t served = point.served_by_pod[pod];
    const std::string call = pods[pod] + " > cart";
    EXPECT_GT(served, 0U);
    EXPECT_EQ(column(calls.same_zone_answers, call), pod == 0 ? served : 0);
    EXPECT_EQ(column(calls.cross_zone_answers, call), pod == 0 ? 0 : served);
    crossed += column(calls.cross_zone_bytes, call);
  }
  const ZoneTraffic all = zones_of_all_calls(Recorded(results), results.variant.front());
  EXPECT_EQ(static_cast<std::uint64_t>(all.same_answers + all.cross_answers), 2 * column(calls.ok, "ask"));
  EXPECT_EQ(static_cast<std::uint64_t>(all.cross_bytes), crossed);
}

// An external IP is asked of the client's own node inside of the cluster; what MetalLB's layer 2 mode takes in comes to
// one node, and so to the endpoints of its zone.
TEST(ZoneRun, ExternalIpsAreSplitByTheZoneOfTheNodeThatTheyComeTo) {
  const Ready scene(
      zones("spec.trafficDistribution: PreferSameZone, spec.externalIPs: [203.0.113.10], spec.type: LoadBalancer",
            "variants: {inside: {workloads.ask.to: {externalIP: web}}, one: {cluster.loadBalancer: {kind: metallb-l2}, "
            "workloads.ask: {from: {external: {count: 3, rtt: 1ms}}, to: {loadBalancer: web}, arrivals: {constant: "
            "3000/s}}}}\n"),
      one_two_three(), "{duration: 1s}");
  for (const BoundVariant& variant : scene.loaded->variants) {
    SCOPED_TRACE(variant.name);
    const auto told = zone_shares(variant, 0, edge_rates(variant)[0].clients);
    ASSERT_TRUE(told);
    EXPECT_NEAR(told->crossing, 0, 1e-12);
    std::vector<double> shares;
    for (const auto& [pod, share] : told->pods) shares.push_back(share);
    expect_shares(simulate(variant, 0), shares);
    if (variant.name == "inside") {
      EXPECT_THAT(shares, testing::Pointwise(testing::DoubleNear(1e-12), kOwnZone));
    } else {
      EXPECT_GE(std::ranges::count(shares, 0.0), 3) << "those of other zones";
    }
  }
}

}  // namespace
}  // namespace knetsim
