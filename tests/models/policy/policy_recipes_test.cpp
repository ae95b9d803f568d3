// Goal: what the documentation's recipes and the well-known collection of them say is allowed is allowed, and nothing else.
// Method: each recipe as it stands there, and connections on both sides of what it draws.
// Sources: k/website content/en/docs/concepts/services-networking/network-policies.md ("Default policies", "The
// NetworkPolicy resource", "Targeting a range of ports", "Targeting a Namespace by its name");
// ahmetb/kubernetes-network-policy-recipes.

#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace knetsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kRecipePods =
    policy_pod("web", "web") + policy_pod("api", "api") + policy_pod("db", "db") + policy_pod("web", "web", "prod") +
    policy_pod("scrape", "prometheus", "monitoring") + policy_pod("dns", "kube-dns", "kube-system") +
    policy_pod("host", "web", "default", "hostNetwork: true") +
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {purpose: production}}\n"
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring, labels: {purpose: operations}}\n";

PolicyFixture with_policies(const std::string& policies) { return PolicyFixture(kRecipePods + policies); }

TEST(PolicyRecipes, WithoutAPolicyEverythingIsAllowed) {
  const PolicyFixture cluster = with_policies("");
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_FALSE(cluster.policies().any());
  EXPECT_TRUE(cluster.allowed("web", "db", 5432));
  EXPECT_TRUE(cluster.allowed("prod/web", "db", 5432));
}

