#include "app/cli/load_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/cli/text_table.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// A table whose columns but the first are numbers.
TextTable table_of(const std::vector<std::string>& heading) {
  std::vector<std::size_t> right;
  for (std::size_t i = 1; i < heading.size(); ++i) right.push_back(i);
  return TextTable(heading, right);
}

std::string rate(double per_second, lab::LoadKind kind) {
  if (kind != lab::LoadKind::Bulk) return with_commas(std::llround(per_second)) + "/s";
  const double gbit = per_second * 8e-9;
  return gbit < 1 ? fmt::format("{:.2f} Mbit/s", gbit * 1e3) : fmt::format("{:.2f} Gbit/s", gbit);
}

std::string range(const lab::Estimate& estimate, lab::LoadKind kind) {
  if (kind != lab::LoadKind::Bulk) {
    return with_commas(std::llround(estimate.low)) + " … " + with_commas(std::llround(estimate.high));
  }
  const double unit = estimate.value * 8e-9 < 1 ? 8e-6 : 8e-9;  // as rate() has it
  return fmt::format("{:.2f} … {:.2f}", estimate.low * unit, estimate.high * unit);
}

std::string error_of(double value, double truth) { return fmt::format("{:+.0f} %", 100 * (value / truth - 1)); }

/// CPU time of an operation in the unit that suits it.
std::string cpu(double ns, lab::LoadKind kind) {
  return kind == lab::LoadKind::Bulk ? fmt::format("{:.3f} ns/B", ns) : fmt::format("{:.2f} us", ns * 1e-3);
}

std::string predicted_rate(const lab::CheckedLoad& one) {
  return one.predicted_rate ? rate(*one.predicted_rate, one.measured.load.kind) : "";
}

std::string predicted_error(const lab::CheckedLoad& one) {
  if (!one.predicted_rate) return "";
  const double truth = one.measured.rate.value;
  return one.wire_decides ? fmt::format("{:+.2f} %", 100 * (*one.predicted_rate / truth - 1))
                          : error_of(*one.predicted_rate, truth);
}

bool any_wire_decides(const lab::LoadCheck& check) {
  return std::ranges::any_of(check.loads, &lab::CheckedLoad::wire_decides);
}

/// ", what a wire decides 0.5 %", where one does.
std::string wire_tolerance_text(const lab::LoadCheck& check) {
  return any_wire_decides(check) ? fmt::format(", what a wire decides {:g} %", 100 * lab::kWireTolerance) : "";
}

std::string verdict_text(const lab::CheckedLoad& one) { return one.predicted_rate ? verdict_name(one.verdict) : ""; }

/// Every column, for a page.
TextTable page_rates(const lab::LoadCheck& check) {
  TextTable rates = table_of({"", "measured", "95 %", "predicted", "error", "one constant", ""});
  for (const lab::CheckedLoad& one : check.loads) {
    const lab::MeasuredLoad& load = one.measured;
    const lab::LoadKind kind = load.load.kind;
    rates.add({load.load.name(), rate(load.rate.value, kind), range(load.rate, kind), predicted_rate(one),
               predicted_error(one), one.predicted_rate ? error_of(one.constant_rate, load.rate.value) : "",
               verdict_text(one)});
  }
  return rates;
}

TextTable page_times(const lab::LoadCheck& check) {
  TextTable times =
      table_of({"", "CPU", "predicted", "of processes", "of an skb", "skbs out", "back for one", "CPUs busy"});
  for (const lab::CheckedLoad& one : check.loads) {
    const lab::MeasuredLoad& load = one.measured;
    const lab::LoadKind kind = load.load.kind;
    const double out = kind == lab::LoadKind::Bulk ? 1 / std::max(1e-9, load.skbs_out.value) : load.skbs_out.value;
    times.add({load.load.name(), cpu(load.cpu_ns.value, kind),
               one.predicted_cpu_ns ? cpu(*one.predicted_cpu_ns, kind) : "", cpu(load.process_ns.value, kind),
               fmt::format("{:.2f} us", load.skb_cpu_ns.value * 1e-3),
               kind == lab::LoadKind::Bulk ? fmt::format("{:.0f} B each", out) : fmt::format("{:.2f}", out),
               fmt::format("{:.2f}", load.skbs_back.value / std::max(1e-12, load.skbs_out.value)),
               fmt::format("{:.0f} %", 100 * load.busy.value)});
  }
  return times;
}

