#include "app/cli/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <variant>

#include "analysis/compare_variants.h"
#include "analysis/pooled_quantile.h"
#include "analysis/summary.h"
#include "app/cli/limit_lines.h"
#include "app/cli/policy_lines.h"
#include "app/cli/server_text.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/verdict_lines.h"
#include "sim/core/censored_times.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

const TrafficSpec* workload_named(const BoundVariant& variant, std::string_view name) {
  const auto& sources = variant.traffic.sources;
  const auto found = std::ranges::find(sources, name, &TrafficSpec::name);
  return found == sources.end() ? nullptr : &*found;
}

std::string span_text(const CensoredTimes& ns, double q) {
  const CensoredValue value = ns.quantile(q);
  if (value.kind == CensoredValue::Kind::Nothing || !has_quantile(ns.count(), q)) return "-";
  return (value.exact() ? "" : "\u2265") + human(Duration(value.value * 1000));
}

/// A bar an interval, the highest for the most: "▁▁▇▃▁"; '.' where there is nothing.
std::string bars(const std::vector<std::int64_t>& counts) {
  static constexpr const char* kBars[] = {".",      "\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"};
  const std::int64_t most = std::max<std::int64_t>(1, *std::ranges::max_element(counts));
  std::string text;
  for (const std::int64_t count : counts) text += kBars[(count * 8 + most - 1) / most];
  return text;
}

/// "66.7 % of the answers, 66.4 % of the bytes"
std::string zones_text(const ZoneTraffic& zones) {
  const auto part = [](std::int64_t crossing, std::int64_t within) {
    return 100 * static_cast<double>(crossing) /
           std::max(1.0, static_cast<double>(crossing) + static_cast<double>(within));
  };
  return fmt::format("{:.3g} % of the answers, {:.3g} % of the bytes", part(zones.cross_answers, zones.same_answers),
                     part(zones.cross_bytes, zones.same_bytes));
}

/// What a row's figures do not say; on a line of its own, so that the table keeps its width.
std::string row_notes(const WorkloadSummary& row) {
  std::string text;
  if (!(row.measured_s > 0)) text += "    no replicate came to its end\n";
  if (row.unstable) text += "    overloaded: the backlog grows\n";
  if (row.programming_max > 0) {
    const std::int64_t errors =
        row.failed_refused + row.failed_unreachable + row.failed_reset + row.failed_call + row.failed_local_ports;
    text += fmt::format(
        "    failed: {} refused, {} unreachable, {} reset, {} timed out{}\n", with_commas(row.failed_refused),
        with_commas(row.failed_unreachable), with_commas(row.failed_reset), with_commas(row.failed - errors),
        row.failed_call == 0 ? "" : fmt::format(", {} by calls of theirs", with_commas(row.failed_call)));
    if (row.failed > 0 && !row.failed_over_time.empty()) {
      text += fmt::format(
          "    over time: {} (at most {} in {})\n", bars(row.failed_over_time),
          with_commas(*std::ranges::max_element(row.failed_over_time)),
          human(from_seconds(row.measured_s / static_cast<double>(row.runs * row.failed_over_time.size()))));
    }
    const double connections = static_cast<double>(std::max<std::int64_t>(1, row.connections));
    text += fmt::format("    to what was no endpoint any more: {} connections ({:.2g} %); all nodes knew within {}\n",
                        with_commas(row.choices_stale), 100 * static_cast<double>(row.choices_stale) / connections,
                        human(from_seconds(row.programming_max)));
  }
  if (row.zones.any()) text += fmt::format("    across zones, of its own requests: {}\n", zones_text(row.zones));
  if (const std::string busiest = busiest_server_text(row); !busiest.empty()) text += "    " + busiest + "\n";
  if (row.unfinished > 0) {
    text += fmt::format("    unfinished: {} requests, {} after the measured time (run.drain)\n",
                        with_commas(row.unfinished), human(from_seconds(row.drained_s)));
  }
  const auto succeeded = static_cast<std::uint64_t>(row.ok + row.unfinished);
  if (succeeded > 0 && !has_quantile(succeeded, 0.999)) {
    text += fmt::format("    -: {}; a p99 needs 100, a p99.9 1,000\n",
                        succeeded == 1 ? "one request" : fmt::format("{} requests", succeeded));
  }
  return text;
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
  std::string text = fmt::format("{}  {} \u00b7 {}", base.scenario.name, counted(cluster.members().size(), "node"),
                                 counted(cluster.services.size(), "service"));
  if (settings.background.services > 0) {
    text += fmt::format(" (+{} background)", with_commas(settings.background.services));
  }
  text +=
      fmt::format(" \u00b7 {}{}{}", settings.cni.kind, settings.cni.chosen().empty() ? "" : " ", settings.cni.chosen());
  for (const TrafficSpec& source : base.traffic.sources) {
    text += " \u00b7 " + arrivals_text(source);
  }
  return text + fmt::format(" \u00b7 seed {}\n", base.scenario.experiment.seed) +
         (base.scenario.title.empty() ? "" : base.scenario.title + "\n");
}

