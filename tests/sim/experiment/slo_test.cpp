// Goal: an objective says what it seems to say, and what cannot be read is never passed over. Method: objectives from
// YAML text against histograms whose quantiles are known by construction.

#include "sim/experiment/slo.h"

#include <gtest/gtest.h>

#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// One workload "browse" that calls the Service "shop", with latencies of 1 .. 100 ms.
struct Fixture {
  BoundVariant variant;
  std::vector<PointResult> replicates{1};
  Fixture() {
    variant.traffic.edges.push_back({.name = "browse", .target = "shop", .request_bytes = {}, .response_bytes = {}});
    variant.traffic.sources.push_back({.name = "browse", .clients = {0}, .edge = 0, .arrivals = {}});
    EdgeStats& stats = replicates[0].edges.emplace_back();
    for (std::int64_t ms = 1; ms <= 100; ++ms) {
      stats.latency_ns.record(ms * 1'000'000);
    }
  }
  std::vector<Slo> read(const std::string& list, Diagnostics& diagnostics) const {
    const auto input = Input::from_text("slo.yaml", "slo: " + list + "\n");
    const Document document = read_document(*input);
    return read_slos(document.root()["slo"], variant.traffic, diagnostics);
  }
  SloOutcome outcome(const std::string& text) const {
    Diagnostics diagnostics;
    const std::vector<Slo> slos = read("['" + text + "']", diagnostics);
    diagnostics.throw_if_errors();
    return evaluate(slos.at(0), variant, replicates);
  }
};

TEST(Slo, HoldsStatisticsAgainstTheirBounds) {
  const Fixture fixture;
  EXPECT_TRUE(fixture.outcome("p99(latency{workload=\"browse\"}) < 99.2ms").met);
  EXPECT_FALSE(fixture.outcome("p99(latency) < 98.9ms").met);
  EXPECT_TRUE(fixture.outcome(" p50 ( latency { service = \"shop\" } ) <= 51ms ").met);
  EXPECT_FALSE(fixture.outcome("mean(latency) < 50ms").met);  // 50.5 ms
  EXPECT_TRUE(fixture.outcome("max(latency) <= 100ms").met);
  EXPECT_FALSE(fixture.outcome("max(latency) < 100ms").met);
  EXPECT_EQ(*fixture.outcome("mean(latency) < 1s").observed, 50500us);
}

TEST(Slo, WithoutObservationsItIsNotMet) {
  const SloOutcome outcome = Fixture().outcome("p99(connect) < 1h");
  EXPECT_FALSE(outcome.met);
  EXPECT_FALSE(outcome.observed.has_value());
}

TEST(Slo, WhatCannotBeReadIsAnErrorWithItsPlace) {
  const Fixture fixture;
  for (const char* text :
       {"p99(latency)", "p99 latency < 1ms", "p100(latency) < 1ms", "p99(latenzy) < 1ms", "p99(latency) > 1ms",
        "p99(latency) < 1", "p99(latency) < 1ms please", "p99(latency{workload=browse}) < 1ms",
        "p99(latency{workload=\"brows\"}) < 1ms", "p99(latency{service=\"cart\"}) < 1ms"}) {
    Diagnostics diagnostics;
    fixture.read("['" + std::string(text) + "']", diagnostics);
    ASSERT_EQ(diagnostics.error_count(), 1U) << text;
    EXPECT_EQ(diagnostics.errors()[0].line, 1U) << text;
    EXPECT_FALSE(diagnostics.errors()[0].accepted.empty()) << text;
  }
}

}  // namespace
}  // namespace knetsim
