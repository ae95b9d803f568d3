// Goal: what the API leaves to implementers, and what a policy says in two places, is taken as they have it.
// Method: policies small enough to be read, and connections whose verdict the sources of Kubernetes, kube-router and
// Cilium give.

#include <gmock/gmock.h>

#include "models/policy/policy_enforcer.h"
#include "policy_fixture.h"

namespace knetsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kThreePods =
    policy_pod("web", "web") + policy_pod("db", "db") + policy_pod("host", "web", "default", "hostNetwork: true");

TEST(NetworkPolicies, BothEndsHaveToAgree) {
  const std::string out = network_policy(
      "out", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 5432}]}]}");
  const std::string in =
      network_policy("in", "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 5432}, {port: 8080}]}]}");
  EXPECT_TRUE(PolicyFixture(kThreePods + out).allowed("web", "db", 5432));
  EXPECT_TRUE(PolicyFixture(kThreePods + in).allowed("web", "db", 8080));
  const PolicyFixture both(kThreePods + out + in);
  EXPECT_TRUE(both.allowed("web", "db", 5432));
  EXPECT_FALSE(both.allowed("web", "db", 8080)) << "its source does not agree";
  EXPECT_FALSE(both.allowed("web", "db", 9090)) << "neither does";
  EXPECT_FALSE(both.allowed("web", "db", 5432, Protocol::Udp)) << "a port without a protocol is TCP's";
}

