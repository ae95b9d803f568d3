// Goal: a retry is a new attempt: it draws its server's work anew, after the pause and within the budget that are
// stated. Method: closed forms. Work is exponential with the timeout as its mean, and workers and cores are plenty, so
// that an attempt fails with probability 1/e whatever else goes on; pauses without jitter add up; a budget is a share
// of requests.

#include "models/workload/retry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

EdgeStats run_edge(const std::string& apps, const std::string& workload, const std::string& run,
                   const std::string& manifests) {
  Ready scene("cluster: {nodes: {count: 2, cpu: 400}}\napps: " + apps +
                  "\nworkloads: {ask: {from: app=client, to: web, " + workload + "}}\n",
              manifests, run);
  const BoundVariant& variant = scene.variant();
  return simulate(variant, 0).edges[variant.traffic.sources.front().edge];
}

EdgeStats ask(const std::string& work, const std::string& workload, const std::string& run = "{duration: 20s}",
              int workers = 100'000) {
  return run_edge("{web: {work: " + work + ", workers: " + std::to_string(workers) + "}}", workload, run,
                  app_manifests("web", 1) + app_manifests("client", 1));
}

/// Of the requests that ended, the share that came to nothing.
double failed(const EdgeStats& edge) {
  return static_cast<double>(edge.timeouts + edge.errors) / static_cast<double>(edge.ok + edge.timeouts + edge.errors);
}

/// 99.9 % of the deviation of such a share.
double deviation(double share, double requests) { return 3.3 * std::sqrt(share * (1 - share) / requests); }

TEST(Retries, DrawTheServersWorkAnew) {
  for (const int retries : {0, 1, 2, 3}) {
    const EdgeStats edge =
        ask("{exponential: 100ms}", "arrivals: {poisson: 200/s}, timeout: 100ms, retries: " + std::to_string(retries));
    EXPECT_NEAR(failed(edge), std::exp(-1.0 - retries), deviation(std::exp(-1.0 - retries), 4000)) << retries;
  }
}

TEST(Retries, OfTheSameWorkDoNotHelp) {
  const EdgeStats edge =
      ask("{exponential: 100ms}", "arrivals: {poisson: 200/s}, timeout: 100ms, retries: {attempts: 3, sameWork: true}");
  EXPECT_NEAR(failed(edge), std::exp(-1.0), deviation(std::exp(-1.0), 4000));
}

TEST(Retries, OfCallsBetweenAppsDrawAnewToo) {
  const std::string calls = "[{to: back, timeout: 100ms, retries: ";
  for (const auto& [policy, share] : {std::pair{"2", std::exp(-3.0)}, std::pair{"{attempts: 2}", std::exp(-3.0)},
                                      std::pair{"{attempts: 2, sameWork: true}", std::exp(-1.0)}}) {
    const EdgeStats edge = run_edge("{web: {calls: " + calls + policy +
                                        "}], workers: 100000}, back: {work: {exponential: 100ms}, workers: 100000}}",
                                    "arrivals: {poisson: 200/s}, timeout: 60s", "{duration: 20s}",
                                    app_manifests("web", 1) + app_manifests("back", 1) + app_manifests("client", 1));
    EXPECT_NEAR(failed(edge), share, deviation(share, 4000)) << policy;
  }
}

// What a server calls for another attempt is another call: its work is drawn anew with that of the attempt.
TEST(Retries, DrawAnewWhatTheServerCallsFor) {
  for (const auto& [policy, share] :
       {std::pair{"{attempts: 2}", std::exp(-3.0)}, std::pair{"{attempts: 2, sameWork: true}", std::exp(-1.0)}}) {
    const EdgeStats edge = run_edge(
        "{web: {calls: [{to: back, timeout: 60s}], workers: 100000}, back: {work: {exponential: 100ms}, workers: "
        "100000}}",
        std::string("arrivals: {poisson: 200/s}, timeout: 100ms, retries: ") + policy, "{duration: 20s}",
        app_manifests("web", 1) + app_manifests("back", 1) + app_manifests("client", 1));
    EXPECT_NEAR(failed(edge), share, deviation(share, 4000) + 0.002) << policy;  // a few path lengths of the timeout
  }
}

// Four attempts of 10 ms and pauses of 20, 40 and 50 ms between them: 150 ms a request, 20 in 3 s.
TEST(Retries, ArePausedBetweenAsTheBackoffSays) {
  const EdgeStats edge = ask("100s",
                             "arrivals: {closed: {users: 1}}, timeout: 10ms, "
                             "retries: {attempts: 3, backoff: {base: 20ms, max: 50ms, jitter: 0}}",
                             "{duration: 3s, noise: off}");
  EXPECT_NEAR(static_cast<double>(edge.asked), 20, 1);
  EXPECT_NEAR(static_cast<double>(edge.retried), 60, 3);
}

