// Goal: nodes announce a load balancer's address from the moment at which they may, and one that is lost is sent to
// until that is noticed. Method: a scheduler without anything else; instants by the closed form.

#include "models/control/announcements.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// Two nodes with an endpoint each, policy Local, and what they know without the one of node 1.
class TwoSpeakers : public testing::Test {
 protected:
  TwoSpeakers() {
    cluster.nodes.resize(2);
    cluster.nodes[0].name = "node-0";
    cluster.nodes[1].name = "node-1";
    cluster.services.push_back({.name = "web", .ns = "default", .port_count = 1, .external_traffic_local = true});
    cluster.service_ports.push_back({.service = 0, .port = 80});
    const std::vector<Endpoint> both = {{.port = 80, .pod = 0, .node = 0}, {.port = 80, .pod = 1, .node = 1}};
    EndpointTable all(1), fewer(1);
    all.set(0, IpFamily::V4, both);
    fewer.set(0, IpFamily::V4, std::span(both).first(1));
    views = EndpointViews(std::move(all));
    with = views.at(1);
    views.publish(std::move(fewer), kTimeZero);
    without = views.latest();
    balancer.emplace(cluster, views, services, *load_balancer_kind_named("metallb-bgp"));
    speakers.emplace(scheduler, cluster, *balancer, 90s, 0);
  }
  bool announced_at(Time time) {
    scheduler.run_until(time, ~std::uint64_t{0});
    return balancer->is_healthy(0, 1);
  }

  Cluster cluster;
  std::vector<ServiceIndex> services{0};
  EndpointViews views;
  EndpointView with = views.latest(), without = views.latest();
  Scheduler scheduler{1};
  std::optional<NodeBalancer> balancer;
  std::optional<Announcements> speakers;
};

// A probe that fails, 2 s, and the suspicion of hashicorp/memberlist util_test.go, TestSuspicionTimeout, whose timeouts
// for one probe of a second are these; MetalLB's is for four (config.go, DefaultLANConfig).
TEST(Speakers, AreMissedLaterInLargerClusters) {
  for (const auto& [nodes, suspicion] :
       {std::pair(1U, 1'000ms), std::pair(5U, 1'000ms), std::pair(10U, 1'000ms), std::pair(50U, 1'698ms),
        std::pair(100U, 2'000ms), std::pair(500U, 2'698ms), std::pair(1'000U, 3'000ms)}) {
    EXPECT_EQ(speaker_lost_after(nodes), 2s + 4 * suspicion) << nodes;
  }
}

TEST_F(TwoSpeakers, AnEndpointLessIsToldOfAtOnce) {
  speakers->on_synced(1, without);
  EXPECT_FALSE(balancer->is_healthy(0, 1));
  EXPECT_TRUE(balancer->is_healthy(0, 0));
  speakers->on_synced(1, with);
  EXPECT_TRUE(balancer->is_healthy(0, 1));
}

TEST_F(TwoSpeakers, ALossIsNoticedAfterTheHoldTimeAndNotBefore) {
  speakers->on_node(1, true, with, kTimeZero + 10s);
  EXPECT_TRUE(announced_at(kTimeZero + 99s));
  EXPECT_FALSE(announced_at(kTimeZero + 101s));
  speakers->on_synced(1, with);
  EXPECT_FALSE(balancer->is_healthy(0, 1)) << "it is still gone";
  speakers->on_node(1, false, with, kTimeZero + 120s);
  EXPECT_TRUE(balancer->is_healthy(0, 1));
}

TEST_F(TwoSpeakers, OneThatIsBackInTimeIsNotMissed) {
  speakers->on_node(1, true, with, kTimeZero + 10s);
  speakers->on_node(1, false, with, kTimeZero + 50s);
  speakers->on_node(1, true, with, kTimeZero + 60s);
  EXPECT_TRUE(announced_at(kTimeZero + 149s));
  EXPECT_FALSE(announced_at(kTimeZero + 151s));
}

}  // namespace
}  // namespace knetsim
