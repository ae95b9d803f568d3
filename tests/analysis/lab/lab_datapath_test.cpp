// Goal: packets of a case go where it says. Method: cases are asked without looking at their times; counters of rules
// and devices say which way they took. Skipped where namespaces are not allowed.

#include "analysis/lab/lab_datapath.h"

#include <gtest/gtest.h>

#include "analysis/lab/surroundings.h"
#include "kernel_counters.h"

namespace knetsim::lab {
namespace {

class LabDatapathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
    here = look_around();
    for (const std::string& note : here.notes) RecordProperty("left out", note);
  }

  void asked(const LabDatapath& on, const LabCase& one) {
    SCOPED_TRACE(one.name());
    EXPECT_EQ(on.measure(one, {here.cpus.front(), here.cpus.back()}, 4, nullptr).size(), 4u);
  }

  static std::uint64_t sent(const NetNamespace& space, const std::string& device) {
    return std::stoull(space.in("cat /sys/class/net/" + device + "/statistics/tx_packets"));
  }

  Surroundings here;
};

TEST_F(LabDatapathTest, TheThirdNodeTranslatesWhatItIsAsked) {
  if (!here.iptables_legacy) GTEST_SKIP() << "no iptables-legacy";
  const LabSetup setup{.nodes = 3, .rules = {.proxy = LabProxy::IptablesLegacy, .services = 3, .position = 2}};
  const LabDatapath datapath(setup);
  for (const auto& [asked_node, ingress] :
       {std::pair(0u, IngressNode::ClientNode), std::pair(1u, IngressNode::ThirdNode),
        std::pair(2u, IngressNode::ServerNode)}) {
    const std::uint64_t before = sent(datapath.cluster().node(1), "up2");
    asked(datapath, {.setup = setup, .exposure = Exposure::NodePort, .ingress = ingress, .client_host_network = true});
    EXPECT_EQ(sent(datapath.cluster().node(1), "up2") > before, asked_node == 1);
  }
}

TEST_F(LabDatapathTest, AHostPortIsTranslatedByPortmapsRules) {
  if (!here.iptables_legacy) GTEST_SKIP() << "no iptables-legacy";
  const LabSetup setup{.rules = {.proxy = LabProxy::IptablesLegacy, .services = 3, .host_ports = 5}};
  const LabDatapath datapath(setup);
  const LabCase one{.setup = setup, .exposure = Exposure::HostPort, .operation = Operation::Connect};
  asked(datapath, one);
  const auto counters = parse_iptables_counters(datapath.cluster().node(1).in("iptables-legacy-save -c"));
  const std::vector<std::uint64_t>& entries = counters.at("nat").at("CNI-HOSTPORT-DNAT");
  ASSERT_EQ(entries.size(), 5u);
  for (std::uint32_t place = 1; place <= 5; ++place) {
    EXPECT_EQ(entries[place - 1] > 0, place == one.host_port_position()) << place;
  }
}

TEST_F(LabDatapathTest, AffinityKnowsAClientFromItsSecondConnectionOn) {
  if (!here.iptables_legacy) GTEST_SKIP() << "no iptables-legacy";
  const LabSetup setup{
      .rules = {.proxy = LabProxy::IptablesLegacy, .services = 2, .endpoints = 3, .position = 1, .affinity = true}};
  const LabDatapath datapath(setup);
  // Of KUBE-SVC: a test for the ClusterIP's outsiders, three of affinity, three of chance.
  const auto taken = [&](std::size_t first) {
    std::uint64_t packets = 0;
    const auto counters = parse_iptables_counters(datapath.cluster().node(0).in("iptables-legacy-save -c"));
    for (const auto& [chain, rules] : counters.at("nat")) {
      if (!chain.starts_with("KUBE-SVC-")) continue;
      EXPECT_EQ(rules.size(), 7u);
      for (std::size_t rule = first; rule < first + 3; ++rule) packets += rules.at(rule);
    }
    return packets;
  };
  LabCase one{.setup = setup, .exposure = Exposure::ClusterIp, .operation = Operation::Connect};
  asked(datapath, one);
  EXPECT_EQ(taken(1), 0u) << "each comes from an address of its own";
  const std::uint64_t drawn = taken(4);
  EXPECT_EQ(drawn, 24u) << "4 that count, 20 before";
  one.remembered = true;
  asked(datapath, one);
  EXPECT_EQ(taken(4), drawn + 1) << "the first of the pod's own address is drawn";
  EXPECT_EQ(taken(1), 23u) << "and the others remembered";
}

TEST_F(LabDatapathTest, AChainPassesBothWires) {
  const LabSetup setup{.chained = true};
  const LabDatapath datapath(setup);
  const std::uint64_t before = sent(datapath.cluster().node(0), "up1");
  asked(datapath, {.setup = setup});
  // 24 requests, and 24 answers of the second pod, which is on the client's node.
  EXPECT_GE(sent(datapath.cluster().node(0), "up1") - before, 48u);
}

}  // namespace
}  // namespace knetsim::lab
