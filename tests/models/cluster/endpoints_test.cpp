// Goal: each Service port has the endpoints that kube-proxy would use, whichever objects tell of them, and each node
// looks them up through a view of its own. Method: small clusters whose endpoints are known by the rules of the
// EndpointSlice controller and of kube-proxy.

#include "models/cluster/endpoints.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "load.h"

namespace knetsim {
namespace {

std::vector<std::string> of(const Loaded& loaded, std::string_view service, std::size_t port = 0,
                            IpFamily family = IpFamily::V4) {
  const Service& found = loaded.cluster.services[loaded.names().service("default", service)];
  std::vector<std::string> texts;
  const auto index = static_cast<ServicePortIndex>(found.first_port + port);
  for (const Endpoint& endpoint : loaded.cluster.endpoints.at(0).endpoints(index, family)) {
    texts.push_back(to_string(endpoint.address) + ":" + std::to_string(endpoint.port) +
                    (endpoint.ready ? "" : " leaving"));
  }
  return texts;
}

using Texts = std::vector<std::string>;

constexpr const char* kWebPods = R"(
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: web}}
spec: {nodeName: n0, containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.1, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: a}, {name: b, ports: [{name: http, containerPort: 9090}]}]}
status: {podIP: 10.0.0.2, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: sick, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.3, conditions: [{type: Ready, status: "False"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: leaving, labels: {app: web, old: "1"}, deletionTimestamp: "2025-01-01T00:00:00Z"}
spec: {nodeName: n1, containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.4, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: a}]}
status: {podIP: 10.0.0.5, phase: Succeeded}
)";

TEST(Endpoints, OfASelectorAreTheReadyPodsWithNamedPortsResolvedForEach) {
  const Loaded loaded = load_text(std::string(kWebPods) + R"(---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: by-name, port: 80, targetPort: http}, {name: by-number, port: 81, targetPort: 5000}, {name: same, port: 82}]}
---
apiVersion: v1
kind: Service
metadata: {name: all}
spec: {publishNotReadyAddresses: true, clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: old}
spec: {selector: {app: web, old: "1"}, ports: [{port: 80}]}
)");
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(of(loaded, "web", 0), (Texts{"10.0.0.1:8080", "10.0.0.2:9090"}));
  EXPECT_EQ(of(loaded, "web", 1), (Texts{"10.0.0.1:5000", "10.0.0.2:5000"}));
  EXPECT_EQ(of(loaded, "web", 2), (Texts{"10.0.0.1:82", "10.0.0.2:82"}));
  EXPECT_EQ(of(loaded, "all"), (Texts{"10.0.0.1:8080", "10.0.0.2:9090", "10.0.0.3:8080", "10.0.0.4:8080"}));
  EXPECT_EQ(of(loaded, "old"), (Texts{"10.0.0.4:80 leaving"})) << "terminating endpoints serve where no other does";
  const Endpoint& first = loaded.cluster.endpoints.latest().endpoints(0)[1];
  EXPECT_EQ(loaded.cluster.pods[first.pod].name, "b");
  EXPECT_EQ(loaded.cluster.nodes[first.node].name, "n1");
}

TEST(Endpoints, SlicesEndpointsAndSelectorTellOfTheSamePodsOnce) {
  const std::string service = R"(---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
)";
  const std::string legacy = R"(---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 10.0.0.1, targetRef: {kind: Pod, name: a}}, {ip: 10.0.0.2, targetRef: {kind: Pod, name: b}}]
  notReadyAddresses: [{ip: 10.0.0.3}]
  ports: [{name: http, port: 8080}]
)";
  const auto slice = [](const std::string& name, const std::string& addresses) {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
           ", labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{name: http, port: "
           "8080}]\nendpoints: " +
           addresses + "\n";
  };
  const Texts both{"10.0.0.1:8080", "10.0.0.2:8080"};
  EXPECT_EQ(of(load_text(kWebPods + service + legacy), "web"), both);
  // One endpoint is being moved between the slices, another is not ready.
  const std::string slices =
      slice("web-1", "[{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}, {addresses: [10.0.0.2]}]") +
      slice("web-2", "[{addresses: [10.0.0.2]}, {addresses: [10.0.0.3], conditions: {ready: false}}]");
  EXPECT_EQ(of(load_text(kWebPods + service + slices), "web"), both);
  EXPECT_EQ(of(load_text(kWebPods + service + legacy + slices), "web"), both);
}

TEST(Endpoints, ADualStackServiceHasASetForEachFamily) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: web}}
spec: {containers: [{name: a}]}
status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: selected}
spec: {clusterIPs: [10.96.0.7, "fd00:96::7"], clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: sliced}
spec: {clusterIPs: [10.96.0.8, "fd00:96::8"], ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: four, labels: {kubernetes.io/service-name: sliced}}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1]}]
ports: [{port: 8080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: six, labels: {kubernetes.io/service-name: sliced}}
addressType: IPv6
endpoints: [{addresses: ["fd00::1"]}]
ports: [{port: 8080}]
)");
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(of(loaded, "selected"), (Texts{"10.0.0.1:80"}));
  EXPECT_EQ(of(loaded, "selected", 0, IpFamily::V6), (Texts{"fd00::1:80"}));
  EXPECT_EQ(of(loaded, "sliced"), (Texts{"10.0.0.1:8080"}));
  EXPECT_EQ(of(loaded, "sliced", 0, IpFamily::V6), (Texts{"fd00::1:8080"}));
}

TEST(EndpointViews, ANodeKeepsItsVersionUntilItLearnsOfANewOne) {
  EndpointTable first(1);
  const Endpoint one{.address = IpAddress::v4(1), .port = 80};
  first.set(0, IpFamily::V4, std::vector<Endpoint>{one});
  EndpointViews views(std::move(first));
  const EndpointView before = views.at(3);
  EXPECT_EQ(before.version(), 0U);

  EndpointTable second(1);
  second.set(0, IpFamily::V4, std::vector<Endpoint>{one, one});
  const std::uint64_t version = views.publish(std::move(second), kTimeZero + std::chrono::seconds(2));
  EXPECT_EQ(views.latest().version(), version);
  EXPECT_EQ(views.at(3).endpoints(0).size(), 1U) << "published, but not yet known on node 3";
  views.advance(3, version);
  EXPECT_EQ(views.at(3).endpoints(0).size(), 2U);
  EXPECT_EQ(views.at(2).version(), 0U);
  EXPECT_EQ(before.endpoints(0).size(), 1U) << "a view that was taken keeps its content";
  views.advance(3, 0);
  EXPECT_EQ(views.at(3).version(), version) << "versions only grow";
  EXPECT_THROW(views.advance(3, 9), std::out_of_range);
}

}  // namespace
}  // namespace knetsim
