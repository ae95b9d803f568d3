// Goal: the lab's nodes and pods reach each other as those of a cluster do, over what was asked for and nothing else,
// and leave nothing behind. Skipped where namespaces are not allowed.

#include "analysis/lab/lab_cluster.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "analysis/lab/command.h"
#include "analysis/lab/echo_server.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/probe.h"
#include "analysis/lab/surroundings.h"

namespace knetsim::lab {
namespace {

class LabClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  }

  /// Packets that a device has sent.
  static std::uint64_t sent(const NetNamespace& space, const std::string& device) {
    return std::stoull(space.in("cat /sys/class/net/" + device + "/statistics/tx_packets"));
  }
};

TEST_F(LabClusterTest, PodsOfTwoNodesReachEachOtherOverTheFabricAskedFor) {
  const Surroundings here = look_around();
  for (const bool bridge : {true, false}) {
    for (const Fabric fabric : {Fabric::HostRoutes, Fabric::Vxlan, Fabric::Ipip}) {
      if ((fabric == Fabric::Vxlan && !here.vxlan) || (fabric == Fabric::Ipip && !here.ipip)) continue;
      SCOPED_TRACE(std::string(fabric_name(fabric)) + (bridge ? ", bridge" : ", routed"));
      const LabCluster cluster({.nodes = 2,
                                .fabric = fabric,
                                .bridge = bridge,
                                .pods = {{.node = 0}, {.node = 1, .addresses = 3}, {.node = 0}}});
      const EchoServer server(cluster.pod(1), {});
      const bool tunnelled = fabric != Fabric::HostRoutes;
      const std::uint64_t before = tunnelled ? sent(cluster.node(0), "tunnel0") : 0;
      for (std::uint32_t address = 0; address < 3; ++address) {
        const Samples times =
            connect_times(cluster.pod(0), {cluster.pod_address(1, address), 8080}, {.samples = 10, .before = 0});
        EXPECT_EQ(times.size(), 10u);
        for (const double ns : times) EXPECT_GT(ns, 0);
      }
      // From the node itself, and from a neighbour pod: the same server.
      connect_times(cluster.node(0), {cluster.pod_address(1), 8080}, {.samples = 1, .before = 0});
      connect_times(cluster.pod(2), {cluster.pod_address(1), 8080}, {.samples = 1, .before = 0});
      // SYN, ACK and RST of each of 31 connections at least; the node's own address may take the wire itself.
      if (tunnelled) {
        EXPECT_GE(sent(cluster.node(0), "tunnel0") - before, 31u * 3u);
      }
    }
  }
}

TEST_F(LabClusterTest, PodsOfOneNodeReachEachOther) {
  for (const bool bridge : {true, false}) {
    const LabCluster cluster({.bridge = bridge, .pods = {{.node = 0}, {.node = 0, .addresses = 2}}});
    const EchoServer server(cluster.pod(1), {});
    connect_times(cluster.pod(0), {cluster.pod_address(1, 1), 8080}, {.samples = 3, .before = 0});
    connect_times(cluster.node(0), {cluster.pod_address(1, 1), 8080}, {.samples = 3, .before = 0});
  }
}

TEST_F(LabClusterTest, OneConnectionCarriesRequestsAndResponsesOfAnySize) {
  const LabCluster cluster({.nodes = 2, .pods = {{.node = 0}, {.node = 1}}});
  const EchoServer server(cluster.pod(1), {.response_bytes = 100'000});
  const Samples times = round_trip_times(cluster.pod(0), {cluster.pod_address(1), 8080},
                                         {.samples = 20, .before = 2, .bytes = 3'000, .response_bytes = 100'000});
  EXPECT_EQ(times.size(), 20u);
}

TEST_F(LabClusterTest, WhatDoesNotAnswerIsAnErrorThatNamesIt) {
  const LabCluster cluster({.pods = {{.node = 0}, {.node = 0}}});
  try {
    connect_times(cluster.pod(0), {cluster.pod_address(1), 9}, {.samples = 1, .before = 0});
    FAIL();
  } catch (const LabError& error) {
    EXPECT_STREQ(error.what(), "pod 0: no connection to 10.244.1.11:9: Connection refused");
  }
}

// A process that owns a lab is killed by SIGKILL: its namespaces, hence all their devices, must go without anybody's
// help. The outer end of a cable into this namespace would show, so one is laid by hand.
TEST_F(LabClusterTest, AKilledLabLeavesNothing) {
  const NetNamespace watcher("watcher");
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const LabCluster cluster({.pods = {{.node = 0}}});
      NetNamespace::cable({cluster.node(0), "out", 1}, {watcher, "in", 2});
      ::write(told[1], "x", 1);
      ::pause();
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  char byte = 0;
  ::close(told[1]);
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::close(told[0]);
  EXPECT_TRUE(watcher.can("ip link show in"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int wait = 0; wait < 300 && watcher.can("ip link show in"); ++wait) ::usleep(10'000);  // freed by a worker
  EXPECT_FALSE(watcher.can("ip link show in"));
}

}  // namespace
}  // namespace knetsim::lab
