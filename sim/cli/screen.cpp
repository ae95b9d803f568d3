#include "sim/cli/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <variant>

#include "sim/core/censored_times.h"
#include "sim/core/statistics.h"
#include "sim/experiment/fill_results.h"
#include "sim/experiment/step_names.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// One variant's numbers of one workload, over all replicates.
struct Row {
  EdgeStats sum;
  double busiest_core = 0;  ///< Of all nodes' cores the busiest one's share, mean over replicates.
  double measured_s = 0;
  bool unstable = false;
  Duration drained{};                 ///< Longest of the replicates.
  std::vector<double> p99_s;          ///< By replicate; 0 where kFewest were not observed, or it is no number.
  std::vector<double> connect_p99_s;  ///< Likewise.
};

/// Observations of a replicate whose 99th percentile is more than its greatest value.
constexpr std::uint64_t kFewest = 100;

/// Of all that were asked for, failed ones included: what is compared. 0 where a replicate has none to compare.
double p99_of(const CensoredTimes& ns) {
  const CensoredValue p99 = ns.quantile(0.99);
  return ns.count() < kFewest || !p99.exact() ? 0 : static_cast<double>(p99.value) * 1e-9;
}

void add(EdgeStats& sum, const EdgeStats& stats) {
  sum.asked += stats.asked;
  sum.ok += stats.ok;
  sum.errors += stats.errors;
  sum.timeouts += stats.timeouts;
  sum.retried += stats.retried;
  sum.unfinished += stats.unfinished;
  sum.in_window.ok += stats.in_window.ok;
  sum.connections += stats.connections;
  sum.rules_evaluated += stats.rules_evaluated;
  sum.latency_ns.merge(stats.latency_ns);
  sum.unfinished_age_ns.merge(stats.unfinished_age_ns);
  sum.connect_ns.merge(stats.connect_ns);
  sum.connecting_age_ns.merge(stats.connecting_age_ns);
  sum.connects_failed += stats.connects_failed;
}

/// The variant's workload of this name; null where it has none.
const TrafficSpec* workload_named(const BoundVariant& variant, std::string_view name) {
  const auto& sources = variant.traffic.sources;
  const auto found = std::ranges::find(sources, name, &TrafficSpec::name);
  return found == sources.end() ? nullptr : &*found;
}

Row row_of(const BoundVariant& variant, const std::vector<PointResult>& points, std::string_view workload) {
  Row row;
  const double measured = to_seconds(variant.scenario.run.duration);
  const TrafficSpec* source = workload_named(variant, workload);
  if (source == nullptr) {  // variants may add workloads, and one of them be the base
    row.measured_s = measured;
    row.p99_s.assign(points.size(), 0);
    row.connect_p99_s.assign(points.size(), 0);
    return row;
  }
  const EdgeIndex edge = source->edge;
  std::size_t replicates = 0;
  for (const PointResult& point : points) {
    if (point.edges.empty()) {
      continue;
    }
    const EdgeStats& stats = point.edges[edge];
    add(row.sum, stats);
    row.measured_s += measured;
    row.unstable = row.unstable || stats.backlog_grows;
    row.drained = std::max(row.drained, point.drained);
    row.p99_s.push_back(p99_of({stats.latency_ns, stats.unfinished_age_ns, stats.failed()}));
    row.connect_p99_s.push_back(p99_of({stats.connect_ns, stats.connecting_age_ns, stats.connects_failed}));
    double busiest = 0;
    for (const NodeCpu& node : point.nodes) busiest = std::max(busiest, to_seconds(node.busiest) / measured);
    row.busiest_core += busiest;
    ++replicates;
  }
  row.busiest_core /= static_cast<double>(std::max<std::size_t>(1, replicates));
  return row;
}

std::string span_text(const CensoredTimes& ns, double q) {
  const CensoredValue value = ns.quantile(q);
  if (value.kind == CensoredValue::Kind::Nothing) return "-";
  return (value.exact() ? "" : "\u2265") + human(Duration(value.value * 1000));
}

