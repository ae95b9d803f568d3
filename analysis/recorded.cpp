#include "analysis/recorded.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace knetsim {
namespace {

std::uint64_t count_of(std::int64_t count) { return count > 0 ? static_cast<std::uint64_t>(count) : 0; }

/// A moment of a file, which may hold any number, as a whole one.
Int128 whole(double moment) {
  constexpr double kMost = 1e37;  // below 2^127
  return std::isfinite(moment) ? static_cast<Int128>(std::nearbyint(std::clamp(moment, 0.0, kMost))) : Int128{0};
}

std::int64_t whole_ns(double seconds) {
  return static_cast<std::int64_t>(std::min<Int128>(whole(seconds * 1e9), std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

Recorded::Recorded(const ExperimentResults& results)
    : results_(results),
      latency_(starts_of(results.latency_histogram)),
      connect_(starts_of(results.connect_histogram)),
      unfinished_(starts_of(results.unfinished_histogram)),
      connecting_(starts_of(results.connecting_histogram)) {
  for (const std::string& variant : results.variant) {
    if (std::ranges::find(variants_, variant) == variants_.end()) variants_.push_back(variant);
  }
}

Recorded::Starts Recorded::starts_of(const HistogramResults& histogram) {
  Starts starts{0};
  for (const std::int64_t size : histogram.row_size) starts.push_back(starts.back() + static_cast<std::size_t>(size));
  return starts;
}

std::vector<std::size_t> Recorded::runs_of(std::string_view variant) const {
  std::vector<std::size_t> runs;
  for (std::size_t run = 0; run < results_.runs(); ++run) {
    const auto status = static_cast<RunStatus>(cell_of(results_.summary.status, run));
    if (results_.variant[run] == variant && status == RunStatus::kOk) runs.push_back(run);
  }
  return runs;
}

std::vector<std::string_view> Recorded::workloads_of(std::string_view variant) const {
  const std::vector<std::size_t> runs = runs_of(variant);
  std::vector<std::string_view> workloads;
  for (const std::string& workload : results_.workloads) {
    const std::size_t call = call_named(workload);
    if (std::ranges::any_of(runs, [&](std::size_t run) { return has(run, call); })) workloads.push_back(workload);
  }
  return workloads;
}

std::size_t Recorded::call_named(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::find(results_.calls, name) - results_.calls.begin());
}

bool Recorded::has(std::size_t run, std::size_t call) const {
  return call < results_.calls.size() && !results_.call.service_index.empty() &&
         at(results_.call.service_index, run, call) >= 0;
}

void Recorded::add(const HistogramResults& histogram, const Starts& starts, std::size_t cell, Histogram& ns) const {
  if (cell + 1 >= starts.size() || starts[cell] == starts[cell + 1]) return;
  Histogram row;
  for (std::size_t i = starts[cell]; i < starts[cell + 1]; ++i) {
    row.add_bucket(histogram.bucket_lower[i] / 1000, count_of(histogram.count[i]));
  }
  const MetricState& time = histogram.time;
  if (cell < std::min({time.sum.size(), time.sum_sq.size(), time.min.size(), time.max.size()})) {
    row.set_moments(whole(time.sum[cell] * 1e9), whole(time.sum_sq[cell] * 1e18), whole_ns(time.min[cell]),
                    whole_ns(time.max[cell]));
  }
  ns.merge(row);
}

void Recorded::add(std::size_t run, std::size_t call, Timed timed, Sample& sample) const {
  const CallResults& calls = results_.call;
  const std::size_t cell = run * results_.calls.size() + call;
  const bool latency = timed == Timed::Latency;
  add(latency ? results_.latency_histogram : results_.connect_histogram, latency ? latency_ : connect_, cell,
      sample.ns);
  add(latency ? results_.unfinished_histogram : results_.connecting_histogram, latency ? unfinished_ : connecting_,
      cell, sample.ages);
  sample.failed += latency ? count_of(at(calls.errors, run, call)) + count_of(at(calls.timeouts, run, call))
                           : count_of(at(calls.connects_failed, run, call));
  sample.parts.resize(kParts);
  for (std::size_t i = 0; i < kParts; ++i) {
    const std::size_t part = cell * kParts + i;
    PartSum& sum = sample.parts[i];
    sum.count += count_of(cell_of(latency ? calls.part_latency_n : calls.part_connect_n, part));
    sum.sum_ns += count_of(cell_of(latency ? calls.part_latency_sum : calls.part_connect_sum, part));
    sum.sum_index += count_of(cell_of(latency ? calls.part_latency_log_sum : calls.part_connect_log_sum, part));
  }
}

Sample Recorded::sample(std::size_t run, std::size_t call, Timed timed) const {
  Sample sample;
  add(run, call, timed, sample);
  return sample;
}

Asked Recorded::asked(std::size_t run, std::size_t call) const {
  return {.asked = count_of(at(results_.call.requests, run, call)), .ok = count_of(at(results_.call.ok, run, call))};
}

std::vector<Sample> Recorded::samples(std::string_view variant, std::string_view call, Timed timed) const {
  std::vector<Sample> all;
  const std::size_t at = call_named(call);
  for (const std::size_t run : runs_of(variant)) {
    if (has(run, at)) all.push_back(sample(run, at, timed));
  }
  return all;
}

std::vector<Asked> Recorded::asked(std::string_view variant, std::string_view call) const {
  std::vector<Asked> all;
  const std::size_t at = call_named(call);
  for (const std::size_t run : runs_of(variant)) {
    if (has(run, at)) all.push_back(asked(run, at));
  }
  return all;
}

}  // namespace knetsim
