#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/results/results_reader.h"
#include "analysis/summary.h"
#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/limit_lines.h"
#include "app/cli/policy_lines.h"
#include "app/cli/server_text.h"
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
  std::string_view variant;
  std::string_view workload;
  WorkloadSummary sum;

  double per_second(std::int64_t count) const {
    return sum.measured_s > 0 ? static_cast<double>(count) / sum.measured_s : 0;
  }
};

std::vector<GroupRow> rows_of(const Recorded& recorded) {
  std::vector<GroupRow> rows;
  for (const std::string_view variant : recorded.variants()) {
    for (const std::string_view workload : recorded.workloads_of(variant)) {
      rows.push_back({variant, workload, summarise(recorded, variant, workload)});
    }
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
    json["inputs"].push_back(
        {{"name", from.input_name[i]}, {"sha256", i < from.input_sha256.size() ? from.input_sha256[i] : ""}});
  }
  for (const GroupListing& group : content.groups) {
    json["groups"].push_back({{"path", group.path}, {"axes", group.axes}, {"description", group.description}});
  }
  json["summary"] = nlohmann::ordered_json::array();
  for (const GroupRow& row : rows_of(Recorded(results))) {
    nlohmann::ordered_json line = {{"variant", row.variant},
                                   {"workload", row.workload},
                                   {"replicates", row.sum.runs},
                                   {"offered_per_s", row.per_second(row.sum.asked)},
                                   {"achieved_per_s", row.per_second(row.sum.ended_ok)},
                                   {"ok", row.sum.ok},
                                   {"errors_and_timeouts", row.sum.failed},
                                   {"unfinished", row.sum.unfinished},
                                   {"servers", row.sum.servers},
                                   {"servers_unused", row.sum.servers_unused},
                                   {"busiest_server_share", row.sum.busiest_server_share()},
                                   {"unstable", row.sum.unstable}};
    line["latency_lower_bounds"] = nlohmann::ordered_json::array();
    const CensoredTimes latency(row.sum.latency_ns, row.sum.unfinished_age_ns);
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
  const CensoredTimes latency(row.sum.latency_ns, row.sum.unfinished_age_ns);
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
  std::string notes;
  for (const GroupRow& row : rows_of(Recorded(results))) {
    const WorkloadSummary& sum = row.sum;
    if (const std::string busiest = busiest_server_text(sum); !busiest.empty()) {
      notes += fmt::format("{} ({}): {}\n", row.workload, row.variant, busiest);
    }
    summary.add({std::string(row.workload), std::string(row.variant), std::to_string(sum.runs),
                 with_commas(std::llround(row.per_second(sum.asked))),
                 with_commas(std::llround(row.per_second(sum.ended_ok))), with_commas(sum.ok), with_commas(sum.failed),
                 with_commas(sum.unfinished), latency_text(row, 0.5), latency_text(row, 0.99), latency_text(row, 0.999),
                 sum.unstable ? "unstable" : ""});
  }
  fmt::print("{}\n", summary.render());
  notes += limit_lines(Recorded(results));
  notes += policy_lines(Recorded(results));
  if (!notes.empty()) fmt::print("{}\n", notes);
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
