// Goal: an Ingress that the cloud serves is one connection to the load balancer outside, with its TLS, and another on to node
// ports or pods. Method: closed forms of round trips on idle machines; shares of endpoints; what each asks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

constexpr double kWorkAtMost = 2.5e-3;  // of machines, cables and handshakes

std::string cloud_manifests(const std::string& service, const std::string& ingress) {
  std::string text;
  for (const char* name : {"a", "b", "c"}) {
    text += "apiVersion: v1\nkind: Pod\nmetadata: {name: " + std::string(name) +
            ", labels: {app: web}}\nspec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: "
            "8080}]}]}\n---\n";
  }
  return text + "apiVersion: v1\nkind: Service\nmetadata: {name: web" + service +
         ", selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n---\n"
         "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop" +
         ingress +
         "spec: {tls: [{hosts: [shop.example], secretName: t}], rules: [{host: shop.example, http: {paths: [{path: /*, "
         "pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n"
         "---\napiVersion: v1\nkind: Secret\nmetadata: {name: t}\n";
}

std::string cloud_scene(const std::string& kind, bool kept) {
  return "cluster: {nodes: {count: 4}, cni: {kind: routed}, ingress: {kind: " + kind +
         ", rtt: 4ms}}\nworkloads: {browse: {from: {external: {count: 8, rtt: 20ms}}, to: {url: "
         "\"https://shop.example/cart\"}, connection: {requestsPerConnection: " +
         (kept ? "0" : "1") + "}, arrivals: {constant: 200/s}}}\n";
}

// A client's new connection: TCP, TLS 1.3 and the request, 24 ms each; the load balancer's own is kept: 4 ms.
TEST(OutsideIngressRun, RoundTripsAreThoseOfTheClientsConnectionAndAKeptOne) {
  const struct {
    const char *kind, *service, *ingress;
    Exposure asked;
  } cases[] = {
      {"gce", "}\nspec: {type: NodePort", ", annotations: {kubernetes.io/ingress.class: gce}}\n", Exposure::NodePort},
      {"gce", ", annotations: {cloud.google.com/neg: '{\"ingress\": true}'}}\nspec: {type: ClusterIP",
       ", annotations: {kubernetes.io/ingress.class: gce}}\n", Exposure::PodIp},
      {"aws", "}\nspec: {type: NodePort", ", annotations: {kubernetes.io/ingress.class: alb}}\n", Exposure::NodePort},
      {"aws", "}\nspec: {type: ClusterIP",
       ", annotations: {kubernetes.io/ingress.class: alb, alb.ingress.kubernetes.io/target-type: ip}}\n",
       Exposure::PodIp},
  };
  for (const auto& one : cases) {
    for (const bool kept : {false, true}) {
      SCOPED_TRACE(std::string(one.kind) + (kept ? " kept " : " new ") + one.service);
      const Ready scene(cloud_scene(one.kind, kept), cloud_manifests(one.service, one.ingress),
                        "{duration: 2s, warmUp: 1s}");
      const BoundVariant& variant = scene.loaded->variants.front();
      const EdgeIndex call =
          variant.traffic.apps[variant.traffic.edges[variant.traffic.sources[0].edge].app].steps.front().calls.front();
      EXPECT_EQ(variant.targets[call].exposure, one.asked);
      const PointResult result = simulate(variant, 0);
      const EdgeStats& edge = result.edges.at(variant.traffic.sources[0].edge);
      ASSERT_EQ(edge.ok, edge.asked);
      const double seconds = static_cast<double>(edge.latency_ns.quantile(0.5)) * 1e-9;
      const double distance = (kept ? 1 : 3) * 0.024 + 0.004;
      EXPECT_GT(seconds, distance);
      EXPECT_LT(seconds, distance + kWorkAtMost);
      // Pods are asked in turn; a kept connection to a node port is one pod's, whom kube-proxy has chosen.
      if (one.asked != Exposure::PodIp) continue;
      EXPECT_GT(result.served_by_pod[0] * result.served_by_pod[1] * result.served_by_pod[2], 0U);
    }
  }
}

TEST(OutsideIngressRun, AClusterIpWithoutAnotherWayIsRefusedAtTheBackend) {
  EXPECT_THROW(
      {
        try {
          Ready(cloud_scene("gce", false),
                cloud_manifests("}\nspec: {type: ClusterIP", ", annotations: {kubernetes.io/ingress.class: gce}}\n"));
        } catch (const ConfigError& error) {
          EXPECT_THAT(error.what(), testing::HasSubstr("Service web is of type ClusterIP, and the load balancer gce"));
          EXPECT_THAT(error.what(), testing::HasSubstr("m.yaml:"));
          EXPECT_THAT(error.what(), testing::HasSubstr("cloud.google.com/neg"));
          throw;
        }
      },
      ConfigError);
}

}  // namespace
}  // namespace knetsim