/// "+6 %", "?" where the measurement cannot tell, "!" where it is missed.
std::string judged_error(const lab::CheckedLoad& one) {
  if (!one.predicted_rate) return "";
  const char* mark = one.verdict == lab::Verdict::Met ? "" : one.verdict == lab::Verdict::Missed ? " !" : " ?";
  return predicted_error(one) + mark;
}

/// What fits a terminal: the datapath once above its loads, and the columns that tell most.
TextTable screen_loads(const lab::LoadCheck& check) {
  TextTable table = table_of({"", "measured", "", "predicted", "error", "CPU"});
  std::string datapath;
  for (const lab::CheckedLoad& one : check.loads) {
    const lab::MeasuredLoad& load = one.measured;
    const lab::LoadKind kind = load.load.kind;
    if (load.load.path.datapath_name() != datapath) {
      datapath = load.load.path.datapath_name();
      table.section(datapath);
    }
    const double half = (load.rate.high - load.rate.low) / 2;
    table.add({"  " + load.load.what_name(), rate(load.rate.value, kind),
               fmt::format("±{:.0f} %", 100 * half / load.rate.value), predicted_rate(one), judged_error(one),
               cpu(load.cpu_ns.value, kind)});
  }
  return table;
}

}  // namespace

void print_loads(const lab::LoadCheck& check, bool markdown) {
  if (check.loads.empty()) return;
  if (markdown) {
    fmt::print("\n### Rates, medians over rounds (within 15 %{}; across CPUs nothing is predicted)\n\n{}",
               wire_tolerance_text(check), page_rates(check).markdown());
    fmt::print(
        "\n### CPU time of an operation and of an skb (a packet of up to 64 KiB, as the client's device counts "
        "it)\n\n{}",
        page_times(check).markdown());
  } else {
    fmt::print(
        "\nRates, medians over rounds, and CPU time of an operation (within 15 %{}; across CPUs no rate is "
        "predicted)\n\n{}",
        wire_tolerance_text(check), screen_loads(check).render(2));
  }
  fmt::print(
      "\n{} met, {} missed, {} cannot be told. Median error {:.0f} %; of the best constant of each kind {:.0f} %{}.\n",
      check.verdicts.met, check.verdicts.missed, check.verdicts.untold, 100 * check.error_median,
      100 * check.constant_median, any_wire_decides(check) ? " (both without what a wire decides)" : "");
}

void print_rule_loads(std::span<const lab::MeasuredRuleLoad> loads, bool markdown) {
  if (loads.empty()) return;
  fmt::print(
      "\n{}Loading rules as a whole, ms (a full sync: CPU of the kernel's tools, beside the model's for all of it)\n\n",
      markdown ? "### " : "");
  TextTable rows = table_of({"", "rules", "load", "95 %", "CPU", "us a rule", "sync CPU", "model's sync"});
  const auto ms = [](double seconds) { return fmt::format("{:.1f}", seconds * 1e3); };
  for (const lab::MeasuredRuleLoad& one : loads) {
    rows.add({one.load.name(), with_commas(static_cast<std::int64_t>(one.rules)), ms(one.seconds.value),
              ms(one.seconds.low) + " … " + ms(one.seconds.high), ms(one.cpu_seconds.value),
              fmt::format("{:.1f}", one.cpu_seconds.value * 1e6 / static_cast<double>(one.rules)),
              ms(one.sync_cpu_seconds.value), ms(lab::modelled_sync_seconds(one.load))});
  }
  fmt::print("{}", markdown ? rows.markdown() : rows.render(2));
}