TEST(PolicyRecipes, DefaultDenyAllIngressIsolatesTheNamespace) {
  const PolicyFixture cluster = with_policies(network_policy("deny", "{podSelector: {}, policyTypes: [Ingress]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_FALSE(cluster.allowed("web", "db", 5432));
  EXPECT_FALSE(cluster.allowed("prod/web", "db", 5432));
  EXPECT_FALSE(cluster.allowed_from("198.51.100.7", "web", 8080));
  EXPECT_TRUE(cluster.allowed("web", "prod/web", 8080)) << "egress is not isolated, and prod has no policy";
  EXPECT_THAT(cluster.isolating("db", PolicyDirection::Ingress), ElementsAre("default/deny"));
  EXPECT_THAT(cluster.isolating("db", PolicyDirection::Egress), IsEmpty());
  EXPECT_THAT(cluster.isolating("prod/web", PolicyDirection::Ingress), IsEmpty());
  EXPECT_THAT(cluster.isolating("host", PolicyDirection::Ingress), IsEmpty()) << "hostNetwork pods are not subject";
}

TEST(PolicyRecipes, AllowAllIngressBesideDenyAllIsTheUnion) {
  const PolicyFixture cluster =
      with_policies(network_policy("deny", "{podSelector: {}, policyTypes: [Ingress]}") +
                    network_policy("allow", "{podSelector: {}, ingress: [{}], policyTypes: [Ingress]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_TRUE(cluster.allowed("web", "db", 5432));
  EXPECT_TRUE(cluster.allowed_from("198.51.100.7", "web", 8080));
  EXPECT_THAT(cluster.isolating("db", PolicyDirection::Ingress), ElementsAre("default/deny", "default/allow"));
}

TEST(PolicyRecipes, DefaultDenyAllEgressClosesDnsToo) {
  const PolicyFixture cluster = with_policies(network_policy("deny", "{podSelector: {}, policyTypes: [Egress]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_FALSE(cluster.allowed("web", "prod/web", 8080));
  EXPECT_FALSE(cluster.allowed("web", "kube-system/dns", 53, Protocol::Udp));
  EXPECT_FALSE(cluster.allowed_to("web", "198.51.100.7", 443));
  EXPECT_TRUE(cluster.allowed("prod/web", "web", 8080)) << "ingress is not isolated";
}

TEST(PolicyRecipes, EgressToDnsOnly) {
  const PolicyFixture cluster = with_policies(network_policy(
      "dns",
      "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}, "
      "{port: 53, protocol: TCP}], to: [{namespaceSelector: {}}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_TRUE(cluster.allowed("web", "kube-system/dns", 53, Protocol::Udp));
  EXPECT_TRUE(cluster.allowed("web", "kube-system/dns", 53));
  EXPECT_FALSE(cluster.allowed("web", "api", 8080));
  EXPECT_FALSE(cluster.allowed_to("web", "198.51.100.7", 53)) << "no pod of any namespace";
  EXPECT_TRUE(cluster.allowed("api", "db", 5432));
}

TEST(PolicyRecipes, TrafficFromSomePodsOfTheNamespace) {
  const PolicyFixture cluster = with_policies(network_policy(
      "api", "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_TRUE(cluster.allowed("api", "db", 5432));
  EXPECT_FALSE(cluster.allowed("web", "db", 5432));
  EXPECT_TRUE(cluster.allowed("web", "api", 8080)) << "nobody isolates it";
  EXPECT_THAT(cluster.isolating("db", PolicyDirection::Egress), IsEmpty())
      << "policyTypes left out and no egress: Ingress alone";
}

TEST(PolicyRecipes, TrafficFromANamespaceByItsLabelAndByItsName) {
  const PolicyFixture labelled = with_policies(network_policy(
      "prod",
      "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {purpose: "
      "production}}}]}]}"));
  ASSERT_EQ(labelled.errors(), "");
  EXPECT_TRUE(labelled.allowed("prod/web", "web", 8080));
  EXPECT_FALSE(labelled.allowed("monitoring/scrape", "web", 8080));
  EXPECT_FALSE(labelled.allowed("api", "web", 8080)) << "nor its own namespace";

  const std::string by_name = network_policy(
      "dns",
      "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: "
      "kubernetes.io/metadata.name, operator: In, values: [kube-system, prod]}]}}]}]}");
  const PolicyFixture named = with_policies(by_name);
  EXPECT_TRUE(named.allowed("prod/web", "web", 8080));
  EXPECT_TRUE(named.allowed("kube-system/dns", "web", 8080)) << "which has no object among the manifests";
  EXPECT_FALSE(named.allowed("monitoring/scrape", "web", 8080));
  const PolicyFixture old(kRecipePods + by_name, {.kubernetes_minor = 20});
  EXPECT_FALSE(old.allowed("prod/web", "web", 8080)) << "before 1.21 namespaces are not labelled by themselves";
}

TEST(PolicyRecipes, SomePodsInAnotherNamespaceAreBothSelectorsOfOneEntry) {
  const std::string both =
      "[{namespaceSelector: {matchLabels: {purpose: operations}}, podSelector: {matchLabels: {app: prometheus}}}]";
  const std::string either =
      "[{namespaceSelector: {matchLabels: {purpose: operations}}}, {podSelector: {matchLabels: {app: api}}}]";
  const auto policy = [](const std::string& from) {
    return network_policy("monitor", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: " + from +
                                         ", ports: [{port: metrics}]}]}");
  };
  const PolicyFixture one = with_policies(policy(both) + policy_pod("other", "other", "monitoring"));
  ASSERT_EQ(one.errors(), "");
  EXPECT_TRUE(one.allowed("monitoring/scrape", "web", 9090)) << "the port named metrics is 9090";
  EXPECT_FALSE(one.allowed("monitoring/scrape", "web", 8080));
  EXPECT_FALSE(one.allowed("monitoring/other", "web", 9090));
  const PolicyFixture two = with_policies(policy(either) + policy_pod("other", "other", "monitoring"));
  EXPECT_TRUE(two.allowed("monitoring/other", "web", 9090));
  EXPECT_TRUE(two.allowed("api", "web", 9090));
  EXPECT_FALSE(two.allowed("db", "web", 9090));
}

// The example of the documentation's section "The NetworkPolicy resource", on its own addresses.
TEST(PolicyRecipes, TheDocumentationsExampleWithABlockAndWhatItExcepts) {
  const PolicyFixture cluster = with_policies(network_policy(
      "test-network-policy",
      "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: "
      "172.17.0.0/16, except: [172.17.1.0/24]}}, {namespaceSelector: {matchLabels: {purpose: production}}}, "
      "{podSelector: {matchLabels: {app: api}}}], ports: [{protocol: TCP, port: 6379}]}], egress: [{to: [{ipBlock: "
      "{cidr: 10.0.0.0/24}}], ports: [{protocol: TCP, port: 5978}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_TRUE(cluster.allowed_from("172.17.0.1", "db", 6379));
  EXPECT_TRUE(cluster.allowed_from("172.17.0.255", "db", 6379));
  EXPECT_FALSE(cluster.allowed_from("172.17.1.0", "db", 6379));
  EXPECT_FALSE(cluster.allowed_from("172.17.1.255", "db", 6379));
  EXPECT_TRUE(cluster.allowed_from("172.17.2.0", "db", 6379));
  EXPECT_FALSE(cluster.allowed_from("172.18.0.1", "db", 6379));
  EXPECT_FALSE(cluster.allowed_from("172.17.0.1", "db", 6380));
  EXPECT_TRUE(cluster.allowed("prod/web", "db", 6379));
  EXPECT_TRUE(cluster.allowed("api", "db", 6379));
  EXPECT_FALSE(cluster.allowed("web", "db", 6379));
  EXPECT_TRUE(cluster.allowed_to("db", "10.0.0.1", 5978));
  EXPECT_FALSE(cluster.allowed_to("db", "10.0.1.1", 5978));
  EXPECT_FALSE(cluster.allowed_to("db", "10.0.0.1", 5979));
}

TEST(PolicyRecipes, ARangeOfPortsHasBothItsEnds) {
  const PolicyFixture cluster = with_policies(
      network_policy("range",
                     "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "
                     "10.0.0.0/24}}], ports: [{protocol: TCP, port: 32000, endPort: 32768}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_FALSE(cluster.allowed_to("db", "10.0.0.9", 31999));
  EXPECT_TRUE(cluster.allowed_to("db", "10.0.0.9", 32000));
  EXPECT_TRUE(cluster.allowed_to("db", "10.0.0.9", 32768));
  EXPECT_FALSE(cluster.allowed_to("db", "10.0.0.9", 32769));
}

}  // namespace
}  // namespace knetsim
