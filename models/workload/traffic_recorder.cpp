#include "models/workload/traffic_recorder.h"

#include <algorithm>
#include <utility>

#include "models/workload/burst_account.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

std::int64_t nanoseconds(Duration span) { return span.count() / 1000; }

}  // namespace

TrafficRecorder::TrafficRecorder(Scheduler& scheduler, const TrafficPlan& plan, const MeasuredWindow& window,
                                 ZonesOfMachines zones)
    : scheduler_(scheduler),
      window_(window),
      edges_(plan.edges.size()),
      backlogs_(plan.edges.size(), Backlog(window.from, window.to)),
      callers_(plan.edges.size()),
      served_(plan.app_of_pod.size()),
      zones_(std::move(zones)) {
  for (std::size_t source = 0; source < plan.sources.size(); ++source) {
    sources_.emplace_back(window.from, window.to, window.series_points);
  }
}

void TrafficRecorder::find_part(Time at) {
  const Duration window = window_.to - window_.from;
  const std::int64_t parts = kParts;
  const std::int64_t index = (at - window_.from) * parts / window;
  // The first picosecond from which on the quotient is this one.
  const auto begin = [&](std::int64_t one) {
    return window_.from + Duration((window.count() * one + parts - 1) / parts);
  };
  part_ = static_cast<std::size_t>(index);
  part_from_ = begin(index);
  part_to_ = begin(index + 1);
}

void TrafficRecorder::request_begun(const Request& request, std::optional<EdgeIndex> for_edge, Time now) {
  if (request.of_source()) sources_[request.source].begun(now);
  if (for_edge) {
    std::vector<EdgeIndex>& callers = callers_[request.edge];
    if (std::ranges::find(callers, *for_edge) == callers.end()) callers.push_back(*for_edge);
  }
  if (measured(now)) {
    ++edges_[request.edge].asked;
    ++part(request.edge, now).asked;
    ++followed_;
  }
}

void TrafficRecorder::request_ended(const Request& request, const Ending& ending, Time now) {
  const Outcome outcome = ending.outcome;
  const bool ok = outcome == Outcome::Ok;
  EdgeStats& stats = edges_[request.edge];
  ++completed_;
  if (measured(now)) {
    Throughput& all = stats.in_window;
    ++(ok ? all.ok : outcome == Outcome::Error ? all.errors : all.timeouts);
    all.bytes += ok ? static_cast<std::uint64_t>(ending.payload.count()) : 0;
    part(request.edge, now).ended_well += ok ? 1U : 0U;
  }
  if (request.of_source()) sources_[request.source].ended(request.begun, now, outcome, ending.split);
  if (!measured(request.begun)) return;
  ++(ok ? stats.ok : outcome == Outcome::Error ? stats.errors : stats.timeouts);
  if (outcome == Outcome::Error) ++stats.errors_by_failure[static_cast<std::size_t>(ending.failure)];
  if (ok) {
    const std::int64_t ns = nanoseconds(now - request.begun);
    stats.latency_ns.record(ns);
    part(request.edge, request.begun).latency.add(ns);
  }
  if (--followed_ == 0 && closed_) {
    scheduler_.stop();
  }
}

void TrafficRecorder::request_unfinished(const Request& request, std::optional<Time> connecting_since, Time now) {
  if (measured(request.begun)) {
    EdgeStats& stats = edges_[request.edge];
    ++stats.unfinished;
    stats.unfinished_age_ns.record(nanoseconds(now - request.begun));
    if (connecting_since) stats.connecting_age_ns.record(nanoseconds(now - *connecting_since));
  }
  if (request.of_source()) sources_[request.source].still_there(request.begun);
}

void TrafficRecorder::attempt_begun(const Request& request, Time now) {
  backlogs_[request.edge].begun(now);
  edges_[request.edge].retried += request.attempt > 0 && measured(request.begun) ? 1U : 0U;
}

void TrafficRecorder::attempt_ended(const Request& request, Duration unqueued, Time now) {
  backlogs_[request.edge].ended(now, unqueued);
}

void TrafficRecorder::endpoint_chosen(const Request& request, bool stale) {
  edges_[request.edge].stale_choices += stale && measured(request.begun) ? 1U : 0U;
}

