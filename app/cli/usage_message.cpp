#include "app/cli/usage_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/cli/help_text.h"
#include "sim/input/diagnostics.h"

namespace knetsim {
namespace {

const CLI::App* command_named(const CLI::App& program, const std::string& name) {
  const auto all = program.get_subcommands(nullptr);
  const auto found = std::find_if(all.begin(), all.end(), [&](const CLI::App* c) { return c->get_name() == name; });
  return found == all.end() ? nullptr : *found;
}

std::string near_command(const CLI::App& program, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands(nullptr)) names.push_back(command->get_name());
  return suggest(name, names);
}

/// "--varaint=x" -> "--varaint"; "" for what is no option.
std::string option_part(const std::string& argument) {
  if (argument.size() < 2 || argument[0] != '-') return {};
  return argument[1] == '-' ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string surplus(const CLI::App& command, std::span<const std::string> arguments) {
  const std::vector<std::string> known = option_names(command);
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const std::string option = option_part(argument);
    if (option.empty() || option == "-") continue;
    if (std::find(known.begin(), known.end(), option) == known.end()) {
      // Short options have no near names: every other one is one letter away.
      return fmt::format("unknown option '{}'{}", option, option.starts_with("--") ? suggest(option, known) : "");
    }
  }
  return {};
}

}  // namespace

std::string usage_message(const CLI::App& program, const CLI::ParseError& error,
                          std::span<const std::string> arguments) {
  const auto verb = std::find_if(arguments.begin(), arguments.end(),
                                 [](const std::string& argument) { return !argument.starts_with('-'); });
  const CLI::App* command = verb == arguments.end() ? nullptr : command_named(program, *verb);
  std::string what;
  if (command == nullptr) {
    what = surplus(program, arguments.first(static_cast<std::size_t>(verb - arguments.begin())));
    if (what.empty() && verb != arguments.end()) {
      what = fmt::format("unknown command '{}'{}", *verb, near_command(program, *verb));
    }
    if (what.empty()) what = error.what();
    return fmt::format("knetsim: {}\nRun 'knetsim --help' for what there is.\n", what);
  }
  const auto rest = arguments.subspan(static_cast<std::size_t>(verb - arguments.begin()) + 1);
  what = surplus(*command, rest);
  if (what.empty()) {
    what = error.what();
    if (what.starts_with("The following argument")) what = "too many arguments" + what.substr(what.find(": "));
    if (error.get_name() == "RequiredError") {  // "scenario is required": as the usage line spells it
      const std::size_t end = what.find(' ');
      what = capitals(what.substr(0, end)) + " is missing";
    }
  }
  return fmt::format("knetsim {}: {}\nUsage: {}\nRun 'knetsim help {}' for more.\n", *verb, what, usage_line(*command),
                     *verb);
}

}  // namespace knetsim