std::string noise_text(const lab::MachineNoise& noise) {
  std::string text = fmt::format(
      "Others had {:.0f} % of the CPUs before and {:.0f} % during the measurement; stolen {:.1f} %; a fixed loop "
      "spreads by "
      "{:.1f} %, {:.1f} % of it lost to interruptions; {}.\n",
      100 * noise.others_before, 100 * noise.others_during, 100 * noise.stolen, 100 * noise.spin_spread,
      100 * noise.spin_lost,
      noise.quota_cpus > 0 ? fmt::format("quota {:g} CPUs, throttled {:.1f} %", noise.quota_cpus, 100 * noise.throttled)
                           : "no CPU quota");
  const auto reasons = lab::complaints(noise);
  if (!reasons.empty()) {
    text += fmt::format("Too noisy to conclude from {}: {}. {}try again on a quiet machine.\n",
                        lab::takes_time_away(noise) ? "anything" : "rates and percentiles", fmt::join(reasons, "; "),
                        lab::takes_time_away(noise) ? "Nothing is judged; " : "Medians of latencies suffer less; ");
  }
  return text;
}

namespace {

nlohmann::ordered_json triple(const lab::Estimate& estimate) { return {estimate.low, estimate.value, estimate.high}; }

}  // namespace

nlohmann::ordered_json load_json(const lab::LoadCheck& check) {
  nlohmann::ordered_json json = {{"median_error", check.error_median},
                                 {"median_error_of_a_constant", check.constant_median}};
  json["loads"] = nlohmann::ordered_json::array();
  for (const lab::CheckedLoad& one : check.loads) {
    const lab::MeasuredLoad& load = one.measured;
    nlohmann::ordered_json row = {{"load", load.load.name()},
                                  {"unit", lab::operation_of(load.load.kind)},
                                  {"rate_per_s", triple(load.rate)},
                                  {"cpu_ns", triple(load.cpu_ns)},
                                  {"cpu_ns_of_an_skb", triple(load.skb_cpu_ns)},
                                  {"cpu_ns_of_processes", triple(load.process_ns)},
                                  {"skbs_out", load.skbs_out.value},
                                  {"skbs_back", load.skbs_back.value},
                                  {"cpus_busy", load.busy.value},
                                  {"rounds", load.rounds}};
    if (one.predicted_cpu_ns) row["predicted_cpu_ns"] = *one.predicted_cpu_ns;
    if (one.predicted_rate) {
      row["predicted_rate_per_s"] = *one.predicted_rate;
      row["limit"] = one.wire_decides ? "wire" : "cpu";
      row["constant_rate_per_s"] = one.constant_rate;
      row["verdict"] = verdict_name(one.verdict);
    }
    json["loads"].push_back(row);
  }
  return json;
}

nlohmann::ordered_json load_json(std::span<const lab::MeasuredRuleLoad> loads) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const lab::MeasuredRuleLoad& one : loads) {
    json.push_back({{"rules_of", one.load.name()},
                    {"rules", one.rules},
                    {"load_s", triple(one.seconds)},
                    {"load_cpu_s", triple(one.cpu_seconds)},
                    {"sync_cpu_s", triple(one.sync_cpu_seconds)},
                    {"modelled_sync_s", lab::modelled_sync_seconds(one.load)},
                    {"rounds", one.rounds}});
  }
  return json;
}

nlohmann::ordered_json load_json(const lab::MachineNoise& noise) {
  return {
      {"others_before", noise.others_before}, {"others_during", noise.others_during}, {"stolen", noise.stolen},
      {"spin_spread", noise.spin_spread},     {"spin_lost", noise.spin_lost},         {"quota_cpus", noise.quota_cpus},
      {"throttled", noise.throttled},         {"complaints", lab::complaints(noise)}};
}

}  // namespace knetsim
