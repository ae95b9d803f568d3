#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/cli/terminal.h"
#include "app/cli/text_table.h"
#include "models/cni/cni_model.h"
#include "models/cost/step_kind.h"
#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

std::string_view name_of(Charge charge) {
  switch (charge) {
    case Charge::LatencyAndCpu:
      return "latency and CPU";
    case Charge::LatencyOnly:
      return "latency";
    case Charge::CpuOnly:
      return "CPU";
  }
  return "";
}

void print_models_json() {
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion}};
  for (const ProxyInfo& mode : proxy_modes()) {
    json["proxy_modes"].push_back({{"name", mode.name}, {"summary", mode.summary}, {"source", mode.source}});
  }
  for (const CniInfo& kind : cni_kinds()) {
    json["cni_kinds"].push_back(
        {{"name", kind.name}, {"backends", kind.backends}, {"summary", kind.summary}, {"source", kind.source}});
  }
  for (const StepKindInfo& kind : step_kinds()) {
    json["step_kinds"].push_back(
        {{"name", kind.name}, {"unit", name_of(kind.unit)}, {"charge", name_of(kind.charge)}, {"what", kind.what}});
  }
  print_json(json);
}

void print_models() {
  const std::size_t width = help_width();
  TextTable modes({"", ""});
  for (const ProxyInfo& mode : proxy_modes()) modes.add({std::string(mode.name), std::string(mode.summary)});
  TextTable kinds({"", "", ""});
  for (const CniInfo& kind : cni_kinds()) {
    kinds.add({std::string(kind.name), fmt::format("{}", fmt::join(kind.backends, ", ")), std::string(kind.summary)});
  }
  TextTable steps({"", "", "", ""});
  for (const StepKindInfo& kind : step_kinds()) {
    steps.add({std::string(kind.name), fmt::format("a {}", name_of(kind.unit)), std::string(name_of(kind.charge)),
               std::string(kind.what)});
  }
  fmt::print("Proxy modes, cluster.proxy.mode:\n{}\nPod networks, cluster.cni.kind and backend:\n{}\n",
             modes.render(2, width), kinds.render(2, width));
  fmt::print("Steps of a walk: what a cost is for, and what it takes:\n{}", steps.render(2));
}

}  // namespace

CommandRun add_models_command(CLI::App& command, CommandContext& /*context*/) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::Table);
  command.description("List proxy modes, pod networks and the steps that walks are made of.");
  command.footer("knetsim models\nknetsim models -o json");
  add_output_format(command, *format);
  return [format] {
    if (*format == OutputFormat::Json) {
      print_models_json();
    } else {
      print_models();
    }
    return exit_code::kDone;
  };
}

}  // namespace knetsim
