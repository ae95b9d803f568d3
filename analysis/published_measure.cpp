#include "analysis/published_measure.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace knetsim {

namespace {

/// The first workload that the variant has; their number where it has none.
std::size_t first_workload(const Recorded& recorded, const std::vector<std::size_t>& runs) {
  const std::vector<std::string>& workloads = recorded.results().workloads;
  for (std::size_t w = 0; w < workloads.size(); ++w) {
    if (!runs.empty() && recorded.has(runs.front(), recorded.call_named(workloads[w]))) return w;
  }
  return workloads.size();
}

}  // namespace

PublishedMeasure::PublishedMeasure(const Recorded& recorded, std::string_view variant)
    : results_(recorded.results()), runs_(recorded.runs_of(variant)) {
  const std::size_t w = first_workload(recorded, runs_);
  if (w == results_.workloads.size()) return;
  summary_ = summarise(recorded, variant, results_.workloads[w]);
  double bytes = 0;
  for (const std::size_t run : runs_) {
    bytes += static_cast<double>(results_.summary.bytes_sent[run * results_.workloads.size() + w]);
  }
  answered_per_s_ = static_cast<double>(summary_.ended_ok) / summary_.measured_s;
  bytes_per_request_ = summary_.asked > 0 ? bytes / static_cast<double>(summary_.asked) : 0;
}

std::optional<double> PublishedMeasure::of(std::string_view measure) const {
  if (measure == "rate") return answered_per_s_;
  if (measure == "goodput") return answered_per_s_ * bytes_per_request_ * 8e-9;
  if (measure == "packets") return 2e-6 * answered_per_s_;
  const std::size_t dot = measure.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view what = measure.substr(0, dot), which = measure.substr(dot + 1);
  return what == "connect" || what == "latency" ? quantile(what, which) : of_node(what, which);
}

std::optional<double> PublishedMeasure::quantile(std::string_view what, std::string_view which) const {
  const Histogram& ns = what == "connect" ? summary_.connect_ns : summary_.latency_ns;
  if (which == "mean") return ns.mean() * 1e-6;
  if (!which.starts_with('p')) return std::nullopt;
  double percent = 0;
  const auto [end, error] = std::from_chars(which.data() + 1, which.data() + which.size(), percent);
  if (error != std::errc{} || end != which.data() + which.size()) return std::nullopt;
  return static_cast<double>(ns.quantile(percent / 100)) * 1e-6;
}

std::optional<double> PublishedMeasure::of_node(std::string_view what, std::string_view node) const {
  const CpuResults& cpu = results_.cpu;
  double busy = 0, softirq = 0, cores = 0;  // core seconds of all runs, and of these in softirq; cores
  for (std::size_t i = 0; i < results_.nodes.size(); ++i) {
    if (node != "all" && results_.nodes[i] != node) continue;
    for (const std::size_t run : runs_) {
      const std::size_t cell = run * results_.nodes.size() + i;
      const auto here = static_cast<double>(cpu.cores[cell]);
      if (here > 0) {
        busy += cpu.utilisation[cell] * here * results_.summary.measured_time[run];
        softirq += cpu.softirq_share[cell] * here * results_.summary.measured_time[run];
      }
      if (run == runs_.front()) cores += here;
    }
  }
  if (!(cores > 0)) return std::nullopt;
  busy /= summary_.measured_s;
  if (what == "cpu") return busy;
  if (what == "threads") return busy - softirq / summary_.measured_s;
  if (what == "work") return answered_per_s_ > 0 ? 1e6 * busy / answered_per_s_ : 0;
  if (what == "busy") return 100 * busy / cores;
  if (what == "free") return 100 - 100 * busy / cores;
  return std::nullopt;
}

}  // namespace knetsim