void TrafficRecorder::connection_opened(const Request& request, double rules) {
  if (!measured(request.begun)) return;
  ++edges_[request.edge].connections;
  edges_[request.edge].rules_evaluated += rules;
}

void TrafficRecorder::syn_answered(const Request& request, const TimeSplit& so_far, const TimeSplit* before) {
  if (!opens_source(request)) return;
  TimeSplit& connecting = sources_[request.source].connecting();
  connecting += so_far;
  if (before != nullptr) connecting -= *before;
}

void TrafficRecorder::connected(const Request& request, const ConnectReturn& how) {
  if (opens_source(request)) account(sources_[request.source].connecting(), how.burst, how.wake_kind);
  if (how.in_time && measured(request.begun)) {
    const std::int64_t ns = nanoseconds(how.took);
    edges_[request.edge].connect_ns.record(ns);
    part(request.edge, request.begun).connect.add(ns);
  }
}

void TrafficRecorder::connect_failed(const Request& request) {
  edges_[request.edge].connects_failed += measured(request.begun) ? 1U : 0U;
}

void TrafficRecorder::request_sent(const Request& request, Bytes payload, const ServedBy& by) {
  if (!measured(request.begun)) return;
  const auto bytes = static_cast<std::uint64_t>(payload.count());
  edges_[request.edge].bytes_sent += bytes;
  if (zones_.of_node.empty()) [[likely]] {
    return;
  }
  if (EdgeStats::Zoned* of = zoned(request, by)) of->bytes += bytes;
}

void TrafficRecorder::taken_up(const Request& request, PodIndex server) {
  if (!measured(request.begun)) return;
  ++served_[server];
  if (request.of_source()) sources_[request.source].taken_up(server);
}

void TrafficRecorder::answer_begun(const Request& request, Bytes payload, const ServedBy& by) {
  if (!measured(request.begun)) return;
  const auto bytes = static_cast<std::uint64_t>(payload.count());
  edges_[request.edge].bytes_received += bytes;
  if (zones_.of_node.empty()) [[likely]] {
    return;
  }
  if (EdgeStats::Zoned* of = zoned(request, by)) {
    ++of->answers;
    of->bytes += bytes;
  }
}

EdgeStats::Zoned* TrafficRecorder::zoned(const Request& request, const ServedBy& by) {
  const ZoneWay way = zones_.way(request.client, by.chosen_at, by.server);
  if (way == ZoneWay::Unknown) return nullptr;
  EdgeStats& stats = edges_[request.edge];
  return way == ZoneWay::Within ? &stats.same_zone : &stats.cross_zone;
}

std::uint64_t TrafficRecorder::close() {
  closed_ = true;
  for (Backlog& backlog : backlogs_) backlog.advance(window_.to);
  return followed_;
}

/// A request is overloaded where a call made for it is.
void TrafficRecorder::tell_callers_of_backlogs() {
  std::vector<EdgeIndex> growing;
  for (EdgeIndex edge = 0; edge < edges_.size(); ++edge) {
    if (edges_[edge].backlog_grows) growing.push_back(edge);
  }
  while (!growing.empty()) {
    const EdgeIndex edge = growing.back();
    growing.pop_back();
    for (const EdgeIndex caller : callers_[edge]) {
      if (!std::exchange(edges_[caller].backlog_grows, true)) growing.push_back(caller);
    }
  }
}

void TrafficRecorder::finish(Time now) {
  for (EdgeIndex edge = 0; edge < edges_.size(); ++edge) {
    EdgeStats& stats = edges_[edge];
    stats.in_flight_start = backlogs_[edge].at_begin();
    stats.in_flight_end = backlogs_[edge].at_end();
    stats.backlog_grows = backlogs_[edge].grows();
    KNETSIM_ENSURE(stats.asked == stats.ok + stats.errors + stats.timeouts + stats.unfinished);
  }
  tell_callers_of_backlogs();
  for (SourceRecorder& source : sources_) {
    source.close_series(now);
    // Little's law on the sample path: the integral of the number in the system is the sum of the times in it.
    KNETSIM_ENSURE(source.area() == source.time_in_system());
  }
}

}  // namespace knetsim
