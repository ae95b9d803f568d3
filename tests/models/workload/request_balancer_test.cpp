// Goal: a caller that spreads its requests itself does it as its policy says. Method: counts that turns make certain, and for
// random ones the distribution that theory has: the fullest of n servers after n requests that stay, balls into bins
// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "models/workload/request_balancer.h"

namespace knetsim {
namespace {

std::vector<Endpoint> servers(std::uint32_t count) {
  std::vector<Endpoint> all;
  for (PodIndex pod = 0; pod < count; ++pod) all.push_back({.port = 80, .pod = pod});
  return all;
}

/// How many requests each server has after `requests`, none of which ends; shape (count,).
std::vector<std::uint32_t> dealt(Balancing balancing, std::uint32_t count, std::uint32_t requests, std::uint64_t seed) {
  RequestBalancer balancer{RandomStreams(seed)};
  const std::vector<Endpoint> all = servers(count);
  std::vector<std::uint32_t> loads(count);
  for (std::uint64_t id = 0; id < requests; ++id) ++loads[balancer.pick(balancing, 0, 7, all, id)];
  return loads;
}

double mean_of_fullest(Balancing balancing, std::uint32_t count, std::uint32_t trials) {
  double sum = 0;
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    const std::vector<std::uint32_t> loads = dealt(balancing, count, count, seed);
    sum += *std::ranges::max_element(loads);
  }
  return sum / trials;
}

TEST(RequestBalancer, TakesTurnsFromADrawnOneOn) {
  std::set<std::size_t> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(dealt(Balancing::RoundRobin, 5, 15, seed), std::vector<std::uint32_t>(5, 3));
    const std::vector<std::uint32_t> one = dealt(Balancing::RoundRobin, 5, 1, seed);
    first.insert(static_cast<std::size_t>(std::ranges::find(one, 1U) - one.begin()));
  }
  EXPECT_EQ(first.size(), 5U) << "replicas of a proxy do not all begin with the same server";
}

TEST(RequestBalancer, EachCallerHasTurnsOfItsOwn) {
  RequestBalancer balancer{RandomStreams(1)};
  const std::vector<Endpoint> all = servers(4);
  std::vector<std::uint32_t> loads(4);
  for (std::uint64_t id = 0; id < 8; ++id) {
    ++loads[balancer.pick(Balancing::RoundRobin, 0, 1, all, id)];
    balancer.pick(Balancing::RoundRobin, 0, 2, all, id);
    balancer.pick(Balancing::RoundRobin, 1, 1, all, id);
  }
  EXPECT_EQ(loads, std::vector<std::uint32_t>(4, 2));
}

// Balls into bins: with one choice the fullest of n bins has about ln n / ln ln n, with two about ln ln n / ln 2. Means of 200
// trials of n = 1,000: 5.5 (5.50 to 5.54 by the exact distribution) against 3.0.
TEST(RequestBalancer, TwoChoicesKeepTheFullestServerLow) {
  const double one = mean_of_fullest(Balancing::Random, 1000, 200);
  const double two = mean_of_fullest(Balancing::LeastRequest, 1000, 200);
  // The fullest of 1,000 bins with as many balls: P(max <= m) is about exp(-1000 P(Poisson(1) > m)), whose mean is this.
  double expected = 0;
  double tail = 1;
  double term = std::exp(-1.0);
  for (int m = 0; m < 20; ++m) {
    tail -= term;
    term /= m + 1;
    expected += 1 - std::exp(-1000 * std::max(0.0, tail));
  }
  EXPECT_NEAR(one, expected, 0.2);
  EXPECT_GE(two, 2.9);
  EXPECT_LE(two, 3.3);
}

TEST(RequestBalancer, FewestOfAllDealsEvenlyAndFollowsWhatEnds) {
  EXPECT_EQ(dealt(Balancing::LeastConnections, 6, 18, 3), std::vector<std::uint32_t>(6, 3));
  RequestBalancer balancer{RandomStreams(1)};
  const std::vector<Endpoint> all = servers(3);
  for (std::uint64_t id = 0; id < 6; ++id) balancer.pick(Balancing::LeastConnections, 0, 7, all, id);
  balancer.ended(0, 7, 2);
  EXPECT_EQ(balancer.pick(Balancing::LeastConnections, 0, 7, all, 6), 2U);
}

TEST(RequestBalancer, NamesAreRead) {
  for (const Balancing one :
       {Balancing::RoundRobin, Balancing::Random, Balancing::LeastRequest, Balancing::LeastConnections}) {
    EXPECT_EQ(balancing_named(to_text(one)), one);
  }
  EXPECT_FALSE(balancing_named("roundrobin"));
}

}  // namespace
}  // namespace knetsim
