// Goal: what is wrong with Ingresses is told where the manifests have it, and the controller that serves a URL is found by what
// its objects say. Method: small manifests, one fault each.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kAsk =
    "workloads: {ask: {from: {external: {rtt: 20ms}}, to: {url: \"https://shop.example/\"}, arrivals: {poisson: "
    "10/s}}}\n";

std::string ingress(const std::string& name, const std::string& spec) {
  return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name + "}\nspec: " + spec + "\n---\n";
}
std::string rule_to(const std::string& service, const std::string& more = "") {
  return "{rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: " +
         service + ", port: {number: 80}}}}]}}]" + more + "}";
}

std::string told(const std::string& manifests, const std::string& body = "cluster: {ingress: nginx}\n" + kAsk) {
  const Ready scene(body, app_manifests("web", 2) + manifests);
  return render(scene.loaded->diagnostics.notices());
}

TEST(UrlLookup, FaultsOfIngressesAreToldWhereTheyStand) {
  const std::string good = ingress("shop", rule_to("web", ", tls: [{hosts: [shop.example], secretName: shop-tls}]"));
  const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-tls}\n---\n";
  EXPECT_EQ(told(good + secret), "");
  EXPECT_THAT(told(good), HasSubstr("no Secret 'shop-tls' among the manifests"));
  EXPECT_THAT(told(good + secret + ingress("twin", rule_to("web"))),
              HasSubstr("shop.example/ is claimed by Ingress shop too: the first counts"));
  EXPECT_THAT(told(good + secret +
                   ingress("blog",
                           "{rules: [{host: b.example, http: {paths: [{path: /, pathType: Prefix, "
                           "backend: {service: {name: wbe, port: {number: 80}}}}]}}]}")),
              HasSubstr("there is no Service wbe; did you mean 'web'?"));
  EXPECT_THAT(told(good + secret +
                   ingress("other",
                           "{ingressClassName: ngnix, defaultBackend: {service: {name: web, port: "
                           "{number: 80}}}}")),
              HasSubstr("nobody serves its class 'ngnix'"));
  EXPECT_THAT(told(ingress("shop", rule_to("web"))), HasSubstr("has no TLS for this host"));
}

TEST(UrlLookup, OlderVersionsAreReadAsTheirs) {
  const std::string old =
      "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: shop, annotations: "
      "{kubernetes.io/ingress.class: "
      "nginx}}\nspec: {rules: [{host: shop.example, http: {paths: [{backend: {serviceName: web, servicePort: "
      "http}}]}}]}\n";
  const std::string cluster = "cluster: {kubernetes: \"1.18\", ingress: nginx}\n";
  const Ready scene(cluster + kAsk, app_manifests("web", 2) + old);
  EXPECT_EQ(scene.loaded->variants.front().traffic.edges.size(), 2U);
  EXPECT_THAT(render(scene.loaded->diagnostics.notices()), Not(HasSubstr("apiVersion")));
}

// The objects of an installation, instead of cluster.ingress.
TEST(UrlLookup, AControllerOfTheManifestsIsFound) {
  const std::string controller =
      "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: edge, namespace: infra}\nspec:\n"
      "  selector: {matchLabels: {app: haproxy-ingress}}\n  template:\n    metadata: {labels: {app: haproxy-ingress}}\n"
      "    spec: {hostNetwork: true, containers: [{name: c, image: x, ports: [{containerPort: 443}]}]}\n---\n"
      "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: edge}\nspec: {controller: "
      "haproxy-ingress.github.io/controller}\n---\n";
  const Ready scene("cluster: {nodes: {count: 3}}\n" + kAsk,
                    app_manifests("web", 2) + controller + ingress("shop", rule_to("web", ", ingressClassName: edge")));
  const BoundVariant& variant = scene.loaded->variants.front();
  ASSERT_EQ(variant.traffic.edges.size(), 2U);
  EXPECT_EQ(variant.traffic.edges[0].name, "edge > web");
  EXPECT_THROW(Ready(kAsk, app_manifests("web", 2) + ingress("shop", rule_to("web", ", ingressClassName: nginx"))),
               ConfigError);
}

const std::string kGateway =
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec: {gatewayClassName: nginx, "
    "listeners: [{name: web, protocol: HTTPS, port: 443, hostname: \"*.example\"}]}\n---\n";

std::string http_route(const std::string& spec) {
  return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: shop}\nspec: " + spec + "\n---\n";
}

TEST(UrlLookup, ARouteLeadsThroughItsGateway) {
  const Ready scene(
      "cluster: {ingress: nginx}\n" + kAsk,
      app_manifests("web", 2) + app_manifests("next", 1) + kGateway +
          http_route("{parentRefs: [{name: edge}], hostnames: [shop.example], rules: [{backendRefs: [{name: web, "
                     "port: 80, weight: 9}, {name: next, port: 80, weight: 1}, {name: web, port: 80, weight: "
                     "0}]}]}"));
  EXPECT_EQ(render(scene.loaded->diagnostics.notices()), "");
  const TrafficPlan& traffic = scene.loaded->variants.front().traffic;
  ASSERT_EQ(traffic.apps.size(), 1U);
  EXPECT_EQ(traffic.apps[0].steps[0].weights, (std::vector<double>{9, 1}));
}

TEST(UrlLookup, FaultsOfRoutesAreTold) {
  const std::string rules = ", hostnames: [shop.example], rules: [{backendRefs: [{name: web, port: 80}]}]}";
  const std::string good = http_route("{parentRefs: [{name: edge}]" + rules);
  const auto also = [&](const std::string& spec) {
    std::string other = http_route(spec);
    return kGateway + good + other.replace(other.find("name: shop"), 10, "name: other");
  };
  EXPECT_THAT(told(also("{parentRefs: [{name: egde}]" + rules)),
              HasSubstr("there is no Gateway egde; did you mean 'edge'?"));
  EXPECT_THAT(
      told(also("{parentRefs: [{name: edge}], rules: [{matches: [{method: POST}], backendRefs: [{name: web, port: "
                "80}]}]}")),
      HasSubstr("requests are GETs here: never matched"));
  EXPECT_THAT(told(also("{parentRefs: [{name: edge}], rules: [{matches: [{path: {value: /x}}]}]}")),
              HasSubstr("a rule without a backend"));
  // The Gateway listens for https alone.
  const std::string plain =
      "workloads: {ask: {from: {external: {rtt: 20ms}}, to: {url: \"http://shop.example/\"}, arrivals: {poisson: "
      "10/s}}}\n";
  EXPECT_THROW(told(kGateway + good, "cluster: {ingress: nginx}\n" + plain), ConfigError);
}

}  // namespace
}  // namespace knetsim
