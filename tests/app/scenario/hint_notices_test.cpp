// Goal: topology hints that do nothing are told of before a run, with the reason. Method: small clusters in three zones, one
// for each reason, beside the same one without it; of a refusal in a run the time by the timeline, and what crosses zones
// after it.

#include "app/scenario/hint_notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// node-0 to node-2, in the zones a, b and c; a pod of web on each, and a client on node-0.
std::string hinted_web(const std::string& service, const std::string& third_node = "c", const std::string& more = "") {
  std::string all;
  for (int node = 0; node < 3; ++node) {
    const std::string name = std::to_string(node);
    const std::string zone = node == 2 ? third_node : std::string(1, "ab"[node]);
    all += "apiVersion: v1\nkind: Node\nmetadata: {name: node-" + name +
           (zone.empty() ? "" : ", labels: {topology.kubernetes.io/zone: " + zone + "}") + "}\n---\n";
    for (const char* app : {"web", "client"}) {
      all += std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: ") + app + "-" + name + ", labels: {app: " + app +
             "}}\nspec: {nodeName: node-" + name +
             ", containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}\n---\n";
    }
  }
  return all + more + "apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {" +
         (service.starts_with("service.") ? service : "") +
         "}}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]" +
         (service.empty() || service.starts_with("service.") ? "" : ", " + service) + "}\n";
}

std::string notices_of(const std::string& manifests, const std::string& cluster = "{}", const std::string& more = "") {
  const Ready scene("cluster: " + cluster + "\n" + kBrowse + more, manifests);
  return render(scene.loaded->diagnostics.notices());
}

constexpr const char* kAuto = "service.kubernetes.io/topology-mode: Auto";
constexpr const char* kNear = "trafficDistribution: PreferSameZone";

TEST(HintNotices, SaySoWhereTheProxyReadsNone) {
  EXPECT_EQ(notices_of(hinted_web(kNear)), "");
  EXPECT_THAT(
      notices_of(hinted_web(kNear), "{proxy: {mode: ebpf}}"),
      AllOf(HasSubstr("its endpoints have topology hints that nobody looks at: Cilium reads them where it is told "
                      "to alone"),
            HasSubstr("Service web, spec.trafficDistribution"),
            HasSubstr("accepted: cluster.proxy.serviceTopology: on")));
  EXPECT_THAT(notices_of(hinted_web(kNear), "{proxy: {mode: ebpf, serviceTopology: 'on'}}"),
              HasSubstr("accepted: trafficDistribution: PreferClose"));
  EXPECT_EQ(notices_of(hinted_web("trafficDistribution: PreferClose"), "{proxy: {mode: ebpf, serviceTopology: 'on'}}"),
            "");
  EXPECT_THAT(notices_of(hinted_web(kAuto), "{proxy: {mode: ebpf}}"), HasSubstr("Service web, metadata.annotations"));
}

std::string slice_of_others(const std::string& hints, const std::string& third) {
  std::string all =
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-x, labels: "
      "{kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints:\n";
  for (int pod = 0; pod < 3; ++pod) {
    all += "- {addresses: [10.9.0." + std::to_string(pod + 1) + "], targetRef: {kind: Pod, name: web-" +
           std::to_string(pod) + "}" + (pod == 2 ? third : hints) + "}\n";
  }
  return all + "---\n";
}

TEST(HintNotices, SaySoOfHintsInSlicesThatAVersionDoesNotRead) {
  const std::string zones = ", hints: {forZones: [{name: a}]}", nodes = ", hints: {forNodes: [{name: node-0}]}";
  const std::string of_zones = hinted_web("", "c", slice_of_others(zones, zones));
  EXPECT_THAT(notices_of(of_zones, "{kubernetes: '1.23'}"),
              HasSubstr("kube-proxy 1.23 reads none unless it is told to"));
  EXPECT_THAT(notices_of(of_zones, "{kubernetes: '1.30'}"),
              HasSubstr("kube-proxy 1.30 reads those of Services with the annotation topology-mode alone"));
  EXPECT_EQ(notices_of(of_zones, "{kubernetes: '1.31'}").find("nobody looks at"), std::string::npos);
  const std::string of_nodes = hinted_web("", "c", slice_of_others(nodes, nodes));
  EXPECT_THAT(notices_of(of_nodes, "{kubernetes: '1.33'}"), HasSubstr("kube-proxy 1.33 reads none for nodes"));
  EXPECT_EQ(notices_of(of_nodes, "{kubernetes: '1.34'}").find("nobody looks at"), std::string::npos);
  EXPECT_THAT(notices_of(hinted_web("", "c", slice_of_others(zones, ""))),
              HasSubstr("topology hints decide nothing: the endpoint web-2 has none in its slice"));
}

// k/k trafficdist.go sets no hint for an endpoint without a zone, and pkg/proxy/topology.go then follows none; a node without a
// zone follows none for zones, whatever endpoints have.
TEST(HintNotices, SaySoOfNodesInNoZone) {
  EXPECT_THAT(notices_of(hinted_web(kNear, "")),
              HasSubstr("topology hints decide nothing: the endpoint web-2 is on a node in no zone"));
  const std::string plain = "apiVersion: v1\nkind: Node\nmetadata: {name: plain}\n---\n";
  EXPECT_THAT(notices_of(hinted_web(kNear, "c", plain)),
              HasSubstr("1 of 4 nodes is in no zone: what they are asked goes to all endpoints"));
}

// Three endpoints, one a zone; one is not ready from 300 ms to 700 ms, and with two for three zones Auto refuses. A change
// that is over before slices are written is none.
TEST(HintNotices, SayFromWhenOnTheControllerRefusesInARun) {
  const auto timeline = [](const std::string& at, const std::string& back) {
    return "timeline:\n- {at: " + at + ", ready: {pod: web-1, value: false}}\n- {at: " + back +
           ", ready: {pod: web-1, value: true}}\n";
  };
  EXPECT_EQ(notices_of(hinted_web(kAuto)), "");
  EXPECT_THAT(
      notices_of(hinted_web(kAuto), "{}", timeline("300ms", "900ms")),
      AllOf(HasSubstr("topology-mode Auto sets no hints from 300ms on: it has fewer ready endpoints than there are "
                      "zones (2 endpoints, 3 zones)"),
            HasSubstr("accepted: an endpoint for each zone or more")));
  EXPECT_EQ(notices_of(hinted_web(kAuto), "{control: {endpointUpdatesBatchPeriod: 500ms}}", timeline("300ms", "700ms")),
            "");
  EXPECT_EQ(notices_of(hinted_web(kNear), "{}", timeline("300ms", "900ms")), "");
}

}  // namespace
}  // namespace knetsim
