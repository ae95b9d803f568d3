#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/kernel_summary.h"
#include "app/cli/progress.h"
#include "app/cli/proxy_lab.h"
#include "app/cli/terminal.h"
#include "app/cli/text_table.h"
#include "app/cli/verify_kernel.h"
#include "app/experiment/published_tables.h"
#include "app/scenario/scenario.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

struct VerifyArguments {
  bool published = false;
  bool kernel = false;
  std::string profile;
  std::string calibrate;
  bool proxies = false;
  LabOptions lab{};
  std::string table;
  std::string format = "table";
  std::uint32_t threads = 0;
};

std::string published_file() {
  constexpr const char* kInTree = "configs/validation/published.yaml";
  std::string path = installed_config("validation/published.yaml");
  if (path.empty() && std::filesystem::exists(kInTree)) path = kInTree;
  if (path.empty()) throw UsageError("the published tables (configs/validation) are not beside the program");
  return path;
}

/// "0.0523 ms", "1,106,000 /s"
std::string value_text(double value, const std::string& unit) {
  if (unit == "1/s") return with_commas(std::llround(value)) + " /s";
  return fmt::format("{:.3g} {}", value, unit);
}

std::string error_text(const PublishedFigure& figure) {
  return fmt::format("{:+.0f} %", 100 * (figure.model / figure.value - 1));
}

/// Figures column by column, as a reader compares them.
std::vector<const PublishedFigure*> by_column(const PublishedTable& table) {
  std::vector<std::string> columns;
  for (const PublishedFigure& figure : table.figures) {
    if (std::find(columns.begin(), columns.end(), figure.column) == columns.end()) columns.push_back(figure.column);
  }
  std::vector<const PublishedFigure*> figures;
  for (const std::string& column : columns) {
    for (const PublishedFigure& figure : table.figures) {
      if (figure.column == column) figures.push_back(&figure);
    }
  }
  return figures;
}

std::string order_text(const PublishedTable& table) {
  const std::vector<OrderedPair> pairs = ordered_pairs(table);
  const auto met = std::count_if(pairs.begin(), pairs.end(), [](const OrderedPair& pair) { return pair.met; });
  std::string text = fmt::format(
      "Order: {} of {} pairs that differ by more than the reading error stand as in the source", met, pairs.size());
  for (const OrderedPair& pair : pairs) {
    if (pair.met) continue;
    text += fmt::format("; not {}, {} below {}{}", pair.lower->column, pair.lower->row, pair.higher->row,
                        pair.higher->column == pair.lower->column ? "" : ", " + pair.higher->column);
  }
  return text + ".";
}

std::string read_text(const PublishedTable& table) {
  const std::string error = table.error_relative > 0 ? fmt::format("{:g} %", 100 * table.error_relative)
                                                     : fmt::format("{:g}", table.error_absolute);
  return fmt::format("{}, to ±{}", table.read, error);
}

std::string with_full_stop(const std::string& text) { return text.ends_with('.') ? text : text + "."; }

void print_screen(const PublishedTable& table) {
  TextTable rows({"", "", "published", "model", "error", ""}, {2, 3, 4});
  for (const PublishedFigure* figure : by_column(table)) {
    rows.add({figure->column, figure->row, value_text(figure->value, figure->unit),
              value_text(figure->model, figure->unit), error_text(*figure), std::string(to_string(figure->use))});
  }
  fmt::print("{}\n  {}, {}\n  machine: {}\n  versions: {}\n  read from: {}\n{}  {}\n\n", table.title, table.source,
             table.date, table.machine, table.versions, read_text(table), rows.render(2), order_text(table));
  for (const NotModelled& one : table.not_modelled) fmt::print("  not modelled: {}: {}\n", one.what, one.why);
  if (!table.not_modelled.empty()) fmt::print("\n");
}

