// Goal: the sample of whole requests is a true and complete account of them. Method: where every request is kept, the
// visits summed by step are, to the picosecond, the time splits that were recorded independently; each request's visits
// fill its time without gaps; variants keep the same requests.

#include "app/experiment/span_results.h"

#include <gtest/gtest.h>

#include <array>

#include "app/experiment/experiment.h"
#include "app/scenario/load_scenario.h"

namespace knetsim {
namespace {

std::unique_ptr<LoadedScenario> short_quickstart(const std::string& spans) {
  return load_scenario("configs/quickstart.yaml",
                       {.sets = {"run.duration=100ms", "run.warmUp=20ms", "run.replicates=1", "run.spans=" + spans},
                        .variants = {"iptables", "ipvs"}});
}

TEST(Spans, SumToTheTimeSplitsWhereEveryRequestIsKept) {
  const auto loaded = short_quickstart("10000");
  const PointResult point = simulate(loaded->variants.front(), 0);
  std::array<std::int64_t, kMaxKinds + kWaits> recorded{}, kept{};
  SplitBand all = point.sources.front().bands().total();
  all += point.sources.front().timed_out();
  const std::uint64_t requests = all.requests;
  for (std::size_t i = 0; i < kMaxKinds; ++i) recorded[i] = all.sum.service[i];
  for (std::size_t i = 0; i < kWaits; ++i) recorded[kMaxKinds + i] = all.sum.wait[i];
  ASSERT_EQ(point.edges.front().errors, 0u);
  ASSERT_EQ(point.spans.front().size(), requests);
  ASSERT_GT(requests, 100u);
  for (const RequestSpan& span : point.spans.front()) {
    for (const SpanVisit& visit : span.visits) kept[visit.step] += visit.span.count();
  }
  EXPECT_EQ(kept, recorded);
}

TEST(Spans, FollowOneAnotherWithoutGapsAndAreTheSameRequestsInEachVariant) {
  const auto loaded = short_quickstart("3");
  ExperimentOptions options;
  options.threads = 1;
  const ExperimentResults results = run_in_memory(loaded->variants, options);
  const SpanResults& spans = results.spans;
  ASSERT_EQ(spans.row_size.size(), 6u);
  std::size_t row = 0;
  for (std::size_t request = 0; request < spans.row_size.size(); ++request) {
    EXPECT_EQ(spans.run_index[request], static_cast<std::int64_t>(request / 3));
    EXPECT_EQ(spans.start[request], spans.start[request % 3]);
    std::int64_t at = spans.start[request];
    for (std::int64_t visit = 0; visit < spans.row_size[request]; ++visit, ++row) {
      EXPECT_EQ(spans.at[row], at);
      EXPECT_GT(spans.wait[row] + spans.service[row], 0);
      at += spans.wait[row] + spans.service[row];
    }
    EXPECT_EQ(at, spans.start[request] + spans.latency[request]);
  }
  EXPECT_EQ(row, spans.step.size());
}

TEST(Spans, NameTheResourceOfEachVisit) {
  const auto loaded = short_quickstart("1");
  ExperimentOptions options;
  options.threads = 1;
  const SpanResults spans = run_in_memory(loaded->variants, options).spans;
  for (std::size_t row = 0; row < spans.step.size(); ++row) {
    const std::string& place = spans.place[row];
    if (spans.step[row] == "wire") {
      EXPECT_NE(place.find(" -> "), std::string::npos) << place;
    } else if (spans.step[row] == "app.work" || spans.step[row] == "conntrack.lookup") {
      EXPECT_NE(place.find("/cpu"), std::string::npos) << place;
    }
  }
}

// A client that works on its answers, and reads to its connections' end: one burst, on one core, after its wake-up.
TEST(Spans, WorkOfAClientIsOnTheCoreOfItsBurst) {
  const auto loaded = load_scenario(
      "configs/quickstart.yaml", {.sets = {"run.duration=100ms", "run.warmUp=20ms", "run.replicates=1", "run.spans=20",
                                           "workloads.browse.work=100us",
                                           "workloads.browse.connection={requestsPerConnection: 1, awaitClose: true}"},
                                  .variants = {"iptables"}});
  ExperimentOptions options;
  options.threads = 1;
  const SpanResults spans = run_in_memory(loaded->variants, options).spans;
  std::size_t last = 0, works = 0;
  for (const std::int64_t size : spans.row_size) {
    const std::size_t first = last;
    last += static_cast<std::size_t>(size);
    // The client's burst is the last of the request: from its wake-up on, all on one core.
    std::size_t row = last;
    while (row > first && spans.place[row - 1] == spans.place[last - 1]) --row;
    EXPECT_NE(spans.place[last - 1].find("/cpu"), std::string::npos) << spans.step[last - 1];
    std::size_t work = last, receive = last;
    for (std::size_t at = row; at < last; ++at) {
      if (spans.step[at] == "app.work") work = at;
      if (spans.step[at] == "syscall.receive") receive = at;
    }
    ASSERT_LT(work, last) << "the client's work is not in its last burst";
    EXPECT_LT(receive, work);
    EXPECT_EQ(spans.service[work], 100'000'000);
    for (std::size_t at = receive + 1; at < last; ++at) {
      EXPECT_TRUE(!spans.step[at].starts_with("wake")) << "a wake-up after what it wakes for";
    }
    ++works;
  }
  EXPECT_EQ(works, 20u);
}

TEST(Spans, NoneAreKeptWhereNoneAreAskedForOrInLaterReplicates) {
  const auto loaded = short_quickstart("0");
  EXPECT_TRUE(simulate(loaded->variants.front(), 0).spans.front().empty());
  const auto some = short_quickstart("5");
  EXPECT_EQ(simulate(some->variants.front(), 0).spans.front().size(), 5u);
  EXPECT_TRUE(simulate(some->variants.front(), 1).spans.front().empty());
}

}  // namespace
}  // namespace knetsim