/// What a row's figures do not say; on a line of its own, so that the table keeps its width.
std::string row_notes(const Row& row) {
  std::string text;
  if (row.unstable) text += "    overloaded: the backlog grows\n";
  if (row.sum.unfinished > 0) {
    text += fmt::format("    unfinished: {} requests, {} after the measured time (run.drain)\n",
                        with_commas(static_cast<std::int64_t>(row.sum.unfinished)), human(row.drained));
  }
  return text;
}

/// Why a p99 is not compared.
std::string not_compared(const Row& base, const Row& other) {
  for (const Row* row : {&base, &other}) {
    if (row->sum.asked < kFewest * row->p99_s.size()) {
      return fmt::format("too few requests to compare a p99 (under {} in a replicate)", kFewest);
    }
  }
  return "no request p99 to compare: it is of requests that failed or did not end";
}

std::string percent(double fraction) {
  const double value = fraction * 100;
  return fmt::format("{}{:.{}f} %", value < 0 ? "\u2212" : "+", std::fabs(value), std::fabs(value) < 10 ? 1 : 0);
}

/// "-85 % (-87 % .. -83 %): better", of paired replicates; empty where a replicate of either has nothing to compare.
std::string paired(const std::vector<double>& base, const std::vector<double>& other) {
  std::vector<double> relative;
  for (std::size_t i = 0; i < std::min(base.size(), other.size()); ++i) {
    if (base[i] <= 0 || other[i] <= 0) return {};
    relative.push_back(other[i] / base[i] - 1);
  }
  if (relative.empty()) return {};
  if (relative.size() == 1) return fmt::format("{} (one replicate: no interval)", percent(relative[0]));
  if (std::all_of(relative.begin(), relative.end(), [](double one) { return one == 0; })) return "the same";
  const Interval interval = mean_interval(relative, 0.95);
  std::string text =
      fmt::format("{} ({} \u2026 {})", percent(interval.mean), percent(interval.low()), percent(interval.high()));
  if (interval.high() < 0) {
    return text + ": better";
  }
  if (interval.low() > 0) {
    return text + ": worse";
  }
  return text + fmt::format(": cannot tell at \u00b1{:.1f} %", interval.half_width * 100);
}

std::string arrivals_text(const TrafficSpec& source) {
  if (const auto* poisson = std::get_if<PoissonArrivals>(&source.arrivals)) {
    return fmt::format("{} req/s open loop", with_commas(static_cast<std::int64_t>(poisson->per_second + 0.5)));
  }
  if (const auto* constant = std::get_if<ConstantArrivals>(&source.arrivals)) {
    return fmt::format("{} req/s open loop, even", with_commas(static_cast<std::int64_t>(constant->per_second + 0.5)));
  }
  if (const auto* loop = std::get_if<ClosedLoop>(&source.arrivals)) {
    return fmt::format("{} users closed loop", with_commas(loop->users));
  }
  return "listed arrivals";
}

/// What the replicates of one workload have in common in every variant. Requests draw by their number, so sizes, work
/// and noise are the same always; when they come is so too where no answer decides it and no variant changes it.
std::string_view common_text(const std::vector<BoundVariant>& variants, std::size_t workload) {
  const TrafficSpec& of_base = variants.front().traffic.sources[workload];
  const Arrivals& base = of_base.arrivals;
  const bool alike = std::all_of(variants.begin(), variants.end(), [&](const BoundVariant& variant) {
    const TrafficSpec* source = workload_named(variant, of_base.name);
    if (source == nullptr) return true;
    const Arrivals& other = source->arrivals;
    if (other.index() != base.index()) return false;
    if (const auto* poisson = std::get_if<PoissonArrivals>(&base)) {
      return std::get<PoissonArrivals>(other).per_second == poisson->per_second;
    }
    if (const auto* constant = std::get_if<ConstantArrivals>(&base)) {
      return std::get<ConstantArrivals>(other).per_second == constant->per_second;
    }
    if (const auto* loop = std::get_if<ClosedLoop>(&base)) return std::get<ClosedLoop>(other).users == loop->users;
    return std::get<ListedArrivals>(other).at == std::get<ListedArrivals>(base).at;
  });
  if (!alike) return "same random numbers";
  return std::holds_alternative<ClosedLoop>(base) ? "same users and random numbers" : "same arrivals";
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(static_cast<std::int64_t>(count)), what, count == 1 ? "" : "s");
}