void print_markdown(const PublishedTable& table) {
  fmt::print("## {}\n\n", table.title);
  fmt::print("[{}]({}), {}. Machine: {}. Versions: {}. Read from: {}.\n", table.source, table.url, table.date,
             table.machine, table.versions, read_text(table));
  fmt::print("Scenario: `configs/validation/{}`.\n\n", std::filesystem::path(table.scenario).filename().string());
  fmt::print("| figure | of | published | model | error | use |\n| --- | --- | ---: | ---: | ---: | --- |\n");
  for (const PublishedFigure* figure : by_column(table)) {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", figure->column, figure->row,
               value_text(figure->value, figure->unit), value_text(figure->model, figure->unit), error_text(*figure),
               to_string(figure->use));
  }
  fmt::print("\n{}\n", order_text(table));
  for (const std::string& note : table.notes) fmt::print("\n- {}\n", with_full_stop(note));
  if (!table.not_modelled.empty()) {
    fmt::print("\nOf the same source, not modelled:\n\n| what | why, and what would be needed |\n| --- | --- |\n");
    for (const NotModelled& one : table.not_modelled) fmt::print("| {} | {} |\n", one.what, one.why);
  }
  fmt::print("\n");
}

constexpr const char* kPageHead =
    R"(# Validation

Written by `knetsim verify --published -o markdown`; a slow test fails when this page is not what the program prints, and renews
it with `KNETSIM_UPDATE_GOLDEN=1`. The errors are as they are.

How a published figure was used: **fitted**, a cost was chosen so that it comes out; **predicted, known when the profile was
made**, nothing was chosen for it, but whoever chose had seen it; **predicted**, first seen afterwards; **not fitted**, shown, and
the model is not meant to meet it. The published figures stand in `configs/validation/published.yaml`, once.

Checked elsewhere, by tests that need no figure of a machine: queues against their closed forms (M/M/1, M/D/1, M/M/k, M/G/1:
`tests/models/workload/queueing_test.cpp`), links against packet trains and cross traffic (`tests/sim/net`), walks against walks by
hand and against counters of a real kernel's rules (`tests/models/service/datapath_test.cpp`,
`tests/analysis/lab/kernel_rules_lab.h`), kube-proxy's rules against its own totals
(`tests/models/proxy/rule_totals_test.cpp`). Conservation and Little's law are asserted at the end of every run.

)";

nlohmann::ordered_json json_of(const PublishedTable& table) {
  nlohmann::ordered_json json = {{"id", table.id},
                                 {"title", table.title},
                                 {"source", table.source},
                                 {"url", table.url},
                                 {"date", table.date},
                                 {"machine", table.machine},
                                 {"versions", table.versions},
                                 {"read", table.read},
                                 {"scenario", table.scenario},
                                 {"error_absolute", table.error_absolute},
                                 {"error_relative", table.error_relative}};
  json["figures"] = nlohmann::ordered_json::array();
  for (const PublishedFigure& figure : table.figures) {
    json["figures"].push_back({{"figure", figure.column},
                               {"of", figure.row},
                               {"unit", figure.unit},
                               {"published", figure.value},
                               {"model", figure.model},
                               {"relative_error", figure.model / figure.value - 1},
                               {"use", to_string(figure.use)}});
  }
  json["order"] = nlohmann::ordered_json::array();
  for (const OrderedPair& pair : ordered_pairs(table)) {
    json["order"].push_back({{"lower", {pair.lower->column, pair.lower->row}},
                             {"higher", {pair.higher->column, pair.higher->row}},
                             {"met", pair.met}});
  }
  json["not_modelled"] = nlohmann::ordered_json::array();
  for (const NotModelled& one : table.not_modelled) {
    json["not_modelled"].push_back({{"what", one.what}, {"why", one.why}});
  }
  json["notes"] = table.notes;
  return json;
}

