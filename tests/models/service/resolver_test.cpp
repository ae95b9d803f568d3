// Goal: whoever may answer is found as the node that is asked sees him at the moment. Method: the cluster of two nodes,
// whose nodes learn of a change one after the other.

#include <gtest/gtest.h>

#include "two_nodes.h"

namespace knetsim {
namespace {

class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest()
      : views_(nodes_.cluster().endpoints),
        proxy_(make_proxy("iptables", hand_params())),
        resolver_(nodes_.cluster(), views_, *proxy_, RandomStreams(1), {}) {}

  static std::vector<PodIndex> pods(const Candidates& candidates) {
    std::vector<PodIndex> all;
    for (const Endpoint& one : candidates.endpoints) all.push_back(one.pod);
    return all;
  }
  /// A version in which pod 2, on node 1, is the only server.
  std::uint64_t publish_the_second_alone(Time at = kTimeZero) {
    EndpointTable table(1);
    const std::vector<Endpoint> endpoints{{.port = kTargetPort, .ready = true, .pod = 2, .node = 1}};
    table.set(0, IpFamily::V4, endpoints);
    return views_.publish(std::move(table), at);
  }

  TwoNodes nodes_;
  EndpointViews views_;
  std::unique_ptr<ProxyModel> proxy_;
  Resolver resolver_;
  const EdgeTarget cluster_ip_{.exposure = Exposure::ClusterIp, .port = 0, .direct = {}};
};

TEST_F(ResolverTest, BehindAProxyTheAskedNodesOwnViewCounts) {
  const std::uint64_t version = publish_the_second_alone();
  EXPECT_EQ(pods(resolver_.of(cluster_ip_, 0, 0)), (std::vector<PodIndex>{1, 2}));
  views_.advance(1, version);
  EXPECT_EQ(pods(resolver_.of(cluster_ip_, 0, 0)), (std::vector<PodIndex>{1, 2})) << "the client's node has not heard";
  const EdgeTarget through{.exposure = Exposure::NodePort, .port = 0, .direct = {}, .through = 1};
  EXPECT_EQ(pods(resolver_.of(through, 0, 0)), (std::vector<PodIndex>{2}));
  EXPECT_EQ(resolver_.of(through, 0, 0).asked, 1u);
  views_.advance(0, version);
  EXPECT_EQ(pods(resolver_.of(cluster_ip_, 0, 0)), (std::vector<PodIndex>{2}));
}

TEST_F(ResolverTest, AServiceFoundByNameIsWhatDnsTellsOf) {
  EdgeTarget headless{.exposure = Exposure::PodIp, .direct = named_endpoints(views_.latest(), 0), .named = 0};
  EXPECT_EQ(pods(resolver_.of(headless, 0, 0)), (std::vector<PodIndex>{1, 2}));
  publish_the_second_alone();
  EXPECT_EQ(pods(resolver_.of(headless, 0, 0)), (std::vector<PodIndex>{2})) << "whatever nodes know";
  nodes_.serve({1, 2}, {false, true});
  EXPECT_EQ(named_endpoints(nodes_.cluster().endpoints.latest(), 0).size(), 1u) << "ready ones alone";
}

TEST_F(ResolverTest, AProxyThatBalancesKnowsWhatItsControllerHasBrought) {
  using namespace std::chrono_literals;
  const EdgeTarget polled{.exposure = Exposure::PodIp,
                          .direct = named_endpoints(views_.latest(), 0),
                          .named = 0,
                          .updates = ConfigUpdatePolicy{.poll = 1s}};
  EdgeTarget told = polled;
  told.updates = ConfigUpdatePolicy{};
  publish_the_second_alone(kTimeZero + 5s);
  EXPECT_EQ(pods(resolver_.of(told, 0, 0, kTimeZero + 5s)), (std::vector<PodIndex>{2}));
  EXPECT_EQ(pods(resolver_.of(polled, 0, 0, kTimeZero + 6s)), (std::vector<PodIndex>{2}));
  Duration heard{};  // it looks once a second, at an instant that is drawn
  while (pods(resolver_.of(polled, 0, 0, kTimeZero + 5s + heard)).size() == 2) heard += 1ms;
  EXPECT_GT(heard, 0ms);
  EXPECT_LE(heard, 1s);
}

TEST_F(ResolverTest, WhatIsAddressedDirectlyIsAsItWas) {
  const EdgeTarget pods_of{.exposure = Exposure::PodIp, .direct = {{.port = 1, .pod = 2, .node = 1}}};
  publish_the_second_alone();
  EXPECT_EQ(pods(resolver_.of(pods_of, 0, 0)), (std::vector<PodIndex>{2}));
  const EdgeTarget loopback{.exposure = Exposure::PodIp, .direct = {}, .loopback = true};
  EXPECT_EQ(pods(resolver_.of(loopback, 0, 0)), (std::vector<PodIndex>{0}));
}

TEST_F(ResolverTest, ARandomNodePortIsAnyNodesAndTheSameForAConnection) {
  const EdgeTarget any{.exposure = Exposure::NodePort, .port = 0, .direct = {}};
  std::vector<int> asked(2);
  for (std::uint64_t id = 0; id < 400; ++id) {
    const NodeIndex node = resolver_.of(any, 0, id).asked;
    ++asked[node];
    EXPECT_EQ(resolver_.of(any, 0, id).asked, node);
  }
  EXPECT_NEAR(asked[0], 200, 5 * 10);  // five standard deviations
}

}  // namespace
}  // namespace knetsim