std::string head(const BoundVariant& base) {
  const Cluster& cluster = *base.cluster;
  const ClusterSettings& settings = base.scenario.cluster;
  std::string text = fmt::format("{}  {} \u00b7 {}", base.scenario.name, counted(cluster.nodes.size(), "node"),
                                 counted(cluster.services.size(), "service"));
  if (settings.background.services > 0) {
    text += fmt::format(" (+{} background)", with_commas(settings.background.services));
  }
  text +=
      fmt::format(" \u00b7 {}{}{}", settings.cni.kind, settings.cni.backend.empty() ? "" : " ", settings.cni.backend);
  for (const TrafficSpec& source : base.traffic.sources) {
    text += " \u00b7 " + arrivals_text(source);
  }
  return text + fmt::format(" \u00b7 seed {}\n", base.scenario.run.seed) +
         (base.scenario.title.empty() ? "" : base.scenario.title + "\n");
}

/// Shares of a sum of time splits, by kind of step and cause of waiting; empty where there is none.
std::string shares_text(const TimeSplit& sum) {
  const double total = static_cast<double>(sum.total().count());
  if (!(total > 0)) return {};
  std::vector<std::pair<double, std::string>> shares;
  const std::vector<std::string> kinds = kind_names();
  const std::vector<std::string> waits = wait_names();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    shares.emplace_back(static_cast<double>(sum.service[i]) / total, kinds[i]);
  }
  for (std::size_t i = 0; i < waits.size(); ++i) {
    shares.emplace_back(static_cast<double>(sum.wait[i]) / total, waits[i]);
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (std::size_t i = 0; i < 6 && shares[i].first >= 0.005; ++i) {
    text += fmt::format("{} {} {:.0f} %", i == 0 ? "" : " \u00b7", shares[i].second, shares[i].first * 100);
  }
  return text;
}

/// Where the time of one variant's connections and requests went.
std::string where_time_goes(const BoundVariant& variant, const std::vector<PointResult>& points, std::size_t workload) {
  TimeSplit connections;
  TimeSplit requests;
  for (const PointResult& point : points) {
    if (point.edges.empty()) continue;
    connections += point.sources[workload].connecting();
    for (const auto& [band, split] : point.sources[workload].bands()) requests += split.sum;
    requests += point.sources[workload].timed_out().sum;
  }
  std::string text;
  if (const std::string shares = shares_text(connections); !shares.empty()) {
    text += fmt::format("Where a new connection's time goes ({}):{}\n", variant.name, shares);
  }
  if (const std::string shares = shares_text(requests); !shares.empty()) {
    text += fmt::format("Where a request's time goes, connect included ({}):{}\n", variant.name, shares);
  }
  return text;
}

/// One line for each objective: in how many variants it holds, and what was observed where it does not.
std::string slo_lines(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome,
                      const std::vector<std::vector<Slo>>& slos) {
  struct Line {
    std::string text;
    std::size_t asked = 0;
    std::size_t met = 0;
    std::string misses;
  };
  std::vector<Line> lines;
  for (std::size_t v = 0; v < slos.size(); ++v) {
    for (const Slo& slo : slos[v]) {
      auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& known) { return known.text == slo.text; });
      if (line == lines.end()) {
        line = lines.insert(lines.end(), Line{.text = slo.text, .misses = {}});
      }
      const SloOutcome found = evaluate(slo, variants[v], outcome.points[v]);
      ++line->asked;
      line->met += found.met ? 1U : 0U;
      if (!found.met) {
        line->misses += fmt::format("{}{} {}", line->misses.empty() ? ": " : ", ", variants[v].name,
                                    found.observed ? human(*found.observed) : "nothing observed");
      }
    }
  }
  std::string text;
  for (const Line& line : lines) {
    text += fmt::format("SLO  {} {} in {} of {} variants{}\n", line.met == line.asked ? "\u2713" : "\u2717", line.text,
                        line.met, line.asked, line.misses);
  }
  return text;
}

}  // namespace

