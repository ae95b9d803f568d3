// Goal: a Service that asks for it gets the hints that the EndpointSlice controller of its Kubernetes sets, slices that
// somebody else manages keep theirs, and what no Kubernetes knows is told. Method: small clusters of three zones whose
// lists by node are known from trafficDistribution, topology-mode and the versions that know them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "load.h"

namespace knetsim {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// node-0 to node-5, in these zones in turn.
std::string six_nodes_in(const std::vector<std::string>& zones) {
  std::string all;
  for (std::size_t i = 0; i < 6; ++i) {
    all += "---\napiVersion: v1\nkind: Node\nmetadata: {name: node-" + std::to_string(i) +
           ", labels: {topology.kubernetes.io/zone: " + zones[i % zones.size()] + "}}\n";
  }
  return all;
}

/// With two nodes in each of the zones a, b and c: node-0 and node-3 in a, and so on.
Loaded in_three_zones(const std::string& text, std::uint32_t kubernetes_minor = 36) {
  return load_text(six_nodes_in({"a", "b", "c"}) + text, six_nodes(), kubernetes_minor);
}

std::string web_pod(const std::string& name, const std::string& node, const std::string& more = "") {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: web}" + more +
         "}\nspec: {nodeName: " + node + ", containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}\n";
}

std::string web_service(const std::string& spec, const std::string& annotations = "") {
  return "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {" + annotations +
         "}}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]" + (spec.empty() ? "" : ", " + spec) +
         "}\n";
}

/// Endpoints in each zone: one in a (node-0), two in b (node-1 both), three in c (node-2, node-2, node-5).
const std::string kOneTwoThree = web_pod("a1", "node-0") + web_pod("b1", "node-1") + web_pod("b2", "node-1") +
                                 web_pod("c1", "node-2") + web_pod("c2", "node-2") + web_pod("c3", "node-5");

/// By a proxy that reads all hints.
std::vector<std::string> kept_names(const Loaded& loaded, NodeIndex node) {
  EXPECT_EQ(loaded.errors(), "");
  if (loaded.diagnostics.has_errors()) return {};
  const Cluster& cluster = loaded.cluster;
  std::vector<std::string> pods;
  const EndpointView view = cluster.endpoints.at(node);
  for (const Endpoint& one : view.kept_at(cluster.place(node), HintsRead::ZonesAndNodes, 0)) {
    pods.emplace_back(cluster.pods[one.pod].name);
  }
  return pods;
}

using Names = std::vector<std::string>;
const Names kAll{"a1", "b1", "b2", "c1", "c2", "c3"};

TEST(TopologyHints, WithoutAWishEveryNodeKeepsAll) {
  const Loaded loaded = in_three_zones(kOneTwoThree + web_service(""));
  for (NodeIndex node = 0; node < 6; ++node) EXPECT_EQ(kept_names(loaded, node), kAll);
  EXPECT_EQ(loaded.cluster.endpoints.latest().hinted(0), nullptr);
}

TEST(TopologyHints, PreferSameZoneKeepsToTheZone) {
  for (const char* name : {"PreferClose", "PreferSameZone"}) {
    const Loaded loaded = in_three_zones(kOneTwoThree + web_service(std::string("trafficDistribution: ") + name));
    EXPECT_EQ(loaded.notices() + loaded.errors(), "");
    for (const NodeIndex node : {0U, 3U}) EXPECT_EQ(kept_names(loaded, node), (Names{"a1"}));
    for (const NodeIndex node : {1U, 4U}) EXPECT_EQ(kept_names(loaded, node), (Names{"b1", "b2"}));
    for (const NodeIndex node : {2U, 5U}) EXPECT_EQ(kept_names(loaded, node), (Names{"c1", "c2", "c3"}));
  }
}

TEST(TopologyHints, PreferSameNodeFallsBackToTheZoneAndThenToAll) {
  const std::string pods =
      web_pod("b1", "node-1") + web_pod("c1", "node-2") + web_pod("c2", "node-2") + web_pod("c3", "node-5");
  const Loaded loaded = in_three_zones(pods + web_service("trafficDistribution: PreferSameNode"));
  EXPECT_EQ(kept_names(loaded, 2), (Names{"c1", "c2"}));
  EXPECT_EQ(kept_names(loaded, 5), (Names{"c3"}));
  EXPECT_EQ(kept_names(loaded, 4), (Names{"b1"})) << "no endpoint of its own, one in its zone";
  EXPECT_EQ(kept_names(loaded, 0), (Names{"b1", "c1", "c2", "c3"})) << "none in its zone";
}