/// The greatest of them; empty where there is none.
std::string shares_text(const std::vector<TimeShare>& shares) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(6, shares.size()) && shares[i].share >= 0.005; ++i) {
    text += fmt::format("{} {} {:.0f} %", i == 0 ? "" : " \u00b7", shares[i].step, shares[i].share * 100);
  }
  return text;
}

/// Where the time of one variant's connections and requests went.
std::string where_time_goes(const Recorded& recorded, std::string_view variant, std::string_view workload) {
  std::string text;
  const auto add = [&](std::string_view what, Timed timed) {
    const std::string shares = shares_text(time_shares(recorded, variant, workload, timed));
    if (!shares.empty()) text += fmt::format("Where a {} ({}):{}\n", what, variant, shares);
  };
  add("new connection's time goes", Timed::Connect);
  add("request's time goes, connect included", Timed::Latency);
  return text;
}

/// Half widths of 95 % intervals, below the figures of the only variant.
std::string half_widths(const Recorded& recorded, std::string_view variant, std::string_view workload,
                        std::size_t name_width) {
  const std::vector<Sample> connects = recorded.samples(variant, workload, Timed::Connect);
  const std::vector<Sample> latencies = recorded.samples(variant, workload, Timed::Latency);
  if (latencies.size() < 2) return {};
  const auto half = [](const std::vector<Sample>& samples, double q) -> std::string {
    const PooledQuantile found = pooled_quantile(samples, q);
    std::uint64_t count = 0;
    for (const Sample& sample : samples) count += sample.size();
    if (found.kind != PooledQuantile::Kind::Finite || !(found.ns > 0) || !has_quantile(count, q)) return "-";
    const double width = (found.interval_ns.high - found.interval_ns.low) / 2 / found.ns;
    return std::isinf(width) ? "no end" : fmt::format("{:.{}f} %", width * 100, width < 0.1 ? 1 : 0);
  };
  return fmt::format("  {:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}\n", "\u00b1 at 95 %", name_width - 2, half(connects, 0.5),
                     half(connects, 0.99), half(latencies, 0.5), half(latencies, 0.99), half(latencies, 0.999));
}

std::string table_row(const std::string& name, const WorkloadSummary& row, std::size_t name_width) {
  const auto rate = [&](std::int64_t count) -> std::string {
    if (!(row.measured_s > 0)) return "-";  // no point of the variant has ended
    return with_commas(static_cast<std::int64_t>(static_cast<double>(count) / row.measured_s + 0.5));
  };
  const CensoredTimes connect(row.connect_ns, row.connecting_age_ns);
  const CensoredTimes latency(row.latency_ns, row.unfinished_age_ns);
  const double rules = row.rules_evaluated / static_cast<double>(std::max<std::int64_t>(1, row.connections));
  return fmt::format("  {:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>7.0f} %{:>14}\n", name, name_width - 2,
                     span_text(connect, 0.5), span_text(connect, 0.99), span_text(latency, 0.5),
                     span_text(latency, 0.99), span_text(latency, 0.999), rate(row.asked) + "/" + rate(row.ended_ok),
                     with_commas(row.failed), row.busiest_core * 100,
                     row.connections == 0 ? "-" : with_commas(static_cast<std::int64_t>(rules + 0.5)));
}

