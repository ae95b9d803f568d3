// Goal: what begins in the window is followed to its end, what ends in it is its throughput, and each request is counted
// once. Method: a few requests told of by hand, before, in and after a window of 10 s.

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "models/workload/traffic_recorder.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

/// A window from 10 to 20 s over two edges, the first of which a source asks.
class Told : public ::testing::Test {
 protected:
  Told() : recorder_(scheduler_, plan(), {.from = kTimeZero + 10s, .to = kTimeZero + 20s, .series_points = 10}) {}

  static TrafficPlan plan() {
    TrafficPlan made;
    made.edges.resize(2);
    made.sources.push_back({.name = "source", .clients = {0}, .edge = 0, .arrivals = PoissonArrivals{1}});
    made.app_of_pod = {kNoIndex, 0};
    return made;
  }
  static Request asked_at(Duration at) {
    Request request;
    request.source = 0;
    request.begun = kTimeZero + at;
    return request;
  }
  Request begin(Duration at) {
    const Request request = asked_at(at);
    recorder_.request_begun(request, {}, request.begun);
    recorder_.attempt_begun(request, request.begun);
    return request;
  }
  void end(const Request& request, Duration at, Outcome outcome, std::int64_t bytes = 100) {
    TimeSplit split;
    split.serve(0, kTimeZero + at - request.begun);
    recorder_.request_ended(request, {outcome, Failure::Reset, Bytes(bytes), split}, kTimeZero + at);
    recorder_.attempt_ended(request, kTimeZero + at - request.begun, kTimeZero + at);
  }
  const EdgeStats& stats() const { return recorder_.edges()[0]; }

  Scheduler scheduler_{1};
  TrafficRecorder recorder_;
};