TEST(TopologyHints, OnlyReadyEndpointsAreMeantForAnybody) {
  const std::string leaving = ", deletionTimestamp: '2026-01-01T00:00:00Z'";
  const Loaded loaded =
      in_three_zones(web_pod("a1", "node-0", leaving) + web_pod("a2", "node-3") + web_pod("b1", "node-1", leaving) +
                     web_pod("c1", "node-2") + web_service("trafficDistribution: PreferSameZone"));
  EXPECT_EQ(kept_names(loaded, 0), (Names{"a2"}));
  EXPECT_EQ(kept_names(loaded, 1), (Names{"a2", "c1"})) << "zone b has none that is ready: all ready ones";
}

TEST(TopologyHints, AutoGoesByTheZonesCpuAndTakesPrecedence) {
  const std::string pods = web_pod("a1", "node-0") + web_pod("a2", "node-0") + web_pod("a3", "node-3") +
                           web_pod("a4", "node-3") + web_pod("b1", "node-1") + web_pod("c1", "node-2");
  const std::string annotation = "service.kubernetes.io/topology-mode: Auto";
  const Loaded loaded = in_three_zones(pods + web_service("trafficDistribution: PreferSameZone", annotation));
  EXPECT_EQ(loaded.notices(), "");
  // Two for each zone: a lends its first two, to the zones in turn.
  EXPECT_EQ(kept_names(loaded, 0), (Names{"a3", "a4"}));
  EXPECT_EQ(kept_names(loaded, 1), (Names{"a1", "b1"}));
  EXPECT_EQ(kept_names(loaded, 2), (Names{"a2", "c1"}));
}

TEST(TopologyHints, AutoThatIsRefusedIsToldOf) {
  const Loaded loaded = in_three_zones(kOneTwoThree + web_pod("c4", "node-5") + web_pod("c5", "node-5") +
                                       web_service("", "service.kubernetes.io/topology-mode: auto"));
  EXPECT_EQ(kept_names(loaded, 0).size(), 8U);
  EXPECT_THAT(
      loaded.notices(),
      AllOf(HasSubstr("topology-mode Auto sets no hints: whole endpoints do not suffice for five sixths of each "
                      "zone's share of the CPU, so that one would bear more than a fifth above the mean (8 "
                      "endpoints, 3 zones)"),
            HasSubstr("accepted: more endpoints, or as many for each zone as its share")));
}

// What k/k topologycache.go, AddHints and getAllocations, has a message for, with the numbers that it has in it: endpoints that
// are ready, and zones with the CPU of nodes that count.
TEST(TopologyHints, EachRefusalSaysWhatWouldBeTaken) {
  const std::string a_service = web_service("", "service.kubernetes.io/topology-mode: Auto");
  const auto notices = [&](const std::string& nodes, const std::string& pods) {
    return load_text(nodes + pods + a_service).notices();
  };
  const std::string three = six_nodes_in({"a", "b", "c"});
  EXPECT_THAT(notices(three, web_pod("p", "node-0")),
              AllOf(HasSubstr("it has fewer ready endpoints than there are zones (1 endpoint, 3 zones)"),
                    HasSubstr("accepted: an endpoint for each zone or more")));
  EXPECT_THAT(notices(six_nodes_in({"a"}), web_pod("p", "node-0")),
              AllOf(HasSubstr("ready nodes are in fewer than two zones"),
                    HasSubstr("accepted: ready nodes in two zones"), testing::Not(HasSubstr("1 zone"))));
  const std::string unlabelled = "---\napiVersion: v1\nkind: Node\nmetadata: {name: plain}\n";
  EXPECT_THAT(
      notices(three + unlabelled, web_pod("p", "node-0")),
      AllOf(HasSubstr("a node has no zone"), HasSubstr("accepted: a zone (the label, or cluster.nodes.zones)")));
  // A control plane alone in a fourth zone: of the CPU there are three zones.
  const std::string control =
      "---\napiVersion: v1\nkind: Node\nmetadata: {name: plain, labels: "
      "{topology.kubernetes.io/zone: d, node-role.kubernetes.io/control-plane: ''}}\n";
  EXPECT_THAT(notices(three + control, web_pod("p", "node-0") + web_pod("q", "node-1")),
              HasSubstr("(2 endpoints, 3 zones)"));
  const std::string no_zone =
      "---\napiVersion: v1\nkind: Node\nmetadata: {name: plain, labels: "
      "{node-role.kubernetes.io/control-plane: ''}}\n";
  EXPECT_THAT(
      notices(three + no_zone, web_pod("p", "plain") + web_pod("q", "node-0") + web_pod("r", "node-1")),
      AllOf(HasSubstr("one of its endpoints is in no zone"), HasSubstr("accepted: a zone of every endpoint's node")));
}

