// Goal: an objective says what it seems to say, and what cannot be read is never passed over. Method: objectives from
// YAML text against histograms whose quantiles are known by construction.

#include "app/scenario/slo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/evaluate_slo.h"
#include "sim/input/read_documents.h"
#include "sim/net/generators.h"
#include "support/results_of.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// One workload "browse" that calls the Service "shop": 100,000 requests of 1 .. 100 ms, and as many of 1 .. 100 us to
/// connect, in each of two replicates of 10 s.
struct Fixture {
  BoundVariant variant;
  std::vector<PointResult> replicates{2};
  Fixture() {
    variant.scenario.run.duration = 10s;
    auto cluster = std::make_shared<Cluster>();
    cluster->services.emplace_back().name = "shop";
    cluster->services.back().ns = "default";
    variant.cluster = std::move(cluster);
    variant.targets.emplace_back().service = 0;
    variant.traffic.edges.push_back({.name = "browse", .target = "shop", .script = plain_script({})});
    variant.traffic.sources.push_back({.name = "browse", .clients = {0}, .edge = 0, .arrivals = {}});
    Topology topology = single_switch({.hosts = {.count = 2, .names = {"a", "b"}, .rate = Bandwidth(1'000'000'000)}});
    Routing routing(topology);
    variant.fabric = std::make_shared<const Fabric>(Fabric{std::move(topology), std::move(routing)});
    for (PointResult& point : replicates) {
      point.sources.emplace_back(kTimeZero, kTimeZero + 10s, kSeriesIntervals);
      EdgeStats& stats = point.edges.emplace_back();
      for (std::int64_t i = 1; i <= 100; ++i) {
        stats.latency_ns.record(i * 1'000'000, 1'000);
        stats.connect_ns.record(i * 1'000, 1'000);
      }
      stats.asked = stats.ok = stats.in_window.ok = 100'000;
    }
  }
  std::vector<Slo> read(const std::string& list, Diagnostics& diagnostics) const {
    const auto input = Input::from_text("slo.yaml", "slo: " + list + "\n");
    const Document document = read_document(*input);
    return read_slos(document.root()["slo"], variant, diagnostics);
  }
  ObjectiveOutcome outcome(const std::string& text) const {
    Diagnostics diagnostics;
    const std::vector<Slo> slos = read("['" + text + "']", diagnostics);
    diagnostics.throw_if_errors();
    const std::vector<BoundVariant> variants{variant};
    const ExperimentResults results = results_of(variants, {replicates}, calls_measured(variants, {slos}));
    return evaluate(slos.at(0), Recorded(results), variant.name);
  }
  Holds holds(const std::string& text) const { return outcome(text).holds; }
  /// `failed` of each replicate's requests time out.
  void fail(std::uint64_t failed) {
    for (PointResult& point : replicates) {
      point.edges[0].timeouts = failed;
      point.edges[0].asked += failed;
    }
  }
};

TEST(Slo, HoldsStatisticsAgainstTheirBounds) {
  const Fixture fixture;
  EXPECT_EQ(fixture.holds("p99(latency{workload=\"browse\"}) < 101ms"), Holds::Met);
  EXPECT_EQ(fixture.holds("p99(latency) < 90ms"), Holds::Missed);
  EXPECT_EQ(fixture.holds(" p50 ( latency { service = \"shop\" } ) <= 52ms "), Holds::Met);
  EXPECT_EQ(fixture.holds("p50(latency(browse)) < 49ms"), Holds::Missed);
  EXPECT_EQ(fixture.holds("p50(connect) < 55us"), Holds::Met);
  EXPECT_EQ(fixture.holds("mean(latency) < 50ms"), Holds::Missed);  // 50.5 ms
  EXPECT_EQ(fixture.holds("mean(latency) < 51ms"), Holds::Met);
  EXPECT_EQ(fixture.holds("max(latency) <= 100ms"), Holds::Met);
  EXPECT_EQ(fixture.holds("max(latency) < 100ms"), Holds::Missed);
  EXPECT_EQ(fixture.outcome("mean(latency) < 1s").observed, 50.5e6);
}

TEST(Slo, CountsWhatFails) {
  Fixture fixture;
  EXPECT_EQ(fixture.holds("errors(browse) < 0.1%"), Holds::Met);
  EXPECT_EQ(fixture.holds("availability > 99.9%"), Holds::Met);
  fixture.fail(1'000);  // 0.99 %
  EXPECT_EQ(fixture.holds("errors(browse) < 0.1%"), Holds::Missed);
  EXPECT_EQ(fixture.holds("errors{workload=\"browse\"} <= 2%"), Holds::Met);
  EXPECT_EQ(fixture.holds("errors{service=\"shop\"} < 1%"), Holds::CannotTell);
  EXPECT_EQ(fixture.holds("availability(browse) > 98%"), Holds::Met);
  EXPECT_EQ(fixture.holds("availability(browse) >= 99.9%"), Holds::Missed);
  EXPECT_NEAR(fixture.outcome("availability > 98%").observed, 100'000.0 / 101'000, 1e-12);
}

TEST(Slo, HoldsTheRateOfWhatSucceedsInTheWindow) {
  const Fixture fixture;  // 10,000/s
  EXPECT_EQ(fixture.holds("rate(browse) > 9k/s"), Holds::Met);
  EXPECT_EQ(fixture.holds("rate() >= 10k/s"), Holds::Met);
  EXPECT_EQ(fixture.holds("throughput{service=\"shop\"} > 10k/s"), Holds::Missed);
}

TEST(Slo, FailedRequestsAreInfinitelyLate) {
  Fixture fixture;
  fixture.fail(5'000);  // 4.8 %
  EXPECT_EQ(fixture.holds("p99(latency) < 1h"), Holds::Missed);
  EXPECT_EQ(fixture.holds("p90(latency) < 1h"), Holds::Met);
  EXPECT_EQ(fixture.holds("mean(latency) < 1h"), Holds::Missed);
  EXPECT_EQ(fixture.holds("max(latency) < 1h"), Holds::Missed);
  EXPECT_EQ(fixture.holds("p99(connect) < 1h"), Holds::Met);  // connected all the same
}

TEST(Slo, NothingThatSucceedsMeetsNothing) {
  Fixture fixture;
  for (PointResult& point : fixture.replicates) {
    point.edges[0] = {};
    point.edges[0].asked = point.edges[0].timeouts = 45;
  }
  EXPECT_EQ(fixture.holds("p99(latency) < 1h"), Holds::Missed);
  EXPECT_EQ(fixture.holds("errors < 50%"), Holds::Missed);
  EXPECT_EQ(fixture.holds("rate > 1/s"), Holds::Missed);
}

TEST(Slo, WithoutObservationsItIsMissed) {
  Fixture fixture;
  for (PointResult& point : fixture.replicates) point.edges[0] = {};
  for (const char* text : {"p99(connect) < 1h", "mean(latency) < 1h", "max(latency) < 1h", "errors < 50%"}) {
    EXPECT_EQ(fixture.holds(text), Holds::Missed) << text;
    EXPECT_EQ(fixture.outcome(text).note, ObjectiveOutcome::Note::NothingObserved) << text;
  }
}

TEST(Slo, OfOneReplicateItsPartsTell) {
  Fixture fixture;
  fixture.replicates.pop_back();
  EdgeStats& stats = fixture.replicates[0].edges[0];
  for (std::size_t i = 0; i < kParts; ++i) {
    stats.parts[i].asked = stats.asked / kParts;
    stats.parts[i].ended_well = i == 0 ? 0 : 5'263;  // nothing in the first twentieth
    for (std::int64_t ms = 1; ms <= 100; ++ms) {
      for (int times = 0; times < 50; ++times) stats.parts[i].latency.add(ms * 1'000'000);
    }
  }
  EXPECT_EQ(fixture.holds("p99(latency) < 101ms"), Holds::Met);
  EXPECT_EQ(fixture.holds("mean(latency) < 51ms"), Holds::Met);
  EXPECT_EQ(fixture.holds("errors < 0.1%"), Holds::Met);
  EXPECT_EQ(fixture.holds("rate > 5k/s"), Holds::Met);
  EXPECT_EQ(fixture.holds("rate > 9900/s"), Holds::CannotTell);
}

// Failures come in bursts: all in four of twenty parts. Five requests that had not ended make nothing surer.
TEST(Slo, OfOneReplicateItsPartsTellWithUnfinishedRequestsToo) {
  Fixture fixture;
  fixture.replicates.pop_back();
  EdgeStats& stats = fixture.replicates[0].edges[0];
  stats = {};
  stats.asked = 20'000;
  stats.timeouts = 600;
  for (std::size_t i = 0; i < kParts; ++i) {
    stats.parts[i].asked = 1'000;
    stats.parts[i].latency.count = i % 5 == 0 ? 850 : 1'000;
  }
  const ObjectiveOutcome ended = fixture.outcome("errors < 5%");
  EXPECT_EQ(ended.holds, Holds::CannotTell);
  stats.unfinished = 5;
  stats.parts[kParts - 1].latency.count -= 5;
  const ObjectiveOutcome hanging = fixture.outcome("errors < 5%");
  EXPECT_EQ(hanging.holds, Holds::CannotTell);
  EXPECT_NEAR(hanging.observed, 0.03, 1e-12);
  EXPECT_NEAR(hanging.interval.high, ended.interval.high, 0.001);
  EXPECT_NEAR(hanging.interval.low, ended.interval.low, 0.001);
}

TEST(Slo, WhatCannotBeReadIsAnErrorWithItsPlace) {
  const Fixture fixture;
  const std::vector<std::pair<std::string, std::uint32_t>> texts{
      {"p99(latency)", 13},
      {"p99 latency < 1ms", 5},
      {"p100(latency) < 1ms", 1},
      {"p99(latenzy) < 1ms", 5},
      {"p99(latency) > 1ms", 14},
      {"p99(latency) < 1", 16},
      {"p99(latency) < 1ms please", 20},
      {"p99(latency{workload=browse}) < 1ms", 22},
      {"p99(latency{work=\"browse\"}) < 1ms", 13},
      {"eror(browse) < 1%", 1},
      {"errors(browse) < 1ms", 18},
      {"errors(browse) > 1%", 16},
      {"availability(browse) < 99%", 22},
      {"availability(browse) > 110%", 24},
      {"rate(browse) > 900", 16},
      {"rate(browse) < 900/s", 14},
      {"errors(browse < 1%", 15},
  };
  for (const auto& [text, place] : texts) {
    Diagnostics diagnostics;
    fixture.read("['" + text + "']", diagnostics);
    ASSERT_EQ(diagnostics.error_count(), 1U) << text;
    EXPECT_EQ(diagnostics.errors()[0].line, 1U) << text;
    EXPECT_EQ(diagnostics.errors()[0].column, std::string("slo: ['").size() + place) << text;
    EXPECT_FALSE(diagnostics.errors()[0].accepted.empty()) << text;
  }
}

TEST(Slo, NamesThatAreNotThereAreErrors) {
  const Fixture fixture;
  for (const char* text : {"p99(latency{workload=\"brows\"}) < 1ms", "p99(latency{service=\"cart\"}) < 1ms",
                           "errors(brows) < 1%", "rate(shop) > 1/s"}) {
    Diagnostics diagnostics;
    fixture.read("['" + std::string(text) + "']", diagnostics);
    ASSERT_EQ(diagnostics.error_count(), 1U) << text;
    EXPECT_FALSE(diagnostics.errors()[0].accepted.empty()) << text;
  }
}

std::string in_namespace(std::string manifests, const std::string& ns) {
  for (std::size_t at = 0; (at = manifests.find("metadata: {name:", at)) != std::string::npos; at += 10) {
    manifests.insert(at + 11, "namespace: " + ns + ", ");
  }
  return manifests;
}

/// Three workloads that write one Service's name in three ways, two of its other addresses, and a namesake.
struct Callers {
  Ready scene;
  explicit Callers(const std::string& slo, bool with_namesake)
      : scene(
            "workloads:\n"
            "  bare: {from: app=client, to: web, arrivals: {poisson: 10/s}}\n"
            "  full: {from: app=client, to: default/web, arrivals: {poisson: 10/s}}\n"
            "  port: {from: app=client, to: {service: web, port: http}, arrivals: {poisson: 10/s}}\n"
            "  dns: {from: app=client, to: web.default.svc.cluster.local, arrivals: {poisson: 10/s}}\n"
            "  pod: {from: app=client, to: {pod: web, port: http}, arrivals: {poisson: 10/s}}\n" +
                std::string(with_namesake ? "  other: {from: app=client, to: shop/web, arrivals: {poisson: 10/s}}\n"
                                          : "") +
                "apps: {client: {calls: ['web:http', 'default/web', 'web:80']}}\n"
                "slo: ['" +
                slo + "']\n",
            app_manifests("client", 1) + app_manifests("web", 2) + in_namespace(app_manifests("web", 1), "shop")) {}
  std::size_t measured() {
    const ExperimentResults results = results_of(scene.loaded->variants, {{simulate(scene.variant(), 0)}});
    return calls_of(scene.loaded->slos[0].at(0), Recorded(results), 0).size();
  }
};

TEST(Slo, AServiceIsOneWhateverItsCallersWrite) {
  for (const char* name : {"web", "default/web", "web.default", "web.default.svc.cluster.local"}) {
    EXPECT_EQ(Callers("errors{service=\"" + std::string(name) + "\"} < 1%", false).measured(), 8u) << name;
  }
  EXPECT_EQ(Callers("errors{service=\"default/web\"} < 1%", true).measured(), 8u);
  EXPECT_EQ(Callers("errors{service=\"shop/web\"} < 1%", true).measured(), 1u);
}

TEST(Slo, ABareNameOfSeveralNamespacesAndAPortAreErrors) {
  const auto told = [](const std::string& name) -> std::string {
    try {
      Callers("errors{service=\"" + name + "\"} < 1%", true);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(told("web"), testing::HasSubstr("'web' is called in 2 namespaces"));
  EXPECT_THAT(told("web"), testing::HasSubstr("default/web, shop/web"));
  EXPECT_THAT(told("web:http"), testing::HasSubstr("nothing is measured of 'web:http'"));
  EXPECT_THAT(told("wep"), testing::HasSubstr("did you mean 'web'?"));
}

}  // namespace
}  // namespace knetsim