/// What crosses zones of all that is asked, where there are calls beside the workloads' own.
std::string zones_of_calls(const Recorded& recorded, const std::vector<std::string_view>& variants) {
  std::string text;
  if (recorded.results().calls.size() <= recorded.results().workloads.size()) return text;
  for (const std::string_view variant : variants) {
    const ZoneTraffic all = zones_of_all_calls(recorded, variant);
    if (all.any()) text += fmt::format("Across zones, of all calls ({}): {}\n", variant, zones_text(all));
  }
  return text;
}

/// What it took: points, requests, events.
std::string timing_line(const SummaryResults& summary, double wall_s) {
  std::int64_t events = 0, requests = 0, points = 0;
  for (std::size_t run = 0; run < summary.events.size(); ++run) {
    if (summary.status[run] != static_cast<std::int8_t>(RunStatus::kOk)) continue;
    events += summary.events[run];
    requests += summary.completed[run];
    ++points;
  }
  return fmt::format("{} points, {} requests and calls, {} events in {:.1f} s ({:.1f} M events/s)\n", points,
                     with_commas(requests), with_commas(events), wall_s, static_cast<double>(events) / wall_s * 1e-6);
}

}  // namespace

std::string summary_screen(const std::vector<BoundVariant>& variants, const Recorded& recorded,
                           const ScreenInfo& info) {
  const BoundVariant& base = variants.front();
  std::string text = head(base);
  if (!info.manifests_line.empty()) {
    text += info.manifests_line + "\n";
  }
  const std::vector<VariantComparison> compared = compare_variants(recorded);
  const std::size_t judged = count_judged(compared);
  std::vector<std::string_view> names;
  std::size_t name_width = 18;
  for (const BoundVariant& variant : variants) {
    names.push_back(variant.name);
    name_width = std::max(name_width, variant.name.size() + 9);
  }
  for (std::size_t w = 0; w < base.traffic.sources.size(); ++w) {
    const std::string& workload = base.traffic.sources[w].name;
    const EdgeSpec& edge = base.traffic.edges[base.traffic.sources[w].edge];
    text += fmt::format("\n{:<{}}{:>16}{:>26}{:>20}{:>8}{:>9}{:>14}\n", workload + " \u2192 " + edge.target, name_width,
                        "connect", "request latency", "asked/done", "", "busiest", "rules per new");
    text += fmt::format("{:<{}}{:>8}{:>8}{:>9}{:>8}{:>9}{:>20}{:>8}{:>9}{:>14}\n", "", name_width, "p50", "p99", "p50",
                        "p99", "p99.9", "per second", "errors", "core", "connection");
    std::vector<double> ok_shares;
    for (std::size_t v = 0; v < variants.size(); ++v) {
      const WorkloadSummary row = summarise(recorded, names[v], workload);
      text += table_row(variants[v].name + (v == 0 && variants.size() > 1 ? " (base)" : ""), row, name_width);
      text += row_notes(row);
      ok_shares.push_back(row.ok_share());
    }
    if (variants.size() > 1) {
      text += fmt::format("Against {}, {}, {}, 95 % CI{}\n", base.name, common_text(variants, w),
                          counted(base.scenario.experiment.replicates, "replicate"),
                          judged > 1 ? fmt::format("; verdicts by Holm over {}", judged) : "");
      const std::size_t others = variants.size() - 1;
      // Where no point of the base has ended there is nothing to compare with.
      const std::vector<VariantComparison> nothing(others);
      const bool is_compared = (w + 1) * others <= compared.size();
      const std::span<const VariantComparison> found =
          is_compared ? std::span<const VariantComparison>(compared).subspan(w * others, others)
                      : std::span<const VariantComparison>(nothing);
      text += comparison_lines(names, ok_shares, found, judged, name_width);
    } else {
      text += half_widths(recorded, names.front(), workload, name_width);
    }
    text += where_time_goes(recorded, names.front(), workload);
  }
  text += limit_lines(recorded);
  text += policy_lines(recorded);
  text += zones_of_calls(recorded, names);
  text += slo_lines(info.slos);
  if (!info.costs_line.empty()) {
    text += "Costs: " + info.costs_line + "\n";
  }
  if (info.wall_s > 0) text += timing_line(recorded.results().summary, info.wall_s);
  return text;
}

}  // namespace knetsim