// SetDefaults_NetworkPolicy: Ingress always, Egress where there are egress rules.
TEST(NetworkPolicies, TypesLeftOutFollowFromTheRules) {
  const PolicyFixture cluster(kThreePods + network_policy("a", "{podSelector: {}, egress: []}") +
                              network_policy("b", "{podSelector: {}, egress: [{}]}") +
                              network_policy("c", "{podSelector: {}, policyTypes: [Egress]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_THAT(cluster.isolating("web", PolicyDirection::Ingress), ElementsAre("default/a", "default/b"));
  EXPECT_THAT(cluster.isolating("web", PolicyDirection::Egress), ElementsAre("default/b", "default/c"));
}

TEST(NetworkPolicies, RulesOfATypeThatIsNotNamedAreIdleAndTold) {
  const PolicyFixture cluster(kThreePods +
                              network_policy("a", "{podSelector: {}, policyTypes: [Ingress], egress: [{}]}"));
  EXPECT_THAT(cluster.notices(), HasSubstr("policyTypes does not name Egress: nobody looks at these rules"));
  EXPECT_THAT(cluster.isolating("web", PolicyDirection::Egress), IsEmpty());
}

// kube-router's ipset of a block is matched with whatever address a packet has; Cilium's CIDRs hold for what has no
// identity of the cluster's own, neither a pod nor a node.
TEST(NetworkPolicies, BlocksHoldForPodsAndNodesByTheEnforcer) {
  const std::string text =
      kThreePods +
      network_policy("block",
                     "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}");
  const PolicyFixture rules(text, {.blocks_hold_inside = policy_enforcer_named("iptables")->blocks_hold_inside});
  const PolicyFixture maps(text, {.blocks_hold_inside = policy_enforcer_named("ebpf")->blocks_hold_inside});
  EXPECT_TRUE(rules.allowed("web", "db", 5432));
  EXPECT_FALSE(maps.allowed("web", "db", 5432));
  EXPECT_TRUE(rules.allowed_from("10.0.0.2", "db", 5432, true));
  EXPECT_FALSE(maps.allowed_from("10.0.0.2", "db", 5432, true));
  EXPECT_TRUE(rules.allowed_from("198.51.100.7", "db", 5432));
  EXPECT_TRUE(maps.allowed_from("198.51.100.7", "db", 5432));
}

// The labels of a hostNetwork pod are nobody's: its packets bear its node's address.
TEST(NetworkPolicies, SelectorsDoNotKnowHostNetworkPods) {
  const PolicyFixture cluster(
      kThreePods +
      network_policy("web",
                     "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: "
                     "web}}}]}]}"));
  EXPECT_TRUE(cluster.allowed("web", "db", 5432));
  EXPECT_FALSE(cluster.allowed("host", "db", 5432));
}

TEST(NetworkPolicies, ABlockOfIpv6HoldsNoAddressOfIpv4) {
  const PolicyFixture cluster(
      kThreePods + network_policy("six",
                                  "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: "
                                  "\"2001:db8::/32\", except: [\"2001:db8:1::/48\"]}}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  EXPECT_FALSE(cluster.allowed_from("198.51.100.7", "db", 5432));
}

TEST(NetworkPolicies, OfTwoOfOneNameTheLastCounts) {
  const PolicyFixture cluster(kThreePods + network_policy("a", "{podSelector: {}}") +
                              network_policy("a", "{podSelector: {matchLabels: {app: db}}}"));
  EXPECT_THAT(cluster.isolating("web", PolicyDirection::Ingress), IsEmpty());
  EXPECT_THAT(cluster.isolating("db", PolicyDirection::Ingress), ElementsAre("default/a"));
}

// By hand, after kube-router's policy.go (processIngressRules, appendRuleToPolicyChain) and pod.go (setupPodNetpolRules).
TEST(NetworkPolicies, ChainsHaveTwoRulesForEachSortOfPeersAndPort) {
  const PolicyFixture cluster(
      kThreePods + policy_pod("api", "api") +
      network_policy(
          "in",
          "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: "
          "web}}}, {ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 5432}, {port: 53, protocol: UDP}]}]}"));
  ASSERT_EQ(cluster.errors(), "");
  const auto work = [&](const PolicyEnd& from, std::uint16_t port) {
    return cluster.policies().chain_work(cluster.pod("db"), PolicyDirection::Ingress, from,
                                         {.port = port, .pod = cluster.pod("db")});
  };
  // The default for egress, which does not match; the jump; the pods' MARK and RETURN at 5432, two sets each.
  EXPECT_EQ(work(cluster.end("web"), 5432).rules, 2U + 2);
  EXPECT_EQ(work(cluster.end("web"), 5432).sets, 4U);
  // Not of the pods' set (a look each), nor of UDP (none); of no block either: two rules for each sort and port.
  EXPECT_EQ(work(cluster.end("api"), 5432).rules, 2U + 8);
  EXPECT_EQ(work(cluster.end("api"), 5432).sets, 4U);
  // Found by the block's first pair.
  EXPECT_EQ(work({.address = parse_ip("198.51.100.7").value()}, 5432).rules, 2U + 6);
  EXPECT_EQ(work({.address = parse_ip("198.51.100.7").value()}, 5432).sets, 2U + 4);
  // The chain of a pod that nobody isolates: the default of the way that it goes and its MARK, the other one.
  const auto free = cluster.policies().chain_work(cluster.pod("api"), PolicyDirection::Egress, cluster.end("db"),
                                                  {.port = 5432, .pod = cluster.pod("db")});
  EXPECT_EQ(free.rules, 3U);
  EXPECT_EQ(free.sets, 0U);
}

TEST(NetworkPolicies, MalformedOnesAreToldWithTheirPlace) {
  const auto said = [](const std::string& spec) {
    return PolicyFixture(kThreePods + network_policy("bad", spec)).errors();
  };
  EXPECT_THAT(said("{podSelector: {}, policyTypes: [ingress]}"), HasSubstr("did you mean 'Ingress'?"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{from: [{}]}]}"), HasSubstr("a peer that names nobody"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}"),
              HasSubstr("addresses and a selector in one peer"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}"),
              HasSubstr("'10.0.0.0' is no block of addresses"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]}"),
              HasSubstr("11.0.0.0/9 is no part of 10.0.0.0/8"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{ports: [{endPort: 90}]}]}"), HasSubstr("endPort without port"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{ports: [{port: 90, endPort: 80}]}]}"),
              HasSubstr("endPort 80 is below port 90"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{ports: [{port: http, endPort: 80}]}]}"),
              HasSubstr("endPort with a port by its name"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{ports: [{port: 70000}]}]}"), HasSubstr("out of range"));
  EXPECT_THAT(said("{podSelector: {matchLabels: {app: [web]}}}"), HasSubstr("expected a label's text"));
  EXPECT_THAT(said("{podSelector: {}, ingress: [{form: []}]}"), HasSubstr("did you mean 'from'?"));
}

}  // namespace
}  // namespace knetsim
