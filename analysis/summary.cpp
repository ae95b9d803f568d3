#include "analysis/summary.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace knetsim {
namespace {

/// Adds a count of a file, which may hold any number.
void add(std::int64_t& sum, std::int64_t count) {
  if (__builtin_add_overflow(sum, count, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

std::size_t workload_named(const ExperimentResults& results, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(results.workloads, name) - results.workloads.begin());
}

}  // namespace

double WorkloadSummary::busiest_server_share() const {
  double sum = 0;
  for (const double share : busiest_server_shares) sum += share;
  return sum / static_cast<double>(std::max<std::size_t>(1, busiest_server_shares.size()));
}

// Of n requests that choose among m servers alike one server gets n / m, with a standard deviation of about sqrt(n / m);
// the greatest of m lies some sqrt(2 ln m) of them above (the maximum of m normal variables).
bool WorkloadSummary::spreads_unevenly() const {
  if (servers < 2 || busiest_server_shares.empty() || asked == 0) return false;
  const auto m = static_cast<double>(servers);
  const double each_run = static_cast<double>(asked) / static_cast<double>(busiest_server_shares.size());
  const double deviation = std::sqrt((1 - 1 / m) / (m * each_run));
  const double by_chance = 1 / m + (3 + std::sqrt(2 * std::log(m))) * deviation;
  return busiest_server_share() > std::max(by_chance, 1.05 / m);
}

WorkloadSummary summarise(const Recorded& recorded, std::string_view variant, std::string_view workload) {
  const ExperimentResults& results = recorded.results();
  const SummaryResults& summary = results.summary;
  const CallResults& calls = results.call;
  const std::size_t call = recorded.call_named(workload);
  const std::size_t w = workload_named(results, workload);
  WorkloadSummary sum;
  for (const std::size_t run : recorded.runs_of(variant)) {
    sum.measured_s += cell_of(summary.measured_time, run);
    if (!recorded.has(run, call)) continue;  // variants may add workloads, and one of them be the base
    ++sum.runs;
    add(sum.asked, recorded.at(calls.requests, run, call));
    add(sum.ok, recorded.at(calls.ok, run, call));
    add(sum.failed, recorded.at(calls.errors, run, call));
    add(sum.failed, recorded.at(calls.timeouts, run, call));
    add(sum.unfinished, recorded.at(calls.unfinished, run, call));
    add(sum.ended_ok, recorded.at(calls.ended_ok, run, call));
    add(sum.connections, recorded.at(calls.connections, run, call));
    const std::size_t cell = run * results.workloads.size() + w;
    add(sum.failed_refused, cell_of(summary.failed_refused, cell));
    add(sum.failed_unreachable, cell_of(summary.failed_unreachable, cell));
    add(sum.failed_reset, cell_of(summary.failed_reset, cell));
    add(sum.failed_call, cell_of(summary.failed_call, cell));
    add(sum.failed_local_ports, cell_of(summary.failed_local_ports, cell));
    add(sum.choices_stale, cell_of(summary.choices_stale, cell));
    add(sum.zones.same_answers, cell_of(summary.same_zone_answers, cell));
    add(sum.zones.same_bytes, cell_of(summary.same_zone_bytes, cell));
    add(sum.zones.cross_answers, cell_of(summary.cross_zone_answers, cell));
    add(sum.zones.cross_bytes, cell_of(summary.cross_zone_bytes, cell));
    sum.servers = std::max(sum.servers, cell_of(summary.servers, cell));
    sum.servers_unused += static_cast<double>(cell_of(summary.servers_unused, cell));
    const double busiest = cell_of(summary.busiest_server_share, cell);
    if (busiest > 0 && busiest <= 1) sum.busiest_server_shares.push_back(busiest);
    const std::vector<std::int64_t>& failed = results.series.errors;
    const std::size_t intervals = results.series.sim_time.size();
    if (w < results.workloads.size() && (cell + 1) * intervals <= failed.size()) {
      sum.failed_over_time.resize(intervals, 0);
      for (std::size_t i = 0; i < intervals; ++i) add(sum.failed_over_time[i], failed[cell * intervals + i]);
    }
    const double programming = cell_of(summary.programming_max, run);
    if (programming > sum.programming_max) sum.programming_max = programming;
    sum.rules_evaluated += recorded.at(calls.rules_evaluated, run, call);
    sum.busiest_core += cell_of(summary.busiest_core, run);
    sum.drained_s = std::max(sum.drained_s, cell_of(summary.drained_time, run));
    sum.unstable = sum.unstable || cell_of(summary.unstable, run * results.workloads.size() + w) != 0;
    const Sample latency = recorded.sample(run, call, Timed::Latency);
    const Sample connect = recorded.sample(run, call, Timed::Connect);
    sum.latency_ns.merge(latency.ns);
    sum.unfinished_age_ns.merge(latency.ages);
    sum.connect_ns.merge(connect.ns);
    sum.connecting_age_ns.merge(connect.ages);
  }
  sum.busiest_core /= static_cast<double>(std::max<std::size_t>(1, sum.runs));
  sum.servers_unused /= static_cast<double>(std::max<std::size_t>(1, sum.runs));
  return sum;
}

ZoneTraffic zones_of_all_calls(const Recorded& recorded, std::string_view variant) {
  const CallResults& calls = recorded.results().call;
  ZoneTraffic sum;
  for (const std::size_t run : recorded.runs_of(variant)) {
    for (std::size_t call = 0; call < recorded.results().calls.size(); ++call) {
      add(sum.same_answers, recorded.at(calls.same_zone_answers, run, call));
      add(sum.same_bytes, recorded.at(calls.same_zone_bytes, run, call));
      add(sum.cross_answers, recorded.at(calls.cross_zone_answers, run, call));
      add(sum.cross_bytes, recorded.at(calls.cross_zone_bytes, run, call));
    }
  }
  return sum;
}

std::vector<TimeShare> time_shares(const Recorded& recorded, std::string_view variant, std::string_view workload,
                                   Timed timed) {
  const ExperimentResults& results = recorded.results();
  const WalkResults& walk = results.walk;
  const std::vector<double>& service = timed == Timed::Latency ? walk.service_time : walk.connect_service_time;
  const std::vector<double>& wait = timed == Timed::Latency ? walk.wait_time : walk.connect_wait_time;
  const std::size_t steps = results.steps.size();
  const std::size_t w = workload_named(results, workload);
  std::vector<TimeShare> shares(steps);
  double total = 0;
  for (std::size_t step = 0; step < steps; ++step) shares[step].step = results.steps[step];
  for (const std::size_t run : recorded.runs_of(variant)) {
    for (std::size_t step = 0; step < steps; ++step) {
      const std::size_t cell = (run * results.workloads.size() + w) * steps + step;
      const double time = cell_of(service, cell) + cell_of(wait, cell);
      shares[step].share += time;
      total += time;
    }
  }
  if (!(total > 0)) return {};
  for (TimeShare& one : shares) one.share /= total;
  std::ranges::stable_sort(shares, std::greater<>(), &TimeShare::share);
  return shares;
}

}  // namespace knetsim
