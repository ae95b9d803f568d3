// Goal: a packet meets of ip-masq-agent's rules what the kernel would. Method: the rules as the agent's own tests have them, and
// rules counted by hand.

#include "models/proxy/ip_masq_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "models/proxy/kube_chains.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

const std::vector<Ipv4Range> kAgentRanges = {
    {ipv4(169, 254, 0, 0), 16}, {ipv4(10, 0, 0, 0), 8}, {ipv4(172, 16, 0, 0), 12}, {ipv4(192, 168, 0, 0), 16}};

// cmd/ip-masq-agent/ip-masq-agent_test.go, TestSyncMasqRules, "no config", and the jump of postroutingJumpComment().
TEST(IpMasqAgent, WritesWhatTheAgentWrites) {
  Ruleset rules{.tables = {{.name = "nat", .chains = nat_base_chains()}}};
  add_ip_masq_rules(rules, kAgentRanges);
  const std::string text = iptables_text(rules);
  EXPECT_THAT(text, testing::HasSubstr("-m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT\n"));
  EXPECT_LT(text.find("-j KUBE-POSTROUTING"), text.find("-j IP-MASQ-AGENT")) << "it is appended";
  std::size_t last = text.find("-A IP-MASQ-AGENT");
  for (const char* range : {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}) {
    const std::size_t place = text.find(std::string(" -d ") + range + " -j RETURN\n");
    ASSERT_NE(place, std::string::npos) << text;
    EXPECT_GT(place, last);
    last = place;
  }
  EXPECT_THAT(text, testing::HasSubstr("-j MASQUERADE --to-ports 32768-65535 --random-fully\n"));
}

struct CountedAgent {
  double rules = 0, matches = 0;
  bool masqueraded = false;
};

CountedAgent met(HookPacket packet, IptablesBackend backend = IptablesBackend::Legacy) {
  const IpMasqAgent agent(
      {.kept = kAgentRanges, .backend = backend, .pod = ipv4(10, 244, 1, 2), .node = ipv4(192, 168, 1, 1)});
  std::vector<Step> steps;
  StepSink sink{steps};
  agent.at_postrouting(packet, sink);
  CountedAgent counted{.masqueraded = packet.masqueraded};
  for (const Step& step : steps) {
    EXPECT_TRUE(step.count.terms.empty());
    EXPECT_EQ(step.table, RuleTable::Nat);
    const bool rule = step.kind == StepKind::Rule || step.kind == StepKind::NftRule;
    (rule ? counted.rules : counted.matches) += step.count.fixed;
    EXPECT_EQ(step.rule_bytes > 0, rule);
  }
  return counted;
}

// The jump has a comment and addrtype. A rule of the chain has its comment, which is looked at where the address is the rule's.
TEST(IpMasqAgent, PacketsMeetRulesUpToTheirRange) {
  const FlowClass out{.server_host_network = true, .server_external = true};
  HookPacket packet{.flow = out, .source = AddressKind::Pod, .destination = AddressKind::OtherNode};
  const CountedAgent outside = met(packet);
  EXPECT_TRUE(outside.masqueraded);
  EXPECT_EQ(outside.rules, 1 + 4 + 1);
  EXPECT_EQ(outside.matches, 2 + 1);
  packet.flow.kept_range = 3;
  const CountedAgent kept = met(packet);
  EXPECT_FALSE(kept.masqueraded);
  EXPECT_EQ(kept.rules, 1 + 3);
  EXPECT_EQ(kept.matches, 2 + 1);
  const HookPacket to_pod{.flow = {}, .source = AddressKind::Pod, .destination = AddressKind::Pod};
  EXPECT_EQ(met(to_pod).rules, 1 + 2);
  EXPECT_FALSE(met(to_pod).masqueraded);
  const HookPacket to_node{.flow = {}, .source = AddressKind::Pod, .destination = AddressKind::OtherNode};
  EXPECT_EQ(met(to_node).rules, 1 + 4);
  EXPECT_FALSE(met(to_node).masqueraded);
  const HookPacket here{.flow = {}, .source = AddressKind::Pod, .destination = AddressKind::ThisNode};
  EXPECT_EQ(met(here).rules, 1) << "what stays is no business of the chain's";
  EXPECT_EQ(met(packet, IptablesBackend::Nft).rules, kept.rules);
}

TEST(IpMasqAgent, SeesNewConnectionsThatNobodyHasMasqueradedAlone) {
  const FlowClass out{.server_host_network = true, .server_external = true};
  HookPacket packet{.flow = out, .source = AddressKind::Pod, .destination = AddressKind::OtherNode};
  packet.state = CtState::Established;
  EXPECT_EQ(met(packet).rules, 0);
  packet.state = CtState::New;
  packet.masqueraded = true;
  EXPECT_EQ(met(packet).rules, 0) << "MASQUERADE ends the chain for it";
  packet.masqueraded = false;
  packet.nat_bound = true;
  EXPECT_EQ(met(packet).rules, 0);
}

TEST(IpMasqAgent, RangesAreLookedThroughInTheirOrder) {
  EXPECT_EQ(range_of(ipv4(10, 9, 8, 7), kAgentRanges), 2);
  EXPECT_EQ(range_of(ipv4(172, 31, 255, 255), kAgentRanges), 3);
  EXPECT_EQ(range_of(ipv4(172, 32, 0, 0), kAgentRanges), 0);
}

}  // namespace
}  // namespace knetsim
