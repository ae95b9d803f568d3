#include "app/cli/verdict_json.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analysis/compare_variants.h"
#include "analysis/effective_sample.h"
#include "analysis/pooled_quantile.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/verdict_text.h"

namespace knetsim {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value, bool is_there = true) {
  return is_there && std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const Comparison& one, bool is_share) {
  const bool has_figure = one.reason != VerdictReason::LowerBound && !is_out_of_reach(one);
  const bool has_interval =
      has_figure && one.reason != VerdictReason::OneReplicate && one.reason != VerdictReason::Infinite;
  return {{"change", number(one.change, has_figure)},
          {"low", number(one.interval.low, has_interval)},
          {"high", number(one.interval.high, has_interval)},
          {"p", number(one.p, one.is_judged())},
          {"p_holm", number(one.p_adjusted, one.is_judged())},
          {"effective", number(one.effective, has_interval && !is_share && one.verdict != ComparisonVerdict::Same)},
          {"verdict", name_of(one.verdict)},
          {"verdict_alone", name_of(one.alone)},
          {"reason", name_of(one.reason)}};
}

}  // namespace

Json json_of_slos(std::span<const JudgedSlo> slos) {
  Json list = Json::array();
  for (const auto& [variant, slo, outcome] : slos) {
    const std::string unit = slo.is_time() ? "_s" : slo.measure == Slo::Measure::Rate ? "_per_s" : "_share";
    const double scale = slo.is_time() ? 1e-9 : 1;
    const bool observed = outcome.note != ObjectiveOutcome::Note::NothingObserved;
    list.push_back({{"variant", variant},
                    {"objective", slo.text},
                    {"outcome", name_of(outcome.holds)},
                    {"met", outcome.holds == Holds::Met},
                    {"observed" + unit, number(outcome.observed * scale, observed)},
                    {"low" + unit, number(outcome.interval.low * scale, observed)},
                    {"high" + unit, number(outcome.interval.high * scale, observed)},
                    {"bound" + unit, number(slo.limit.value * scale)},
                    {"infinite", outcome.note == ObjectiveOutcome::Note::Infinite},
                    {"lower_bound", outcome.note == ObjectiveOutcome::Note::LowerBound}});
  }
  return list;
}

Json json_of_comparison(const Recorded& recorded) {
  const std::vector<VariantComparison> all = compare_variants(recorded);
  const auto& variants = recorded.variants();
  const std::vector<std::string_view> workloads = recorded.workloads_of(variants.front());
  Json json = {{"base", variants.front()},
               {"confidence", 0.95},
               {"judged", count_judged(all)},
               {"effective_needed", kEnoughBeyond}};
  json["variants"] = Json::array();
  for (std::size_t w = 0; w < workloads.size(); ++w) {
    for (std::size_t v = 1; v < variants.size(); ++v) {
      const VariantComparison& one = all[w * (variants.size() - 1) + v - 1];
      json["variants"].push_back({{"variant", variants[v]},
                                  {"workload", workloads[w]},
                                  {"connect_p99", json_of(one.connect_p99, false)},
                                  {"request_p99", json_of(one.request_p99, false)},
                                  {"availability", json_of(one.availability, true)}});
    }
  }
  return json;
}

Json json_of_intervals(const Recorded& recorded) {
  Json list = Json::array();
  for (const std::string_view variant : recorded.variants()) {
    for (const std::string_view workload : recorded.workloads_of(variant)) {
      Json entry = {{"variant", variant}, {"workload", workload}};
      for (const auto& [name, timed] :
           {std::pair("latency_s", Timed::Latency), std::pair("connect_s", Timed::Connect)}) {
        const std::vector<Sample> samples = recorded.samples(variant, workload, timed);
        for (const double q : {0.5, 0.9, 0.99, 0.999}) {
          const PooledQuantile found = pooled_quantile(samples, q);
          if (found.kind != PooledQuantile::Kind::Finite) continue;
          std::uint64_t count = 0;
          for (const Sample& sample : samples) count += sample.size();
          const bool shown = has_quantile(count, q);
          const bool known = shown && samples.size() > 1;
          entry[name][fmt::format("p{:g}", q * 100)] = {{"value", number(found.ns * 1e-9, shown)},
                                                        {"low", number(found.interval_ns.low * 1e-9, known)},
                                                        {"high", number(found.interval_ns.high * 1e-9, known)},
                                                        {"effective", number(effective_beyond(samples, q))}};
        }
      }
      list.push_back(std::move(entry));
    }
  }
  return list;
}

}  // namespace knetsim
