// Goal: what a version of Kubernetes wrote for addresses from outside stands as that version wrote it.
// Method: chains and lines that its proxier.go and kubelet have, told by the changes that brought or took them: k/k
// #109060 (1.24, in its changelog), #110289 (1.25, KEP-3178), #110628 and #108460 (1.26 has both), KEP-3178's gate
// (1.27), #119791 (1.29), #122614 (1.30) and #132456 (1.34, both in their changelogs).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr NodeSpec kWriter{.primary_address = ipv4(192, 168, 1, 1)};

ServicePortSpec behind_ranges() {
  return {.name = "web",
          .cluster_ip = ipv4(10, 96, 0, 10),
          .port = 80,
          .endpoints = {{ipv4(10, 244, 1, 10), 8080, true}},
          .load_balancer_ips = {ipv4(203, 0, 113, 1)},
          .source_ranges = {{ipv4(192, 0, 2, 0), 24}}};
}

std::string iptables_of(int minor) {
  const ServicePortSpec service = behind_ranges();
  return iptables_text(iptables_rules(kWriter, std::span(&service, 1), {.kubernetes = {1, minor}}));
}

std::string ipvs_of(int minor) {
  const ServicePortSpec service = behind_ranges();
  return iptables_text(
      ipvs_rules(kWriter, std::span(&kWriter.primary_address, 1), std::span(&service, 1), {1, minor}).rules);
}

std::string nftables_of(int minor) {
  const ServicePortSpec service = behind_ranges();
  return nftables_text(nftables_rules(kWriter, std::span(&service, 1), {1, minor}));
}

// KUBE-FW ends in KUBE-MARK-DROP, and kubelet's KUBE-FIREWALL drops what is marked; then filter drops it itself.
TEST(RuleVersions, IptablesDropsWhoIsInNoRangeByMarkUpTo124) {
  EXPECT_THAT(iptables_of(24),
              AllOf(HasSubstr("-j KUBE-MARK-DROP\n"), HasSubstr("-A KUBE-MARK-DROP -j MARK --or-mark 0x8000\n"),
                    HasSubstr("--mark 0x8000/0x8000 -j DROP\n"), Not(HasSubstr("KUBE-PROXY-FIREWALL"))));
  EXPECT_THAT(iptables_of(25), AllOf(HasSubstr("-A KUBE-PROXY-FIREWALL"), Not(HasSubstr("KUBE-MARK-DROP"))));
  EXPECT_THAT(iptables_of(26), HasSubstr("--mark 0x8000/0x8000 -j DROP\n")) << "kubelet's, which nobody needs any more";
  EXPECT_THAT(iptables_of(27), Not(HasSubstr("0x8000")));
  for (const int minor : {24, 36}) {
    EXPECT_THAT(iptables_of(minor), AllOf(HasSubstr("-j KUBE-FW-"), HasSubstr("-s 192.0.2.0/24 -j KUBE-EXT-")));
  }
}

TEST(RuleVersions, IpvsFiltersWhatProcessesOfTheNodeSendFrom129On) {
  EXPECT_THAT(ipvs_of(26), AllOf(HasSubstr("-j KUBE-SOURCE-RANGES-FIREWALL\n"), HasSubstr("-j KUBE-IPVS-FILTER\n"),
                                 HasSubstr("--mark 0x8000/0x8000 -j DROP\n")));
  EXPECT_THAT(ipvs_of(28), AllOf(Not(HasSubstr("KUBE-IPVS-OUT-FILTER")), Not(HasSubstr("0x8000"))));
  EXPECT_THAT(ipvs_of(29), HasSubstr("-A KUBE-IPVS-OUT-FILTER -s 203.0.113.1 -m ipvs"));
}

TEST(RuleVersions, NftablesLooksForEndpointsBeforeItTranslatesOnOutputUpTo133) {
  EXPECT_THAT(nftables_of(33),
              AllOf(HasSubstr("kube-proxy filter-output-post-dnat {"), Not(HasSubstr("filter-output-pre-dnat"))));
  EXPECT_THAT(nftables_of(34),
              AllOf(HasSubstr("kube-proxy filter-output-pre-dnat {"), Not(HasSubstr("filter-output-post-dnat"))));
}

TEST(RuleVersions, AddressesFromOutsideAreServedFromTheVersionWhoseRulesStandHere) {
  EXPECT_EQ(proxy_mode_named("iptables")->external_ips_since, (Version{1, 24}));
  EXPECT_EQ(proxy_mode_named("ipvs")->external_ips_since, (Version{1, 26}));
  EXPECT_EQ(proxy_mode_named("nftables")->external_ips_since, (Version{1, 30}));
}

}  // namespace
}  // namespace knetsim
