// Goal: the generated rules are kube-proxy's, in number, name and text.
// Method: the totals of kubernetes/kubernetes pkg/proxy/iptables/number_generated_rules_test.go; chain names and lines
// that its proxier_test.go files expect.
#include <gtest/gtest.h>

#include "models/proxy/chain_names.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

std::vector<ServicePortSpec> services(std::uint32_t count, std::uint32_t endpoints, bool load_balancer) {
  std::vector<ServicePortSpec> made;
  for (std::uint32_t s = 0; s < count; ++s) {
    ServicePortSpec service{.name_space = "namespace",
                            .name = "svc" + std::to_string(s),
                            .port_name = "8080",
                            .cluster_ip = ipv4(10, 0, 0, 1) + s,
                            .port = static_cast<std::uint16_t>(80 + s)};
    for (std::uint32_t e = 0; e < endpoints; ++e) {
      service.endpoints.push_back({ipv4(172, 16, 0, 1) + e, 8080, false});
    }
    if (load_balancer) {
      service.node_port = static_cast<std::uint16_t>(30'000 + s);
      service.external_ips = {ipv4(1, 2, 3, 4)};
      service.load_balancer_ips = {ipv4(1, 2, 3, 4)};
      service.source_ranges = {{ipv4(1, 2, 3, 0), 28}};
    }
    made.push_back(std::move(service));
  }
  return made;
}

struct Total {
  std::uint32_t services;
  std::uint32_t endpoints;
  bool load_balancer;
  std::size_t filter;
  std::size_t nat;
};

class PublishedTotals : public ::testing::TestWithParam<Total> {};

TEST_P(PublishedTotals, AreThoseOfKubeProxy) {
  const Total& want = GetParam();
  const Ruleset rules = iptables_rules({}, services(want.services, want.endpoints, want.load_balancer));
  EXPECT_EQ(generated_rules(rules.table("filter")), want.filter);
  EXPECT_EQ(generated_rules(rules.table("nat")), want.nat);
}

INSTANTIATE_TEST_SUITE_P(ClusterIp, PublishedTotals,
                         ::testing::Values(Total{0, 0, false, 3, 5}, Total{1, 0, false, 4, 5},
                                           Total{1, 1, false, 3, 10}, Total{1, 2, false, 3, 13},
                                           Total{1, 10, false, 3, 37}, Total{10, 0, false, 13, 5},
                                           Total{10, 1, false, 3, 55}, Total{10, 2, false, 3, 85},
                                           Total{10, 10, false, 3, 325}));
INSTANTIATE_TEST_SUITE_P(LoadBalancer, PublishedTotals,
                         ::testing::Values(Total{0, 0, true, 3, 5}, Total{1, 0, true, 7, 5}, Total{1, 1, true, 4, 16},
                                           Total{1, 2, true, 4, 19}, Total{1, 10, true, 4, 43},
                                           Total{10, 0, true, 43, 5}, Total{10, 1, true, 13, 115},
                                           Total{10, 2, true, 13, 145}, Total{10, 10, true, 13, 385}));

ServicePortSpec svc1() {
  return {.name_space = "ns1",
          .name = "svc1",
          .port_name = "p80",
          .cluster_ip = ipv4(172, 30, 0, 41),
          .port = 80,
          .endpoints = {{ipv4(10, 180, 0, 1), 80, true}}};
}

// k/k pkg/proxy/iptables/proxier_test.go and pkg/proxy/nftables/proxier_test.go, service ns1/svc1.
TEST(ChainNames, AreTheHashesThatKubeProxysOwnTestsExpect) {
  const ServicePortSpec service = svc1();
  EXPECT_EQ(iptables_service_chain("KUBE-SVC-", service), "KUBE-SVC-XPGD46QRK7WJZT7O");
  EXPECT_EQ(iptables_endpoint_chain(service, service.endpoints[0]), "KUBE-SEP-SXIVWICOYRO3J4NJ");
  EXPECT_EQ(nftables_service_chain("service-", service), "service-ULMVA6XW-ns1/svc1/tcp/p80");
  EXPECT_EQ(nftables_endpoint_chain("endpoint-", service, service.endpoints[0]),
            "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80");
}

// FIPS 180-4 examples: "abc" and the 448-bit message, in base32.
TEST(ChainNames, Sha256OfTheStandardsExamples) {
  EXPECT_EQ(sha256_base32("abc"), "XJ4BNP4PAHH6UQKBIDPF3LRCEOYAGYNDSYLXVHFUCD7WD4QACWWQ");
  EXPECT_EQ(sha256_base32("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "ESGWUYOSAY4LRZOAE2JQYPTAHGRTZZCZMT7SCZ7W5TW5IGO3A3AQ");
}

TEST(IptablesText, IsWhatKubeProxysOwnTestsExpect) {
  const ServicePortSpec service = svc1();
  const NodeSpec node{.cluster_cidr = {ipv4(10, 0, 0, 0), 8}};
  const std::string text = iptables_text(iptables_rules(node, std::span(&service, 1)));
  for (const char* const line :
       {"-A KUBE-SERVICES -m comment --comment \"ns1/svc1:p80 cluster IP\" -m tcp -p tcp -d 172.30.0.41 --dport 80 -j "
        "KUBE-SVC-XPGD46QRK7WJZT7O\n",
        "-A KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment \"ns1/svc1:p80 cluster IP\" -m tcp -p tcp -d 172.30.0.41 "
        "--dport 80 ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ\n",
        "-A KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment \"ns1/svc1:p80 -> 10.180.0.1:80\" -j "
        "KUBE-SEP-SXIVWICOYRO3J4NJ\n",
        "-A KUBE-SEP-SXIVWICOYRO3J4NJ -m comment --comment \"ns1/svc1:p80\" -s 10.180.0.1 -j KUBE-MARK-MASQ\n",
        "-A KUBE-SEP-SXIVWICOYRO3J4NJ -m comment --comment \"ns1/svc1:p80\" -m tcp -p tcp -j DNAT --to-destination "
        "10.180.0.1:80\n",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n",
        "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n", "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n",
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(IptablesText, ThirdsAreWrittenWithTenDecimals) {
  ServicePortSpec service = svc1();
  service.endpoints.push_back({ipv4(10, 180, 0, 2), 80, true});
  service.endpoints.push_back({ipv4(10, 180, 0, 3), 80, true});
  const std::string text = iptables_text(iptables_rules({}, std::span(&service, 1)));
  EXPECT_NE(text.find("-m statistic --mode random --probability 0.3333333333 -j"), std::string::npos);
  EXPECT_NE(text.find("-m statistic --mode random --probability 0.5000000000 -j"), std::string::npos);
}

TEST(IptablesText, LargeClustersDropTheCommentsOfEndpointsAlone) {
  const std::vector<ServicePortSpec> large = services(101, 10, false);
  const std::string text = iptables_text(iptables_rules({}, large));
  EXPECT_EQ(text.find(" -> 172.16.0.1:8080"), std::string::npos);
  EXPECT_NE(text.find("namespace/svc0:8080 cluster IP"), std::string::npos);
}

TEST(NftablesText, Before136IsWhatKubeProxysOwnTestsExpect) {
  const ServicePortSpec service = svc1();
  const NodeSpec node{.cluster_cidr = {ipv4(10, 0, 0, 0), 8},
                      .service_cidr = {ipv4(172, 30, 0, 0), 16},
                      .primary_address = ipv4(192, 168, 0, 2)};
  const std::string text = nftables_text(nftables_rules(node, std::span(&service, 1), {1, 35}));
  for (const char* const line :
       {"add chain ip kube-proxy filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }\n",
        "add rule ip kube-proxy filter-forward ct state new jump service-endpoints-check\n",
        "add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips\n",
        "add rule ip kube-proxy services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports\n",
        "add rule ip kube-proxy masquerading mark and 0x4000 == 0 return\n",
        "add rule ip kube-proxy service-ULMVA6XW-ns1/svc1/tcp/p80 ip daddr 172.30.0.41 ip saddr != 10.0.0.0/8 jump "
        "mark-for-masquerade\n",
        "add rule ip kube-proxy service-ULMVA6XW-ns1/svc1/tcp/p80 numgen random mod 1 vmap { 0 : goto "
        "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80 }\n",
        "add rule ip kube-proxy endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80 ip saddr 10.180.0.1 jump "
        "mark-for-masquerade\n",
        "add rule ip kube-proxy endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80 meta l4proto tcp dnat to "
        "10.180.0.1:80\n",
        "add element ip kube-proxy nodeport-ips { 192.168.0.2 }\n",
        "add element ip kube-proxy service-ips { 172.30.0.41 . tcp . 80 : goto service-ULMVA6XW-ns1/svc1/tcp/p80 "
        "}\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace knetsim