// Nothing is answered: every request would be retried twice, of which the budget allows a fifth of a request.
TEST(Retries, KeepToTheirBudget) {
  const EdgeStats edge = ask("100s",
                             "arrivals: {constant: 200/s}, timeout: 10ms, "
                             "retries: {attempts: 2, budget: {ratio: 0.2, minPerSecond: 0}}",
                             "{duration: 20s}", 1);
  EXPECT_NEAR(static_cast<double>(edge.retried) / static_cast<double>(edge.asked), 0.2, 0.01);
  const EdgeStats at_least = ask("100s",
                                 "arrivals: {constant: 200/s}, timeout: 10ms, "
                                 "retries: {attempts: 2, budget: {ratio: 0, minPerSecond: 5, ttl: 2s}}",
                                 "{duration: 20s}", 1);
  EXPECT_NEAR(static_cast<double>(at_least.retried), 5 * 20, 11);  // a window of 2 s in hand at the start
}

TEST(RetryBackoff, GrowsToItsMostAndIsRandomByItsJitter) {
  const RetryBackoff whole{.base = 25ms, .jitter = 0};
  const double expected_ms[] = {25, 50, 100, 200, 250, 250};  // ten times the base at most
  for (std::uint32_t retry = 1; retry <= 6; ++retry) {
    EXPECT_NEAR(to_seconds(pause_before(retry, whole, RngStream(1, retry))) * 1e3, expected_ms[retry - 1], 1e-9);
  }
  EXPECT_EQ(pause_before(3, RetryBackoff{}, RngStream(1, 1)), 0s);
  for (const double jitter : {0.3, 1.0}) {
    const RetryBackoff random{.base = 100ms, .jitter = jitter};
    double sum = 0;
    for (std::uint64_t draw = 0; draw < 10'000; ++draw) {
      const double pause = to_seconds(pause_before(1, random, RngStream(7, draw)));
      EXPECT_LE(pause, 0.1);
      EXPECT_GE(pause, 0.1 * (1 - jitter) - 1e-12);
      sum += pause;
    }
    EXPECT_NEAR(sum / 10'000, 0.1 * (1 - jitter / 2), 3.3 * 0.1 * jitter / std::sqrt(12.0 * 10'000));
  }
}

TEST(RetryBudget, ForgetsAfterItsTime) {
  const RetryBudget budget{.ratio = 0.5, .per_second = 0, .ttl = 10s};
  RetryBudgets budgets;
  for (int i = 0; i < 4; ++i) budgets.asked(1, budget, kTimeZero);
  EXPECT_TRUE(budgets.take(1, budget, kTimeZero + 1s));
  EXPECT_TRUE(budgets.take(1, budget, kTimeZero + 1s));
  EXPECT_FALSE(budgets.take(1, budget, kTimeZero + 1s)) << "a half of four";
  EXPECT_FALSE(budgets.take(2, budget, kTimeZero + 1s)) << "another client's";
  for (int i = 0; i < 2; ++i) budgets.asked(1, budget, kTimeZero + 5s);
  EXPECT_TRUE(budgets.take(1, budget, kTimeZero + 5s));
  EXPECT_FALSE(budgets.take(1, budget, kTimeZero + 11s)) << "two requests are left, and their retry";
  for (int i = 0; i < 2; ++i) budgets.asked(1, budget, kTimeZero + 40s);
  EXPECT_TRUE(budgets.take(1, budget, kTimeZero + 40s));
  EXPECT_FALSE(budgets.take(1, budget, kTimeZero + 40s));
}

std::string errors_of(const std::string& retries) {
  return Bound(
             scenario_text("apps: {web: {work: 1ms}}\nworkloads: {ask: {from: app=client, to: web, arrivals: {poisson: "
                           "1/s}, retries: " +
                           retries + "}}\n"),
             app_manifests("web", 1) + app_manifests("client", 1))
      .errors();
}

TEST(RetryKeys, TakeANumberOrTheWholeAndTellWhatIsWrong) {
  EXPECT_EQ(errors_of("10"), "");
  EXPECT_EQ(errors_of("{attempts: 3, backoff: 25ms, budget: {}}"), "");
  EXPECT_EQ(errors_of("{attempts: 3, backoff: {base: 25ms, factor: 3, max: 1s, jitter: 0.2}}"), "");
  EXPECT_NE(errors_of("{attempts: 101}").find("101"), std::string::npos);
  EXPECT_NE(errors_of("{attemps: 3}").find("attempts"), std::string::npos);
  EXPECT_NE(errors_of("{attempts: 3, backoff: {base: 25ms, jitter: 2}}").find("jitter"), std::string::npos);
  EXPECT_NE(errors_of("{attempts: 3, backoff: {factor: 3}}").find("base"), std::string::npos);
  EXPECT_NE(errors_of("{backoff: 25ms}").find("attempts"), std::string::npos);
}

}  // namespace
}  // namespace knetsim
