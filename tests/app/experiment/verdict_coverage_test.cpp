// Goal: verdicts on the simulator's own runs are wrong as often as they say. Method: one scenario with an exponential
// server and Poisson arrivals, run with two seeds: its p99s differ by chance alone, so that each "better" or "worse" is
// an error, of 5 % of the trials. Bounds are the binomial ones of that share. tests/analysis/coverage_test.cpp does the
// same on queues that are no code of the simulator; here the parts of a run, its samples and its streams are tried.

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "analysis/comparison.h"
#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

constexpr int kTrials = 200;
constexpr std::uint32_t kReplicates = 10;

/// Work that takes up all but a few per cent of a request's time, so that the run is nearly an M/M/1 queue.
std::string server(double load) {
  return "cluster: {nodes: {count: 2, cpu: 8}}\napps: {web: {work: {exponential: 5ms}, workers: 1}}\n"
         "workloads: {ask: {from: app=client, to: web, timeout: 1h, arrivals: {poisson: " +
         std::to_string(static_cast<int>(load * 200)) + "/s}}}\n";
}

std::vector<Sample> samples(const BoundVariant& variant) {
  std::vector<Sample> all;
  for (std::uint32_t replicate = 0; replicate < kReplicates; ++replicate) {
    const EdgeStats stats = simulate(variant, replicate).edges.at(0);
    all.push_back({.ns = stats.latency_ns, .failed = stats.failed(), .ages = stats.unfinished_age_ns});
    for (const EdgePart& part : stats.parts) all.back().parts.push_back(part.latency);
  }
  return all;
}

struct Found {
  int too_short = 0, better = 0, worse = 0;
};

Found experiment(double load, const std::string& duration) {
  const Ready scene(server(load), app_manifests("client", 1) + app_manifests("web", 1),
                    "{duration: " + duration + ", warmUp: 2s}");
  Found found;
  std::atomic<int> next{0};
  std::mutex lock;
  const auto work = [&] {
    BoundVariant variant = scene.loaded->variants.front();
    for (int trial = next++; trial < kTrials; trial = next++) {
      variant.scenario.experiment.seed = 2 * static_cast<std::uint64_t>(trial) + 1;
      const std::vector<Sample> base = samples(variant);
      variant.scenario.experiment.seed += 1;
      const std::vector<Sample> other = samples(variant);
      VariantComparison one{.connect_p99 = {}, .request_p99 = compare_quantile(base, other, 0.99), .availability = {}};
      judge({&one, 1});
      const std::lock_guard guard(lock);
      found.too_short += one.request_p99.reason == VerdictReason::TooShort ? 1 : 0;
      found.better += one.request_p99.verdict == ComparisonVerdict::Better ? 1 : 0;
      found.worse += one.request_p99.verdict == ComparisonVerdict::Worse ? 1 : 0;
    }
  };
  {
    const std::jthread second(work);
    work();
  }
  ::testing::Test::RecordProperty("better", std::to_string(found.better));
  ::testing::Test::RecordProperty("worse", std::to_string(found.worse));
  ::testing::Test::RecordProperty("too_short", std::to_string(found.too_short));
  return found;
}

// Of 200 trials at 5 %: 2 to 21 with a chance of 99.9 %. A side has 2.5 %: up to 13 with the same.
void expect_five_percent(const Found& found) {
  EXPECT_LE(found.too_short, kTrials / 20);
  EXPECT_GE(found.better + found.worse, 2);
  EXPECT_LE(found.better + found.worse, 21);
  EXPECT_LE(found.better, 13);
  EXPECT_LE(found.worse, 13);
}

TEST(VerdictCoverage, OfOneScenarioWithTwoSeedsAtLoad30) { expect_five_percent(experiment(0.3, "30s")); }
TEST(VerdictCoverage, OfOneScenarioWithTwoSeedsAtLoad50) { expect_five_percent(experiment(0.5, "40s")); }

}  // namespace
}  // namespace knetsim