int verify_published(const VerifyArguments& arguments, const CommandContext& context) {
  std::vector<PublishedTable> tables = read_published_tables(published_file());
  if (!arguments.table.empty()) {
    std::string known;
    for (const PublishedTable& table : tables) known += (known.empty() ? "" : ", ") + table.id;
    std::erase_if(tables, [&](const PublishedTable& table) { return table.id != arguments.table; });
    if (tables.empty()) throw UsageError(fmt::format("no table '{}'; there are {}", arguments.table, known));
  }
  for (PublishedTable& table : tables) {
    ProgressLine line(!context.says(LogLevel::Warning));
    run_published(table, {.threads = arguments.threads,
                          .on_progress = [&](const Progress& progress) { line.show(progress); },
                          .stop = nullptr});
    line.done();
  }
  if (arguments.format == "json") {
    nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}};
    json["tables"] = nlohmann::ordered_json::array();
    for (const PublishedTable& table : tables) json["tables"].push_back(json_of(table));
    print_json(json);
    return exit_code::kDone;
  }
  if (arguments.format == "markdown") fmt::print("{}{}", kPageHead, kernel_summary());
  for (const PublishedTable& table : tables) {
    if (arguments.format == "markdown") {
      print_markdown(table);
    } else {
      print_screen(table);
    }
  }
  return exit_code::kDone;
}

}  // namespace

CommandRun add_verify_command(CLI::App& command, CommandContext& context) {
  auto arguments = std::make_shared<VerifyArguments>();
  command.description("Compare what the models give with published figures, or with this machine's kernel.");
  command.footer(
      "knetsim verify --published\n"
      "knetsim verify --published --table proxy-modes -o json\n"
      "knetsim verify --published -o markdown > docs/validation.md\n"
      "knetsim verify --kernel --calibrate profile.yaml --save measured.json\n"
      "knetsim verify --kernel --profile profile.yaml\n"
      "knetsim verify --kernel --proxies --profile profile.yaml --calibrate with-proxies.yaml\n"
      "knetsim verify --kernel --profile profile.yaml --from measured.json");
  CLI::Option* const published =
      command.add_flag("--published", arguments->published, "With published tables: configs/validation/published.yaml");
  CLI::Option* const kernel =
      command.add_flag("--kernel", arguments->kernel, "With this machine's kernel, in network namespaces (needs root)");
  command.add_option("--profile", arguments->profile, "Of --kernel: the cost profile (default: profiles/default.yaml)")
      ->type_name("FILE");
  command
      .add_option("--calibrate", arguments->calibrate,
                  "Of --kernel: fit a profile in the same rounds, write it to FILE and judge that one; --profile is "
                  "where it starts")
      ->type_name("FILE")
      ->check(named_file());
  add_lab_options(command, arguments->lab);
  CLI::Option* proxies = command.add_flag("--proxies", arguments->proxies,
                                          "Of --kernel: proxies and TLS on it instead (./dev setup proxies)");
  for (const char* const option : {"--save", "--from"}) proxies->excludes(command.get_option(option));
  command.add_flag("--force", arguments->lab.force, "Of --save and --calibrate: overwrite the file");
  command.add_option("--table", arguments->table, "Of --published: one of the tables only")->type_name("NAME");
  command.add_option("-o,--output", arguments->format, "Format: table, json or markdown")
      ->check(CLI::IsMember({"table", "json", "markdown"}))
      ->type_name("FORMAT")
      ->default_str("table");
  command.add_option("-j,--threads", arguments->threads, "Points simulated at a time (default: every core)")
      ->type_name("N");
  for (const char* const option :
       {"--profile", "--calibrate", "--proxies", "--rounds", "--save", "--from", "--force"}) {
    command.get_option(option)->needs(kernel);
  }
  for (const char* const option : {"--table", "--threads"}) command.get_option(option)->needs(published);
  return [arguments, &context] {
    if (arguments->published == arguments->kernel)
      throw UsageError("say what to compare with: --published or --kernel");
    if (arguments->published) return verify_published(*arguments, context);
    if (arguments->proxies) {
      return verify_proxies({.profile = arguments->profile,
                             .calibrate = arguments->calibrate,
                             .lab = arguments->lab,
                             .format = arguments->format},
                            context);
    }
    return verify_kernel({.profile = arguments->profile,
                          .calibrate = arguments->calibrate,
                          .lab = arguments->lab,
                          .format = arguments->format},
                         context);
  };
}

}  // namespace knetsim