TEST(TopologyHints, WhatAVersionDoesNotKnowIsTold) {
  const auto notices = [&](const char* key, std::uint32_t minor) {
    return in_three_zones(kOneTwoThree + web_service("", std::string("service.kubernetes.io/") + key + ": Auto"), minor)
        .notices();
  };
  EXPECT_THAT(notices("topology-mode", 26),
              HasSubstr("topology-mode is not known to Kubernetes 1.26: no hints are set"));
  EXPECT_EQ(notices("topology-mode", 27), "");
  EXPECT_THAT(notices("topology-aware-hints", 23),
              HasSubstr("Kubernetes 1.23 sets no topology hints unless it is told to"));
  EXPECT_EQ(notices("topology-aware-hints", 24), "");
}

TEST(TopologyHints, AutoLeavesControlPlanesAndNodesThatAreNotReadyOut) {
  // Zone a: 4 cores that count, beside a control plane and one that is not ready; zone b: 4. Half of the endpoints each.
  const auto node = [](const std::string& name, const std::string& zone, const std::string& labels,
                       const std::string& ready) {
    return "---\napiVersion: v1\nkind: Node\nmetadata: {name: " + name +
           ", labels: {topology.kubernetes.io/zone: " + zone + labels +
           "}}\nstatus: {allocatable: {cpu: 4, memory: 8Gi, pods: 110}, capacity: {cpu: 4, memory: 8Gi, "
           "pods: 110}, conditions: [{type: Ready, status: '" +
           ready + "'}]}\n";
  };
  const std::string nodes = node("n0", "a", "", "True") + node("n1", "b", "", "True") +
                            node("cp", "a", ", node-role.kubernetes.io/control-plane: ''", "True") +
                            node("down", "a", "", "False");
  const Loaded loaded =
      load_text(nodes + web_pod("p1", "n0") + web_pod("p2", "n0") + web_pod("p3", "n1") + web_pod("p4", "n1") +
                web_service("", "service.kubernetes.io/topology-aware-hints: Auto"));
  EXPECT_EQ(kept_names(loaded, 0), (Names{"p1", "p2"}));
  EXPECT_EQ(kept_names(loaded, 1), (Names{"p3", "p4"}));
}

TEST(TopologyHints, WithoutZonesAWishForThemIsToldToBeInVain) {
  const Loaded loaded = load_text(kOneTwoThree + web_service("trafficDistribution: PreferSameZone"));
  EXPECT_EQ(kept_names(loaded, 0).size(), 6U);
  EXPECT_THAT(loaded.notices(), HasSubstr("trafficDistribution sets no hints: no node has a zone"));
}

TEST(TopologyHints, EachVersionKnowsItsOwn) {
  const auto at = [](const std::string& service, std::uint32_t minor) {
    return in_three_zones(kOneTwoThree + service, minor);
  };
  const std::string close = web_service("trafficDistribution: PreferClose");
  EXPECT_EQ(kept_names(at(close, 31), 0), (Names{"a1"}));
  EXPECT_EQ(kept_names(at(close, 30), 0), kAll);
  EXPECT_THAT(at(close, 30).notices(),
              HasSubstr("trafficDistribution is not known to Kubernetes 1.30: it is left out"));
  EXPECT_THAT(at(web_service("trafficDistribution: PreferSameNode"), 33).errors(),
              HasSubstr("PreferSameNode is not known to Kubernetes 1.33"));
  EXPECT_EQ(at(web_service("trafficDistribution: PreferSameNode"), 34).errors(), "");
  const std::string two_each =
      kOneTwoThree + web_pod("a2", "node-0") + web_pod("a3", "node-0") + web_pod("b3", "node-1");
  const auto mode = [&](const char* key, std::uint32_t minor) {
    return kept_names(in_three_zones(two_each + web_service("", std::string("service.kubernetes.io/") + key + ": Auto"),
                                     minor),
                      0)
        .size();
  };
  EXPECT_EQ(mode("topology-aware-hints", 23), 9U) << "off by default";
  EXPECT_EQ(mode("topology-aware-hints", 24), 3U);
  EXPECT_EQ(mode("topology-mode", 26), 9U);
  EXPECT_EQ(mode("topology-mode", 27), 3U);
}

