#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/terminal.h"
#include "app/cli/text_table.h"
#include "app/scenario/scenario.h"
#include "app/scenario/scenario_schema.h"
#include "app/scenario/slo.h"
#include "models/cost/cost_profile.h"
#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"

namespace knetsim {
namespace {

struct ExplainArguments {
  std::string path;
  std::string costs;
  bool assumptions = false;
  bool all = false;
  bool of_profile = false;
  OutputFormat format = OutputFormat::Table;
};

std::string presence_of(const Explanation& key) {
  if (key.required) return "required";
  if (key.choice) return "one of the choices";
  return key.default_text ? "default " + *key.default_text : "optional";
}

/// A key without the keys below it.
nlohmann::ordered_json json_of(const Explanation& key) {
  nlohmann::ordered_json json = {{"path", key.path}, {"type", key.type}, {"doc", key.doc}};
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  text("unit", key.unit);
  text("accepted", key.accepted);
  text("range", key.range);
  if (key.default_text) json["default"] = *key.default_text;
  text("source", key.source);
  json["presence"] = key.required ? "required" : key.choice ? "choice" : "optional";
  for (const EnumValue& value : key.values) json["values"].push_back({{"name", value.name}, {"doc", value.doc}});
  if (!key.shorthands.empty()) json["shorthands"] = key.shorthands;
  return json;
}

int explain_all_keys(const ExplainArguments& arguments) {
  const std::vector<Explanation> keys = arguments.of_profile ? explain_profile_all() : explain_scenario_all();
  if (arguments.format == OutputFormat::Json) {
    nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}};
    for (const Explanation& key : keys) json["keys"].push_back(json_of(key));
    print_json(json);
    return exit_code::kDone;
  }
  TextTable table({"key", "type", "presence"});
  for (const Explanation& key : keys) {
    if (!key.path.empty()) table.add({key.path, key.type, presence_of(key)});
  }
  fmt::print("{}", table.render());
  return exit_code::kDone;
}

/// The profile that a scenario gets that names none: the program's own, or that of the tree that the user stands in.
std::string default_profile() {
  constexpr const char* kInTree = "configs/profiles/default.yaml";
  std::string path = installed_config("profiles/default.yaml");
  if (path.empty() && std::filesystem::exists(kInTree)) path = kInTree;
  if (path.empty()) throw UsageError("the default cost profile is not beside the program: name one by --costs");
  return path;
}

int explain_assumptions(const ExplainArguments& arguments) {
  InputSet inputs;
  const std::string path = arguments.costs.empty() ? default_profile() : arguments.costs;
  Diagnostics diagnostics;
  const CostProfile profile = load_cost_profile(inputs, path, diagnostics, installed_config("profiles/default.yaml"));
  diagnostics.throw_if_errors();
  const std::vector<Assumption> assumed = assumptions(profile);
  if (arguments.format == OutputFormat::Json) {
    nlohmann::ordered_json json = {
        {"format_version", kJsonFormatVersion}, {"profile", profile.name}, {"machine", profile.machine}};
    json["assumptions"] = nlohmann::ordered_json::array();
    for (const Assumption& one : assumed) {
      json["assumptions"].push_back({{"key", one.key}, {"value", one.value}, {"basis", one.basis}});
    }
    print_json(json);
    return exit_code::kDone;
  }
  fmt::print("{} of the figures of {} ({}) are assumed: nobody has measured them.\n\n", assumed.size(), profile.name,
             profile.machine);
  TextTable table({"figure", "value", "why it is plausible"});
  for (const Assumption& one : assumed) table.add({one.key, one.value, one.basis});
  fmt::print("{}", table.render(0, help_width()));
  return exit_code::kDone;
}

int explain_key(const ExplainArguments& arguments) {
  Explanation key;
  try {
    const Path path = Path::parse(arguments.path);
    key = arguments.of_profile ? explain_profile(path) : explain_scenario(path);
  } catch (const PathError& error) {
    throw UsageError(fmt::format("'{}' is not a path: {}", arguments.path, error.what()));
  } catch (const ValueError& error) {
    throw UsageError(error.what());
  }
  if (arguments.format == OutputFormat::Table) {
    fmt::print("{}", render(key, help_width()));
    if (key.path == "slo" && !arguments.of_profile) fmt::print("\n{}", slo_grammar());
    return exit_code::kDone;
  }
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}};
  json.update(json_of(key));
  if (key.path == "slo" && !arguments.of_profile) json["grammar"] = slo_grammar();
  for (const Explanation& child : key.children) json["keys"].push_back(json_of(child));
  print_json(json);
  return exit_code::kDone;
}

}  // namespace

CommandRun add_explain_command(CLI::App& command, CommandContext& /*context*/) {
  auto arguments = std::make_shared<ExplainArguments>();
  command.description("Say what a key of a scenario means: its unit, default and allowed values.");
  command.footer(
      "knetsim explain cluster.proxy.mode\n"
      "knetsim explain workloads.arrivals\n"
      "knetsim explain slo\n"
      "knetsim explain --profile scans.rule\n"
      "knetsim explain --assumptions");
  command.add_option("path", arguments->path, "A key; none: the keys at the top");
  command.add_flag("--all", arguments->all, "List every key there is");
  command.add_flag("--profile", arguments->of_profile, "Explain the keys of a cost profile, not of a scenario");
  command.add_flag("--assumptions", arguments->assumptions, "List the figures of a cost profile that nobody measured");
  command.add_option("--costs", arguments->costs, "Cost profile for --assumptions (default: profiles/default.yaml)")
      ->type_name("FILE");
  add_output_format(command, arguments->format);
  return [arguments] {
    if (arguments->assumptions) return explain_assumptions(*arguments);
    if (arguments->all) return explain_all_keys(*arguments);
    return explain_key(*arguments);
  };
}

}  // namespace knetsim
