#include "app/scenario/resolved_scenario.h"

#include <filesystem>
#include <list>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "app/scenario/apply_sets.h"
#include "app/scenario/scenario_keys.h"
#include "sim/input/binder.h"
#include "sim/input/emit.h"
#include "sim/input/overrides.h"

namespace knetsim {

namespace {

namespace fs = std::filesystem;

/// A file named in a scenario, as it is named from the scenario's folder. Absolute names, and those of --set, which
/// count from where the program was started, would make equal runs on two machines differ, and tell where somebody
/// works.
std::optional<std::string> named_from(const fs::path& folder, Node name) {
  const fs::path file(name.text());
  const bool typed = name.mark().file == "--set";
  if (!name.is_scalar() || file.empty() || file == "-" || (!file.is_absolute() && !typed)) return std::nullopt;
  std::error_code error;
  const fs::path relative = fs::absolute(file, error).lexically_normal().lexically_relative(folder);
  return error || relative.empty() ? std::nullopt : std::optional(relative.string());
}

/// Every file that a scenario names, also in its variants: as the keys are called, wherever they stand.
void collect_files(Node node, std::vector<Node>& files) {
  for (const Node child : node) {
    const std::string_view key = child.key().text();
    if (key == "costs" || key == "graph" || key == "cdf" || key == "times") files.push_back(child);
    if (key == "manifests") files.insert(files.end(), child.begin(), child.end());
    if (key != "patches") collect_files(child, files);
  }
}

}  // namespace

std::string resolved_scenario(const Document& scenario, std::span<const std::string> sets) {
  InputSet inputs;
  std::list<DefaultDocument> defaults;  // outlive the document, which refers to their text
  Document document = scenario;
  Diagnostics diagnostics;
  apply_sets(document, sets, inputs, diagnostics);
  diagnostics.throw_if_errors();
  if (const std::string_view file = scenario.root().mark().file; !file.empty() && !file.starts_with('<')) {
    std::error_code error;
    const fs::path folder = fs::absolute(fs::path(file), error).lexically_normal().parent_path();
    std::vector<Node> files;
    collect_files(document.root(), files);
    std::vector<std::pair<std::string, std::string>> renamed;
    for (const Node name : files) {
      if (const auto relative = named_from(folder, name); relative && !error)
        renamed.emplace_back(name.path(), *relative);
    }
    for (const auto& [path, name] : renamed) {
      set_value(document, Path::parse(path), defaults.emplace_back(name).root(), diagnostics);
    }
  }
  std::vector<ValueOrigin> origins;
  Diagnostics incomplete;  // what every variant overrides need not be right, or be there
  bind<ScenarioKeys>(document.root(), incomplete, &origins);
  for (const ValueOrigin& origin : origins) {
    if (!origin.is_default || origin.text.empty()) {
      continue;
    }
    Diagnostics no_room;  // under a shorthand: `to: cart` has no place for the port
    set_value(document, Path::parse(origin.path), defaults.emplace_back(origin.text).root(), no_room);
  }
  return to_yaml(document.root());
}

}  // namespace knetsim
