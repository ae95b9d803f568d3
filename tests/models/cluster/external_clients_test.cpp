// Goal: clients outside of the cluster have addresses and distances of their own and are neither nodes nor pods to anybody
// who asks for such. Method: a bound cluster before and after, and groups that come and go beside another.

#include "models/cluster/external_clients.h"

#include <gtest/gtest.h>

#include <set>

#include "load.h"
#include "models/cluster/pod_selection.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

ExternalGroup group(const char* name, std::uint32_t count, Distribution rtt = Distribution::constant(0.02)) {
  return {.name = name, .count = count, .rate = Bandwidth(1'000'000'000), .rtt_seconds = std::move(rtt)};
}

Loaded with_clients(const std::vector<ExternalGroup>& groups) {
  Loaded loaded = load_text(deployment("web", 3));
  add_external_clients(loaded.cluster, groups, RandomStreams(7));
  return loaded;
}

Duration delay_of(const Cluster& cluster, PodIndex client) {
  return cluster.nodes[cluster.pods[client].node].external->delay;
}

TEST(ExternalClients, EachHasAMachineAndAnAddressOfItsOwnBehindAllNodesAndPods) {
  const Loaded loaded = with_clients({group("browse", 3), group("buy", 2)});
  const Cluster& cluster = loaded.cluster;
  EXPECT_EQ(cluster.members().size(), 6U);
  EXPECT_EQ(cluster.member_pods().size(), 3U);
  EXPECT_EQ(external_clients(cluster, "browse"), (std::vector<PodIndex>{3, 4, 5}));
  EXPECT_EQ(external_clients(cluster, "buy"), (std::vector<PodIndex>{6, 7}));
  EXPECT_TRUE(external_clients(cluster, "bro").empty());
  std::set<IpAddress> addresses;
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    EXPECT_EQ(cluster.is_external(pod), pod >= 3);
    if (pod < 3) continue;
    addresses.insert(cluster.pods[pod].ip);
    EXPECT_EQ(cluster.nodes[cluster.pods[pod].node].ip, cluster.pods[pod].ip);
    EXPECT_EQ(delay_of(cluster, pod), 10ms);
  }
  EXPECT_EQ(addresses.size(), 5U);
  EXPECT_EQ(to_string(cluster.pods[3].ip), "198.18.0.1");
}

TEST(ExternalClients, BehindANatTheyShareAddressesInTurn) {
  ExternalGroup office = group("browse", 5);
  office.addresses = 2;
  ExternalGroup few = group("few", 2);
  few.addresses = 9;
  const Loaded loaded = with_clients({office, group("buy", 2), few});
  const Cluster& cluster = loaded.cluster;
  std::vector<std::string> addresses;
  for (PodIndex pod = 3; pod < cluster.pods.size(); ++pod) addresses.push_back(to_string(cluster.pods[pod].ip));
  EXPECT_EQ(addresses, (std::vector<std::string>{"198.18.0.1", "198.18.0.2", "198.18.0.1", "198.18.0.2", "198.18.0.1",
                                                 "198.18.0.3", "198.18.0.4", "198.18.0.5", "198.18.0.6"}));
}

TEST(ExternalClients, ThoseOfABlockHaveItsAddressesWhicheverGroupTheyAreOf) {
  ExternalGroup near = group("pay", 2), far = group("mail", 2);
  near.block = far.block = parse_cidr("10.9.0.8/29");
  const Loaded loaded = with_clients({near, group("buy", 1), far});
  std::vector<std::string> addresses;
  for (PodIndex pod = 3; pod < loaded.cluster.pods.size(); ++pod) {
    addresses.push_back(to_string(loaded.cluster.pods[pod].ip));
  }
  EXPECT_EQ(addresses, (std::vector<std::string>{"10.9.0.9", "10.9.0.10", "198.18.0.1", "10.9.0.11", "10.9.0.12"}));
}

TEST(ExternalClients, NobodyFindsThemAsPodsOrNodes) {
  const Loaded loaded = with_clients({group("browse", 3)});
  const ClusterNames names = loaded.names();
  EXPECT_EQ(names.pod("external", "browse-0"), kNoIndex);
  EXPECT_EQ(names.node("external/browse-0"), kNoIndex);
  const PodSelection selection(loaded.cluster);
  EXPECT_EQ(selection.matching(Selector::parse("!canary")).size(), 3U);
  EXPECT_TRUE(selection.select("external", {}).empty());
}

TEST(ExternalClients, EachDrawsItsRoundTripWhoeverElseThereIs) {
  const auto uniform = [] { return Distribution::uniform(0.005, 0.030); };
  const Loaded alone = with_clients({group("browse", 200, uniform())});
  const Loaded beside = with_clients({group("buy", 4, uniform()), group("browse", 200, uniform())});
  const auto first = external_clients(alone.cluster, "browse"), second = external_clients(beside.cluster, "browse");
  double sum = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const Duration delay = delay_of(alone.cluster, first[i]);
    EXPECT_EQ(delay, delay_of(beside.cluster, second[i]));
    EXPECT_GE(delay, 2500us);
    EXPECT_LE(delay, 15ms);
    sum += 2 * to_seconds(delay);
  }
  // Mean of 200 uniform numbers: standard deviation 25 ms / sqrt(12 x 200) = 0.51 ms.
  EXPECT_NEAR(sum / 200, 0.0175, 3 * 0.00051);
}

TEST(ExternalClients, GroupsOfOneNameAddUp) {
  const Loaded loaded = with_clients({group("browse", 2), group("browse", 3, Distribution::constant(0.15))});
  const std::vector<PodIndex> clients = external_clients(loaded.cluster, "browse");
  ASSERT_EQ(clients.size(), 5U);
  EXPECT_EQ(loaded.cluster.pods[clients[4]].name, "browse-4");
  EXPECT_EQ(delay_of(loaded.cluster, clients[1]), 10ms);
  EXPECT_EQ(delay_of(loaded.cluster, clients[2]), 75ms);
}

}  // namespace
}  // namespace knetsim
