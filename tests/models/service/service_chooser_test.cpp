// Goal: session affinity comes before the mode's chooser, for as long as its endpoint is one. Method: the cluster of two
// nodes, whose Service remembers clients for 10 s.

#include <gtest/gtest.h>

#include <set>

#include "two_nodes.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

class ServiceChooserTest : public ::testing::Test {
 protected:
  ServiceChooserTest()
      : proxy_(make_proxy("iptables", hand_params())),
        resolver_(nodes_.cluster(), nodes_.cluster().endpoints, *proxy_, RandomStreams(1), {}),
        chooser_(nodes_.cluster(), resolver_, *proxy_, RandomStreams(1)) {}

  Chosen choose(std::uint64_t id, Duration at, PodIndex client = 0) {
    return chooser_.choose(cluster_ip_, client, resolver_.of(cluster_ip_, client, id), id, kTimeZero + at);
  }

  TwoNodes nodes_;
  std::unique_ptr<ProxyModel> proxy_;
  Resolver resolver_;
  ServiceChooser chooser_;
  const EdgeTarget cluster_ip_{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
};

TEST_F(ServiceChooserTest, WithoutAffinityEachConnectionIsDrawnForItself) {
  std::set<PodIndex> seen;
  for (std::uint64_t id = 0; id < 64; ++id) {
    const Chosen chosen = choose(id, 0s);
    EXPECT_EQ(chosen.of, 2u);
    EXPECT_FALSE(chosen.remembered);
    EXPECT_EQ(chosen.endpoint.pod, choose(id, 1s).endpoint.pod) << "the same id, the same draw";
    seen.insert(chosen.endpoint.pod);
  }
  EXPECT_EQ(seen, (std::set<PodIndex>{1, 2}));
}

TEST_F(ServiceChooserTest, AClientIsRememberedUntilItsTimeoutOrItsEndpointsEnd) {
  nodes_.service().client_ip_affinity = true;
  nodes_.service().affinity_timeout_s = 10;
  const Chosen first = choose(0, 0s);
  EXPECT_FALSE(first.remembered);
  for (std::uint64_t id = 1; id < 32; ++id) {
    const Chosen again = choose(id, 5s);
    EXPECT_TRUE(again.remembered);
    EXPECT_EQ(again.endpoint.pod, first.endpoint.pod);
    EXPECT_EQ(again.index, first.index);
  }
  EXPECT_FALSE(choose(40, 15s).remembered) << "10 s after the last";
  nodes_.serve({first.endpoint.pod == 1 ? 2u : 1u});
  const Chosen other = choose(41, 16s);
  EXPECT_FALSE(other.remembered);
  EXPECT_EQ(other.of, 1u);
}

TEST_F(ServiceChooserTest, WhatIsAddressedDirectlyIsChosenByTheClient) {
  const EdgeTarget direct{.exposure = Exposure::PodIp,
                          .direct = {{.port = 1, .pod = 1}, {.port = 1, .pod = 2}, {.port = 1, .pod = 2}}};
  std::vector<int> count(3);
  for (std::uint64_t id = 0; id < 900; ++id) {
    ++count[chooser_.choose(direct, 0, resolver_.of(direct, 0, id), id, kTimeZero).index];
  }
  for (const int one : count) EXPECT_NEAR(one, 300, 5 * 14.2);  // five standard deviations
}

}  // namespace
}  // namespace knetsim