TEST(TopologyHints, WordsThatNobodyKnowsAreToldWithTheNearest) {
  EXPECT_THAT(in_three_zones(kOneTwoThree + web_service("trafficDistribution: PreferSameZones")).errors(),
              testing::AllOf(HasSubstr("test.yaml:"), HasSubstr("PreferSameZones"),
                             HasSubstr("did you mean 'PreferSameZone'")));
  EXPECT_THAT(in_three_zones(kOneTwoThree + web_service("", "service.kubernetes.io/topology-mode: Autoo")).notices(),
              testing::AllOf(HasSubstr("'Autoo' is no topology mode of Kubernetes; did you mean 'Auto'"),
                             HasSubstr("no hints are set")));
  EXPECT_EQ(in_three_zones(kOneTwoThree + web_service("", "service.kubernetes.io/topology-mode: Disabled")).notices(),
            "");
}

std::string web_slice(const std::string& labels, const std::string& a_hints, const std::string& b_hints) {
  const auto endpoint = [](const std::string& name, const std::string& address, const std::string& hints) {
    return "{addresses: [" + address + "], targetRef: {kind: Pod, name: " + name + "}, conditions: {ready: true}" +
           (hints.empty() ? "" : ", hints: " + hints) + "}";
  };
  return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-x, labels: "
         "{kubernetes.io/service-name: web" +
         labels + "}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints: [" + endpoint("a1", "10.0.0.1", a_hints) +
         ", " + endpoint("b1", "10.0.0.2", b_hints) + "]\n";
}

TEST(TopologyHints, SlicesOfOthersStandAsTheyAre) {
  const std::string pods = web_pod("a1", "node-0") + web_pod("b1", "node-1");
  const std::string crossed = web_slice("", "{forZones: [{name: b}]}", "{forZones: [{name: a}, {name: c}]}");
  const Loaded loaded = in_three_zones(pods + crossed + web_service(""));
  EXPECT_EQ(loaded.errors(), "");
  EXPECT_EQ(kept_names(loaded, 0), (Names{"b1"}));
  EXPECT_EQ(kept_names(loaded, 1), (Names{"a1"}));
  EXPECT_EQ(kept_names(loaded, 2), (Names{"b1"}));
  const Loaded by_node = in_three_zones(
      pods + web_slice("", "{forNodes: [{name: node-4}]}", "{forNodes: [{name: node-0}]}") + web_service(""));
  EXPECT_EQ(kept_names(by_node, 4), (Names{"a1"}));
  EXPECT_EQ(kept_names(by_node, 0), (Names{"b1"}));
  EXPECT_EQ(kept_names(by_node, 1), (Names{"a1", "b1"}));
  EXPECT_EQ(kept_names(in_three_zones(pods + web_slice("", "{forZones: [{name: a}]}", "") + web_service("")), 0),
            (Names{"a1", "b1"}))
      << "one has none";
}

TEST(TopologyHints, SlicesOfTheControllerFollowTheService) {
  const std::string pods = web_pod("a1", "node-0") + web_pod("b1", "node-1");
  const std::string managed = ", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io";
  const std::string crossed = web_slice(managed, "{forZones: [{name: b}]}", "{forZones: [{name: a}]}");
  EXPECT_EQ(kept_names(in_three_zones(pods + crossed + web_service("")), 0), (Names{"a1", "b1"}))
      << "it takes them away";
  EXPECT_EQ(kept_names(in_three_zones(pods + crossed + web_service("trafficDistribution: PreferClose")), 0),
            (Names{"a1"}));
  const Loaded standing = load_text(six_nodes_in({"a", "b"}) + pods + crossed +
                                    web_service("", "service.kubernetes.io/topology-mode: Auto"));
  EXPECT_EQ(kept_names(standing, 0), (Names{"b1"})) << "Auto leaves hints that would do";
}

TEST(TopologyHints, ThatNameNothingAreErrors) {
  const std::string pods = web_pod("a1", "node-0") + web_pod("b1", "node-1");
  EXPECT_THAT(in_three_zones(pods + web_slice("", "{forZones: [{}]}", "") + web_service("")).errors(),
              HasSubstr("name is missing"));
  EXPECT_THAT(in_three_zones(pods + web_slice("", "{forZone: [{name: a}]}", "") + web_service("")).errors(),
              HasSubstr("did you mean 'forZones'"));
}

}  // namespace
}  // namespace knetsim
