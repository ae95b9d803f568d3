#include "app/cli/help_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/cli/text_table.h"

namespace knetsim {
namespace {

std::string positional_name(const CLI::Option& option) {
  std::string name = capitals(option.get_name(true, false));
  if (option.get_expected_max() > 1) name += "...";
  return option.get_required() ? name : "[" + name + "]";
}

std::string option_name(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) text += "--" + name + ", ";
  text.resize(text.size() - 2);
  if (option.get_snames().empty()) text.insert(0, "    ");
  const std::string type = option.get_type_name();  // "FORMAT:{table,json}": the description says what is allowed
  if (option.get_type_size() != 0 && !type.empty()) text += " " + type.substr(0, type.find(':'));
  return text;
}

struct Line {
  std::string name;
  std::string text;
};

std::string section(std::string_view title, const std::vector<Line>& lines, std::size_t width) {
  if (lines.empty()) return {};
  std::size_t column = 0;
  for (const Line& line : lines) column = std::max(column, line.name.size());
  column = std::min<std::size_t>(column, 28) + 4;
  std::string out = fmt::format("\n{}:\n", title);
  for (const Line& line : lines) {
    std::string left = "  " + line.name;
    if (left.size() + 2 > column) {
      out += left + "\n";
      left.clear();
    }
    left.resize(column, ' ');
    out += left + wrap(line.text, column, column, width) + "\n";
  }
  return out;
}

std::string examples(const std::string& footer) {
  std::string out = "\nExamples:\n  ";
  for (const char c : footer) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + "\n";
}

}  // namespace

std::string capitals(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string usage_line(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name() + " COMMAND [options]";
  std::string line = command.get_parent()->get_name() + " " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) line += " " + positional_name(*option);
  }
  return line + " [options]";
}

std::string HelpText::make_help(const CLI::App* app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const {
  std::string out = wrap(app->get_description(), 0, 0, width_) + "\n\nUsage: " + usage_line(*app) + "\n";
  if (!app->get_footer().empty()) out += examples(app->get_footer());
  std::vector<Line> lines;
  for (const CLI::App* command : app->get_subcommands(nullptr)) {
    lines.push_back({command->get_name(), command->get_description()});
  }
  out += section("Commands", lines, width_);
  lines.clear();
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional()) {
      lines.push_back({capitals(option->get_name(true, false)), option->get_description()});
    }
  }
  out += section("Arguments", lines, width_);
  lines.clear();
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional() || option->get_group().empty()) continue;  // no group: not for people
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += fmt::format(" [{}]", option->get_default_str());
    lines.push_back({option_name(*option), std::move(text)});
  }
  out += section("Options", lines, width_);
  if (app->get_parent() == nullptr) {
    out += "\n" +
           wrap(
               "Exit codes: 0 done, 1 a mistake of the program, 2 of the command line, 3 of the input, 4 not modelled "
               "(--strict), 5 results or output unusable, 6 not allowed on this machine (the kernel lab), 10 an SLO is "
               "missed, 11 one cannot be told (--strict), 130 or 143 stopped by a signal. 'knetsim help COMMAND' says "
               "more.",
               0, 0, width_) +
           "\n";
  }
  return out;
}

}  // namespace knetsim
