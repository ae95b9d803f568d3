// Goal: an owner of messages is told of them by events and never from inside its own calls, so that it need not look
// again at what it held before one. Method: the two ways by which a message can come to an end at once, sockets of one pod
// and a first queue without room; the harness fails where it is called back while it launches.

#include <gtest/gtest.h>

#include "network_harness.h"
#include "sim/net/generators.h"

namespace knetsim {
namespace {

TEST(NetworkOwner, WhatComesAtOnceIsToldOfByAnEventOfTheSameInstant) {
  NetworkHarness harness(single_switch({.hosts = {.count = 2}}));
  const Time at = kTimeZero + std::chrono::milliseconds(1);
  const FlowIndex flow = harness.open_same_pod(0);
  const std::uint64_t syn = harness.send_at(at, flow, FlowPacket::First);
  const std::uint64_t request = harness.send_at(at, flow, FlowPacket::Request, Bytes(100));
  const std::uint64_t answer =
      harness.send_at(at + std::chrono::milliseconds(1), flow, FlowPacket::Response, Bytes(100));
  harness.scheduler.run_until(kTimeZero + std::chrono::seconds(1));
  EXPECT_EQ(harness.end_of(syn).at, at);
  EXPECT_EQ(harness.end_of(request).at, at);
  EXPECT_EQ(harness.end_of(answer).at, at + std::chrono::milliseconds(1));
  EXPECT_TRUE(harness.conserves());
}

TEST(NetworkOwner, ADatagramThatTheFirstQueueDropsIsToldOfByAnEventOfTheSameInstant) {
  SingleSwitchSpec fabric{.hosts = {.count = 2}};
  fabric.wires.host_buffer = Bytes(9'216);
  NetworkHarness harness(single_switch(fabric));
  const Time at = kTimeZero + std::chrono::milliseconds(1);
  const FlowIndex flow = harness.open(0, 1, true);
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 16; ++i) sent.push_back(harness.send_at(at, flow, FlowPacket::First, Bytes(1'400)));
  harness.scheduler.run_until(kTimeZero + std::chrono::seconds(1));
  int lost = 0;
  for (const std::uint64_t message : sent) {
    if (!harness.end_of(message).lost) continue;
    ++lost;
    EXPECT_EQ(harness.end_of(message).at, at);
  }
  EXPECT_EQ(lost, 10) << "six packets of 1,466 bytes fit into the queue";
  EXPECT_TRUE(harness.conserves());
}

}  // namespace
}  // namespace knetsim
