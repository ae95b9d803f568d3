// Goal: a pod's resolv.conf is what the kubelet writes. Method: the cases of k/k pkg/kubelet/network/dns/dns_test.go
// (policies, with and without dnsConfig), and the C libraries' own limits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/dns/resolv_conf.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const DnsDomain kDomain{.domain = "cluster.local", .host_search = {"ec2.internal"}};

PodSpec pod_of(DnsPolicy policy, bool host_network = false) {
  PodSpec pod;
  pod.dns.policy = policy;
  pod.host_network = host_network;
  return pod;
}

ResolvConf conf_of(const PodSpec& pod, Libc libc = Libc::Glibc) { return resolv_conf(pod, "shop", kDomain, libc); }

TEST(ResolvConf, ClusterFirstSearchesTheNamespaceTheServicesAndTheClusterBeforeTheNodesOwnDomains) {
  const ResolvConf conf = conf_of(pod_of(DnsPolicy::ClusterFirst));
  EXPECT_THAT(conf.search, ElementsAre("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "ec2.internal"));
  EXPECT_TRUE(conf.asks_cluster);
  EXPECT_EQ(conf.ndots, 5U);
  EXPECT_EQ(conf.timeout, std::chrono::seconds(5));
  EXPECT_EQ(conf.attempts, 2U);
}

TEST(ResolvConf, APodInItsNodesNetworkHasTheNodesFileUnlessItAsksForTheClusters) {
  for (const PodSpec& pod : {pod_of(DnsPolicy::ClusterFirst, true), pod_of(DnsPolicy::Default)}) {
    const ResolvConf conf = conf_of(pod);
    EXPECT_FALSE(conf.asks_cluster);
    EXPECT_THAT(conf.search, ElementsAre("ec2.internal"));
    EXPECT_EQ(conf.ndots, 1U);
  }
  EXPECT_TRUE(conf_of(pod_of(DnsPolicy::ClusterFirstWithHostNet, true)).asks_cluster);
}

TEST(ResolvConf, ThePolicyNoneHasWhatThePodStatesAlone) {
  PodSpec pod = pod_of(DnsPolicy::None);
  pod.dns.nameservers = {"1.2.3.4"};
  pod.dns.searches = {"my.dns.search.suffix."};
  pod.dns.options = {{"ndots", "2"}, {"edns0", ""}};
  const ResolvConf conf = conf_of(pod);
  EXPECT_FALSE(conf.asks_cluster);
  EXPECT_THAT(conf.nameservers, ElementsAre("1.2.3.4"));
  EXPECT_THAT(conf.search, ElementsAre("my.dns.search.suffix"));
  EXPECT_EQ(conf.ndots, 2U);
}

// k/k pkg/kubelet/network/dns/dns.go, GetPodDNS: with None what dnsConfig has is all that there is, be it the cluster's own
// address, and ndots stays that of the C library (resolv/res_init.c: 1).
TEST(ResolvConf, ThePolicyNoneMayNameTheClustersServerFirst) {
  DnsDomain domain = kDomain;
  domain.addresses = {"10.96.0.10"};
  PodSpec pod = pod_of(DnsPolicy::None);
  pod.dns.nameservers = {"10.96.0.10", "1.1.1.1"};
  pod.dns.searches = {"shop.svc.cluster.local"};
  const ResolvConf conf = resolv_conf(pod, "shop", domain, Libc::Glibc);
  EXPECT_TRUE(conf.asks_cluster);
  EXPECT_THAT(conf.nameservers, ElementsAre("1.1.1.1"));
  EXPECT_THAT(conf.search, ElementsAre("shop.svc.cluster.local"));
  EXPECT_EQ(conf.ndots, 1U);
  pod.dns.nameservers = {"1.1.1.1", "10.96.0.10"};
  EXPECT_FALSE(resolv_conf(pod, "shop", domain, Libc::Glibc).asks_cluster);
  // The node's own servers come first where the policy is Default.
  pod.dns.policy = DnsPolicy::Default;
  pod.dns.nameservers = {"10.96.0.10"};
  EXPECT_FALSE(resolv_conf(pod, "shop", domain, Libc::Glibc).asks_cluster);
}

// glibc 2.41 resolv/res_init.c, res_setoptions; musl 1.2.5 src/network/resolvconf.c reads ndots, attempts and timeout alone.
TEST(ResolvConf, GlibcAloneKnowsTheOptionsOfFamiliesAndTransports) {
  PodSpec pod = pod_of(DnsPolicy::ClusterFirst);
  pod.dns.options = {{"no-aaaa", ""}, {"use-vc", ""}};
  EXPECT_TRUE(conf_of(pod).no_aaaa);
  EXPECT_TRUE(conf_of(pod).use_vc);
  EXPECT_FALSE(conf_of(pod, Libc::Musl).no_aaaa);
  EXPECT_FALSE(conf_of(pod, Libc::Musl).use_vc);
}

TEST(ResolvConf, WhatThePodStatesIsAddedOnceAndItsOptionsCountMore) {
  PodSpec pod = pod_of(DnsPolicy::ClusterFirst);
  pod.dns.searches = {"svc.cluster.local", "example.com"};
  pod.dns.options = {{"ndots", "1"}, {"timeout", "1"}, {"attempts", "4"}, {"single-request-reopen", ""}};
  const ResolvConf conf = conf_of(pod);
  EXPECT_THAT(conf.search, ElementsAre("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "ec2.internal",
                                       "example.com"));
  EXPECT_EQ(conf.ndots, 1U);
  EXPECT_EQ(conf.timeout, std::chrono::seconds(1));
  EXPECT_EQ(conf.attempts, 4U);
  EXPECT_TRUE(conf.single_request_reopen);
  EXPECT_FALSE(conf_of(pod, Libc::Musl).single_request_reopen) << "musl does not know it";
}

TEST(ResolvConf, CLibrariesTakeNoMoreThanTheirLimits) {
  PodSpec pod = pod_of(DnsPolicy::ClusterFirst);
  pod.dns.options = {{"ndots", "99"}, {"timeout", "99"}, {"attempts", "99"}};
  EXPECT_EQ(conf_of(pod).ndots, 15U);
  EXPECT_EQ(conf_of(pod).timeout, std::chrono::seconds(30));
  EXPECT_EQ(conf_of(pod).attempts, 5U);
  EXPECT_EQ(conf_of(pod, Libc::Musl).timeout, std::chrono::seconds(60));
  EXPECT_EQ(conf_of(pod, Libc::Musl).attempts, 10U);
}

TEST(ResolvConf, MuslIgnoresASearchLineThatIsTooLong) {
  PodSpec pod = pod_of(DnsPolicy::ClusterFirst);
  const std::string longer = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(80, 'c');
  pod.dns.searches = {longer};
  EXPECT_EQ(conf_of(pod).search.size(), 5U);
  EXPECT_THAT(conf_of(pod, Libc::Musl).search, IsEmpty());
}

}  // namespace
}  // namespace knetsim
