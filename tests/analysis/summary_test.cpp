// Goal: a server is said to bear more than others where that is not chance. Method: even choices drawn at random, whose busiest
// server is never told of; and loads that follow from a placement, which are.

#include "analysis/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace knetsim {
namespace {

WorkloadSummary of_servers(std::int64_t servers, std::int64_t asked, std::vector<double> shares) {
  WorkloadSummary sum;
  sum.servers = servers;
  sum.asked = asked;
  sum.busiest_server_shares = std::move(shares);
  return sum;
}

// The chance of each draw is below 1 in 10,000 (m normal tails beyond 3 + sqrt(2 ln m) deviations); 3,000 draws.
TEST(Summary, AnEvenChoiceIsNoUnevenSpread) {
  std::mt19937 dice(7);
  for (int round = 0; round < 3'000; ++round) {
    const auto servers = static_cast<std::uint32_t>(2 + dice() % 60);
    const auto asked = static_cast<std::uint32_t>(100 * servers);
    std::vector<std::uint32_t> taken_up(servers, 0);
    for (std::uint32_t i = 0; i < asked; ++i) ++taken_up[dice() % servers];
    const double busiest = *std::ranges::max_element(taken_up) / static_cast<double>(asked);
    EXPECT_FALSE(of_servers(servers, asked, {busiest}).spreads_unevenly()) << servers << ' ' << busiest;
  }
}

TEST(Summary, WhatFollowsFromAPlacementIsOne) {
  EXPECT_TRUE(of_servers(6, 3'000, {1.0 / 3}).spreads_unevenly()) << "one endpoint of six in its zone of three";
  EXPECT_TRUE(of_servers(11, 2'000, {0.24}).spreads_unevenly());
  EXPECT_TRUE(of_servers(6, 100, {1.0}).spreads_unevenly());
  EXPECT_FALSE(of_servers(6, 1'000'000, {1.04 / 6}).spreads_unevenly()) << "certain, and of no account";
  EXPECT_FALSE(of_servers(1, 1'000, {1.0}).spreads_unevenly());
  EXPECT_FALSE(of_servers(6, 0, {}).spreads_unevenly());
  EXPECT_DOUBLE_EQ(of_servers(6, 2'000, {0.5, 1.0}).busiest_server_share(), 0.75);
}

}  // namespace
}  // namespace knetsim