TEST_F(Told, WhatEndsInTheWindowIsThroughputAndWhatBeginsInItIsMeasured) {
  const Request before = begin(9s);
  end(before, 11s, Outcome::Ok);
  const Request inside = begin(12s);
  end(inside, 13s, Outcome::Error);
  const Request across = begin(19s);
  EXPECT_EQ(recorder_.close(), 1U);
  end(across, 22s, Outcome::Ok);
  const Request after = begin(23s);
  end(after, 24s, Outcome::Ok);
  recorder_.finish(kTimeZero + 25s);
  EXPECT_EQ(stats().asked, 2U);
  EXPECT_EQ(stats().ok, 1U);
  EXPECT_EQ(stats().errors, 1U);
  EXPECT_EQ(stats().in_window.ok, 1U) << "the one that began before it";
  EXPECT_EQ(stats().in_window.errors, 1U);
  EXPECT_EQ(stats().in_window.bytes, 100U);
  EXPECT_EQ(stats().latency_ns.count(), 1U);
  EXPECT_EQ(stats().latency_ns.max(), 3'000'000'000);
  EXPECT_EQ(recorder_.completed(), 4U);
}

TEST_F(Told, BytesAndAnswersAreCountedByTheZonesOfClientAskedNodeAndServer) {
  TrafficPlan made = plan();
  made.app_of_pod.resize(4);
  // Nodes 0, 1 and 2: in zone 0, in zone 1, in none. The client is pod 0, in zone 0; pod 1 too, pod 2 in zone 1, pod 3 in
  // none.
  TrafficRecorder recorder(scheduler_, made, {.from = kTimeZero + 10s, .to = kTimeZero + 20s, .series_points = 10},
                           {.of_node = {0, 1, kNoIndex}, .of_pod = {0, 0, 1, kNoIndex}});
  Request request = asked_at(12s);
  request.client = 0;
  const auto exchange = [&](HostId chosen_at, PodIndex server) {
    recorder.request_sent(request, Bytes(30), {chosen_at, server});
    recorder.answer_begun(request, Bytes(70), {chosen_at, server});
  };
  const EdgeStats& stats = recorder.edges()[0];
  for (const PodIndex server : {1U, 2U, 2U, 3U}) exchange(0, server);
  EXPECT_EQ(stats.same_zone.answers, 1U);
  EXPECT_EQ(stats.same_zone.bytes, 100U);
  EXPECT_EQ(stats.cross_zone.answers, 2U);
  EXPECT_EQ(stats.cross_zone.bytes, 200U);
  exchange(1, 1);  // to another zone and back
  exchange(2, 1);
  recorder.request_sent(request, Bytes(30), {0, 2});  // never answered
  EXPECT_EQ(stats.same_zone.answers, 2U);
  EXPECT_EQ(stats.cross_zone.answers, 3U);
  EXPECT_EQ(stats.cross_zone.bytes, 330U);
  request.begun = kTimeZero + 9s;
  exchange(0, 2);  // of no request of the window
  EXPECT_EQ(stats.bytes_sent, 7 * 30U);
  EXPECT_EQ(stats.bytes_received, 6 * 70U);
  EXPECT_EQ(stats.same_zone.bytes + stats.cross_zone.bytes + 100, stats.bytes_sent + stats.bytes_received)
      << "all but what went to pod 3";
}

TEST_F(Told, TheSchedulerStopsWithTheLastRequestOfTheWindow) {
  class Ender final : public EventHandler {
   public:
    explicit Ender(std::function<void()> end) : end_(std::move(end)) {}
    void on_event(Time, const Event&) override { end_(); }

   private:
    std::function<void()> end_;
  };
  const Request last = begin(15s);
  Ender ender([&] { end(last, 22s, Outcome::Timeout); });
  const std::uint16_t handler = scheduler_.add(ender);
  scheduler_.schedule(kTimeZero + 22s, 0, {handler, 0, 0, 0});
  EXPECT_EQ(recorder_.close(), 1U);
  scheduler_.run_until(kTimeZero + 1h);
  EXPECT_EQ(scheduler_.now(), kTimeZero + 22s);
  EXPECT_EQ(stats().timeouts, 1U);
  EXPECT_TRUE(stats().latency_ns.empty());
}

TEST_F(Told, UnfinishedRequestsAndTheirConnectsHaveAnAge) {
  const Request waiting = begin(11s);
  const Request connecting = begin(12s);
  recorder_.close();
  recorder_.request_unfinished(waiting, {}, kTimeZero + 25s);
  recorder_.request_unfinished(connecting, kTimeZero + 20s, kTimeZero + 25s);
  recorder_.finish(kTimeZero + 25s);
  EXPECT_EQ(stats().unfinished, 2U);
  EXPECT_EQ(stats().unfinished_age_ns.max(), 14'000'000'000);
  ASSERT_EQ(stats().connecting_age_ns.count(), 1U);
  EXPECT_EQ(stats().connecting_age_ns.max(), 5'000'000'000);
}

TEST_F(Told, ARetryIsNoRequestAndItsConnectIsNotTheSources) {
  Request request = begin(11s);
  recorder_.connection_opened(request, 12.5);
  recorder_.connect_failed(request);
  ++request.attempt;
  recorder_.attempt_begun(request, kTimeZero + 12s);
  TimeSplit split;
  split.serve(3, 1ms);
  recorder_.syn_answered(request, split, nullptr);
  recorder_.connected(request, {.took = 2ms, .burst = {}});
  EXPECT_EQ(stats().asked, 1U);
  EXPECT_EQ(stats().retried, 1U);
  EXPECT_EQ(stats().connects_failed, 1U);
  EXPECT_EQ(stats().connections, 1U);
  EXPECT_EQ(stats().rules_evaluated, 12.5);
  EXPECT_EQ(stats().connect_ns.count(), 1U) << "connect() of any attempt";
  EXPECT_EQ(recorder_.sources()[0].connecting().total(), Duration{}) << "the split is of first attempts";
}

TEST_F(Told, TheSplitOfConnectIsWithoutWhatCameBefore) {
  const Request request = begin(11s);
  TimeSplit before;
  before.hold(Wait::Connection, 10ms);
  TimeSplit so_far = before;
  so_far.serve(3, 1ms);
  recorder_.syn_answered(request, so_far, &before);
  EXPECT_EQ(recorder_.sources()[0].connecting().total(), Duration(1ms));
  EXPECT_EQ(recorder_.sources()[0].connecting().service[3], Duration(1ms).count());
}

}  // namespace
}  // namespace knetsim