std::string summary_screen(const std::vector<BoundVariant>& variants, const ExperimentOutcome& outcome,
                           const ScreenInfo& info) {
  const BoundVariant& base = variants.front();
  std::string text = head(base);
  if (!info.manifests_line.empty()) {
    text += info.manifests_line + "\n";
  }
  std::size_t name_width = 18;
  for (const BoundVariant& variant : variants) {
    name_width = std::max(name_width, variant.name.size() + 9);
  }
  for (std::size_t w = 0; w < base.traffic.sources.size(); ++w) {
    const EdgeSpec& edge = base.traffic.edges[base.traffic.sources[w].edge];
    text += fmt::format("\n{:<{}}{:>16}{:>26}{:>20}{:>8}{:>9}{:>14}\n",
                        base.traffic.sources[w].name + " \u2192 " + edge.target, name_width, "connect",
                        "request latency", "asked/done", "", "busiest", "rules per new");
    text += fmt::format("{:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>9}{:>14}\n", "", name_width, "p50", "p99", "p50",
                        "p99", "p99.9", "per second", "errors", "core", "connection");
    std::vector<Row> rows;
    for (std::size_t v = 0; v < variants.size(); ++v) {
      rows.push_back(row_of(variants[v], outcome.points[v], base.traffic.sources[w].name));
      const Row& row = rows.back();
      const EdgeStats& sum = row.sum;
      const auto rate = [&](std::uint64_t count) {
        return with_commas(static_cast<std::int64_t>(static_cast<double>(count) / row.measured_s + 0.5));
      };
      const CensoredTimes connect(sum.connect_ns, sum.connecting_age_ns);
      const CensoredTimes latency(sum.latency_ns, sum.unfinished_age_ns);
      text += fmt::format(
          "  {:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>7.0f} %{:>14}\n",
          variants[v].name + (v == 0 && variants.size() > 1 ? " (base)" : ""), name_width - 2, span_text(connect, 0.5),
          span_text(connect, 0.99), span_text(latency, 0.5), span_text(latency, 0.99), span_text(latency, 0.999),
          rate(sum.asked) + "/" + rate(sum.in_window.ok), with_commas(static_cast<std::int64_t>(sum.failed())),
          row.busiest_core * 100,
          sum.connections == 0 ? "-"
                               : with_commas(static_cast<std::int64_t>(
                                     sum.rules_evaluated / static_cast<double>(sum.connections) + 0.5)));
      text += row_notes(row);
    }
    if (variants.size() > 1) {
      text += fmt::format("Against {}, {}, {}, 95 % CI\n", base.name, common_text(variants, w),
                          counted(base.scenario.run.replicates, "replicate"));
      for (std::size_t v = 1; v < variants.size(); ++v) {
        text += fmt::format("  {:<{}}", variants[v].name, name_width - 2);
        const std::string connect = paired(rows[0].connect_p99_s, rows[v].connect_p99_s);
        const std::string request = paired(rows[0].p99_s, rows[v].p99_s);
        if (!connect.empty()) text += fmt::format("connect p99 {}, ", connect);
        text += (request.empty() ? not_compared(rows[0], rows[v]) : "request p99 " + request) + "\n";
      }
    }
    text += where_time_goes(base, outcome.points.front(), w);
  }
  text += slo_lines(variants, outcome, info.slos);
  if (!info.costs_line.empty()) {
    text += "Costs: " + info.costs_line + "\n";
  }
  if (info.timing) {
    std::uint64_t events = 0, requests = 0;
    std::size_t points = 0;
    for (const auto& replicates : outcome.points) {
      for (const PointResult& point : replicates) {
        events += point.events;
        requests += point.completed;
        points += std::size_t{point.edges.empty() ? 0U : 1U};
      }
    }
    text +=
        fmt::format("{} points, {} requests and calls, {} events in {:.1f} s ({:.1f} M events/s)\n", points,
                    with_commas(static_cast<std::int64_t>(requests)), with_commas(static_cast<std::int64_t>(events)),
                    outcome.wall_s, static_cast<double>(events) / outcome.wall_s * 1e-6);
  }
  return text;
}

}  // namespace knetsim
