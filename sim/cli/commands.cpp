#include "sim/cli/commands.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/cni/cni_model.h"
#include "models/cost/cost_profile.h"
#include "models/proxy/proxy_model.h"
#include "sim/cli/exit_code.h"
#include "sim/experiment/load_scenario.h"
#include "sim/experiment/scenario_schema.h"
#include "sim/input/explain.h"
#include "sim/input/path.h"
#include "sim/input/read_documents.h"
#include "sim/version/version.h"

namespace knetsim {
namespace {

struct Options {
  std::string file;
  std::string path;
  std::string format = "table";
  std::vector<std::string> sets;
  bool strict = false;
  bool assumptions = false;
};

void add_format(CLI::App& command, Options& options) {
  command.add_option("-o,--output", options.format, "Format: table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
}

int validate(const Options& options) {
  const auto loaded = load_scenario(options.file, {options.sets, {}});
  const std::vector<Diagnostic> notices = loaded->diagnostics.notices();
  for (const Diagnostic& notice : notices) {
    fmt::print(stderr, "{}", render(notice));
  }
  const BoundVariant& base = loaded->variants.front();
  fmt::print("{}: {} variants, {} workloads, {} apps, {} nodes\n{}\n", options.file, loaded->variants.size(),
             base.traffic.sources.size(), base.traffic.apps.size(), base.cluster.nodes.size(), loaded->manifests_line);
  fmt::print("{} notices; it would run {} points of {} simulated seconds\n", notices.size(),
             loaded->variants.size() * base.scenario.run.replicates,
             to_seconds(base.scenario.run.duration + base.scenario.run.warm_up));
  return options.strict && !notices.empty() ? exit_code::kUnsupported : exit_code::kDone;
}

int show_models(const Options& options) {
  if (options.format == "json") {
    nlohmann::ordered_json json;
    for (const ProxyInfo& mode : proxy_modes()) {
      json["proxyModes"].push_back({{"name", mode.name}, {"summary", mode.summary}, {"source", mode.source}});
    }
    for (const CniInfo& kind : cni_kinds()) {
      json["cniKinds"].push_back({{"name", kind.name}, {"summary", kind.summary}, {"source", kind.source}});
    }
    for (const StepKindInfo& kind : step_kinds()) {
      json["stepKinds"].push_back({{"name", kind.name}, {"unit", name_of(kind.unit)}, {"what", kind.what}});
    }
    fmt::print("{}\n", json.dump(2));
    return exit_code::kDone;
  }
  fmt::print("Proxy modes (cluster.proxy.mode)\n");
  for (const ProxyInfo& mode : proxy_modes()) {
    fmt::print("  {:<10} {}\n", mode.name, mode.summary);
  }
  fmt::print("\nPod networks (cluster.cni.kind)\n");
  for (const CniInfo& kind : cni_kinds()) {
    fmt::print("  {:<10} {}\n", kind.name, kind.summary);
  }
  fmt::print("\nSteps of a walk\n");
  for (const StepKindInfo& kind : step_kinds()) {
    fmt::print("  {:<18} {:<12} {}\n", kind.name, name_of(kind.unit), kind.what);
  }
  return exit_code::kDone;
}

int explain(const Options& options) {
  if (options.assumptions) {
    const auto input = Input::open(options.file.empty() ? installed_config("profiles/default.yaml") : options.file);
    Diagnostics diagnostics;
    const Document document = read_document(*input);
    const CostProfile profile = read_cost_profile(document.root(), diagnostics);
    diagnostics.throw_if_errors();
    for (const Assumption& assumption : assumptions(profile)) {
      fmt::print("{:<28} {:<24} {}\n", assumption.key, assumption.value, assumption.basis);
    }
    return exit_code::kDone;
  }
  fmt::print("{}", render(explain_scenario(Path::parse(options.path))));
  return exit_code::kDone;
}

int show_version(const Options& options) {
  const BuildInfo& build = build_info();
  if (options.format == "json") {
    const nlohmann::ordered_json json = {{"version", build.version},     {"git_sha1", build.git_sha},
                                         {"git_dirty", build.git_dirty}, {"compiler", build.compiler},
                                         {"flags", build.flags},         {"build_type", build.build_type}};
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("knetsim {} ({}{}), {}, {}\n", build.version, build.git_sha, build.git_dirty ? ", modified" : "",
               build.compiler, build.build_type);
  }
  return exit_code::kDone;
}

}  // namespace

void add_commands(CLI::App& program, int& code) {
  const auto add = [&](const char* name, const char* description, int (*call)(const Options&)) {
    auto options = std::make_shared<Options>();
    CLI::App* command = program.add_subcommand(name, description);
    command->callback([options, call, &code] { code = call(*options); });
    return std::pair(command, options);
  };
  {
    const auto [command, options] = add("validate", "Check a scenario and everything that it reads.", validate);
    command->add_option("scenario", options->file, "Scenario file")->required()->type_name("FILE");
    command->add_option("--set", options->sets, "Set a key first: path=value")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    command->add_flag("--strict", options->strict, "Exit with 4 when anything is not modelled or not used");
  }
  {
    const auto [command, options] =
        add("models", "List proxy modes, pod networks and the steps of walks.", show_models);
    add_format(*command, *options);
  }
  {
    const auto [command, options] = add("explain", "Say what a key of a scenario means.", explain);
    command->add_option("path", options->path, "Key, such as cluster.proxy.mode; none: the whole scenario")
        ->type_name("PATH");
    command->add_flag("--assumptions", options->assumptions,
                      "List the figures of the cost profile that nobody measured");
    command->add_option("--costs", options->file, "Cost profile for --assumptions")->type_name("FILE");
  }
  add("schema", "Print the JSON Schema of scenarios.", [](const Options&) {
    fmt::print("{}\n", scenario_schema());
    return exit_code::kDone;
  });
  {
    const auto [command, options] = add("version", "Print version, commit and compiler.", show_version);
    add_format(*command, *options);
  }
}

}  // namespace knetsim
