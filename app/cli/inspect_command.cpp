#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/results_reader.h"
#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/shown_quantile.h"
#include "app/cli/text_table.h"
#include "sim/core/censored_times.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

struct InspectArguments {
  std::string results;
  OutputFormat format = OutputFormat::Table;
};

/// One workload of one variant, all replicates together.
struct GroupRow {
  std::string variant;
  std::string workload;
  std::int64_t replicates = 0;
  double offered = 0;  ///< 1/s, mean
  double achieved = 0;
  std::int64_t ok = 0;
  std::int64_t failed = 0;  ///< Errors and timeouts.
  std::int64_t unfinished = 0;
  bool unstable = false;
  Histogram latency_ns{};
  Histogram unfinished_age_ns{};
};

template <class T>
T cell_of(const std::vector<T>& column, std::size_t cell) {
  return cell < column.size() ? column[cell] : T{};
}

/// Adds a count of a file, which may hold any number.
void add(std::int64_t& sum, std::int64_t count) {
  if (__builtin_add_overflow(sum, count, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

/// Where each (run, workload) cell's buckets begin.
std::vector<std::size_t> row_starts(const HistogramResults& histogram) {
  std::vector<std::size_t> starts{0};
  for (const std::int64_t size : histogram.row_size) starts.push_back(starts.back() + static_cast<std::size_t>(size));
  return starts;
}

/// Adds the buckets of one (run, workload) cell; each stands for the middle of its times.
void add_buckets(Histogram& ns, const HistogramResults& histogram, const std::vector<std::size_t>& starts,
                 std::size_t cell) {
  if (cell + 1 >= starts.size()) return;
  for (std::size_t i = starts[cell]; i < starts[cell + 1]; ++i) {
    const std::int64_t middle_ps = std::midpoint(histogram.bucket_lower[i], histogram.bucket_upper[i]);
    ns.record(middle_ps / 1000, static_cast<std::uint64_t>(histogram.count[i]));
  }
}

std::vector<GroupRow> rows_of(const ExperimentResults& results) {
  const SummaryResults& summary = results.summary;
  const std::vector<std::size_t> starts = row_starts(results.latency_histogram);
  const std::vector<std::size_t> unfinished_starts = row_starts(results.unfinished_histogram);
  const std::size_t workloads = results.workloads.size();
  std::vector<GroupRow> rows;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> row_of;
  for (std::size_t run = 0; run < results.runs(); ++run) {
    for (std::size_t w = 0; w < workloads; ++w) {
      const auto [known, fresh] = row_of.try_emplace({results.variant[run], results.workloads[w]}, rows.size());
      if (fresh) rows.push_back({.variant = results.variant[run], .workload = results.workloads[w]});
      GroupRow* row = &rows[known->second];
      const std::size_t cell = run * workloads + w;
      ++row->replicates;
      row->offered += cell_of(summary.offered_rate, cell);
      row->achieved += cell_of(summary.achieved_rate, cell);
      add(row->ok, cell_of(summary.requests_ok, cell));
      add(row->failed, cell_of(summary.requests_error, cell));
      add(row->failed, cell_of(summary.requests_timeout, cell));
      add(row->unfinished, cell_of(summary.requests_unfinished, cell));
      row->unstable = row->unstable || cell_of(summary.unstable, cell) != 0;
      add_buckets(row->latency_ns, results.latency_histogram, starts, cell);
      add_buckets(row->unfinished_age_ns, results.unfinished_histogram, unfinished_starts, cell);
    }
  }
  for (GroupRow& row : rows) {
    row.offered /= static_cast<double>(row.replicates);
    row.achieved /= static_cast<double>(row.replicates);
  }
  return rows;
}

constexpr double kQuantiles[] = {0.5, 0.99, 0.999};

void print_inspect_json(const ResultsContent& content) {
  const ResultsHeader& header = content.header;
  const ExperimentResults& results = content.results;
  const Provenance& from = results.provenance;
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion},
                                 {"title", header.title},
                                 {"results_format", fmt::format("{}.{}", header.format_major, header.format_minor)},
                                 {"created_utc", header.created_utc},
                                 {"knetsim_version", header.knetsim_version},
                                 {"git_sha1", header.git_sha1},
                                 {"git_dirty", header.git_dirty},
                                 {"seed", from.seed},
                                 {"replicates", from.replicates},
                                 {"costs_profile", from.costs_profile},
                                 {"command_line", from.command_line},
                                 {"overrides", from.overrides},
                                 {"compiler", from.compiler},
                                 {"compile_flags", from.compile_flags}};
  json["inputs"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < from.input_name.size(); ++i) {
    json["inputs"].push_back({{"name", from.input_name[i]}, {"sha256", cell_of(from.input_sha256, i)}});
  }
  for (const GroupListing& group : content.groups) {
    json["groups"].push_back({{"path", group.path}, {"axes", group.axes}, {"description", group.description}});
  }
  json["summary"] = nlohmann::ordered_json::array();
  for (const GroupRow& row : rows_of(results)) {
    nlohmann::ordered_json line = {{"variant", row.variant},
                                   {"workload", row.workload},
                                   {"replicates", row.replicates},
                                   {"offered_per_s", row.offered},
                                   {"achieved_per_s", row.achieved},
                                   {"ok", row.ok},
                                   {"errors_and_timeouts", row.failed},
                                   {"unfinished", row.unfinished},
                                   {"unstable", row.unstable}};
    line["latency_lower_bounds"] = nlohmann::ordered_json::array();
    const CensoredTimes latency(row.latency_ns, row.unfinished_age_ns);
    for (const double q : kQuantiles) {
      const std::string name = fmt::format("p{:g}", 100 * q);
      const CensoredValue value = latency.quantile(q);
      if (value.kind == CensoredValue::Kind::Nothing || !has_quantile(latency.count(), q)) {
        line["latency_s"][name] = nullptr;
      } else {
        line["latency_s"][name] = 1e-9 * static_cast<double>(value.value);
        if (!value.exact()) line["latency_lower_bounds"].push_back(name);
      }
    }
    json["summary"].push_back(std::move(line));
  }
  json["config_resolved"] = from.config_resolved;
  print_json(json);
}

std::string latency_text(const GroupRow& row, double q) {
  const CensoredTimes latency(row.latency_ns, row.unfinished_age_ns);
  const CensoredValue value = latency.quantile(q);
  if (value.kind == CensoredValue::Kind::Nothing || !has_quantile(latency.count(), q)) return "-";
  return (value.exact() ? "" : "\u2265") + human(std::chrono::nanoseconds(value.value));
}

void print_inspect(const InspectArguments& arguments, const ResultsContent& content) {
  const ResultsHeader& header = content.header;
  const ExperimentResults& results = content.results;
  const Provenance& from = results.provenance;
  fmt::print("{}: {}, results format {}.{}\n", arguments.results, header.title, header.format_major,
             header.format_minor);
  fmt::print("written {}by knetsim {} ({}{}), {}\n",
             header.created_utc.empty() ? std::string() : header.created_utc + " ", header.knetsim_version,
             header.git_sha1.substr(0, 12), header.git_dirty ? ", modified" : "", from.compiler);
  fmt::print("seed {}, {} replicates, costs {}\n", from.seed, from.replicates, from.costs_profile);
  if (!from.command_line.empty()) fmt::print("command: {}\n", from.command_line);
  for (const std::string& set : from.overrides) fmt::print("override: {}\n", set);
  fmt::print("{} input files: {}\n\n", from.input_name.size(), fmt::join(from.input_name, ", "));
  TextTable summary(
      {"workload", "variant", "runs", "asked/s", "done/s", "ok", "failed", "unfinished", "p50", "p99", "p99.9", ""},
      {2, 3, 4, 5, 6, 7, 8, 9, 10});
  for (const GroupRow& row : rows_of(results)) {
    summary.add({row.workload, row.variant, std::to_string(row.replicates), with_commas(std::llround(row.offered)),
                 with_commas(std::llround(row.achieved)), with_commas(row.ok), with_commas(row.failed),
                 with_commas(row.unfinished), latency_text(row, 0.5), latency_text(row, 0.99), latency_text(row, 0.999),
                 row.unstable ? "unstable" : ""});
  }
  fmt::print("{}\n", summary.render());
  TextTable groups({"group", "axes", "what it holds"});
  for (const GroupListing& group : content.groups) {
    groups.add({group.path, fmt::format("{}", fmt::join(group.axes, ", ")), group.description});
  }
  fmt::print("{}\nAs CSV: knetsim export {} --group GROUP\n", groups.render(), arguments.results);
}

}  // namespace

CommandRun add_inspect_command(CLI::App& command, CommandContext& /*context*/) {
  auto arguments = std::make_shared<InspectArguments>();
  command.description("Say what a results file holds: a summary, where it comes from, its groups.");
  command.footer(
      "knetsim inspect results/quickstart.h5\n"
      "knetsim inspect results/quickstart.h5 -o json");
  command.add_option("results", arguments->results, "Results file (HDF5)")->required();
  add_output_format(command, arguments->format);
  return [arguments] {
    const ResultsContent content = read_results_content(arguments->results);
    if (arguments->format == OutputFormat::Json) {
      print_inspect_json(content);
    } else {
      print_inspect(*arguments, content);
    }
    return exit_code::kDone;
  };
}

}  // namespace knetsim
