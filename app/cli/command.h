#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class App;
}

namespace knetsim {

/// What was typed makes no sense: exit code 2. Mistakes inside files are ConfigErrors.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How much is said on standard error beside errors.
enum class LogLevel : std::uint8_t {
  Error,    ///< -q: nothing.
  Warning,  ///< Notices about the input, progress.
  Info,     ///< -v: what it took.
  Debug,    ///< -vv: what was read, and each point that was simulated.
};

/// What every command is given. Lives until the command has run.
struct CommandContext {
  const CLI::App* program = nullptr;
  std::string command_line;  ///< As typed.
  std::string colour = "auto";
  LogLevel level = LogLevel::Warning;

  bool says(LogLevel what) const { return what <= level; }
};

/// Runs a command whose arguments have been parsed. @return The exit code.
using CommandRun = std::function<int()>;

/// One line of the table: a command describes itself (summary, examples as the footer, options) and says how it is run.
struct CommandInfo {
  std::string_view name;
  CommandRun (*add)(CLI::App& command, CommandContext& context);
};

/// All commands, in the order of the help text.
std::span<const CommandInfo> commands();

/// -o: how the data on standard output are written.
enum class OutputFormat : std::uint8_t { Table, Json };

/// Adds `-o, --output table|json`.
void add_output_format(CLI::App& command, OutputFormat& format);

/// Adds `--out FILE`; an empty name, as of a shell's unset variable, is refused.
void add_out_file(CLI::App& command, std::string& file, const std::string& description);

/// Prints a JSON object to standard output. Every object opens with `format_version`, whose first number changes when
/// a reader has to.
void print_json(const nlohmann::ordered_json& json);
inline constexpr const char* kJsonFormatVersion = "1.0";

}  // namespace knetsim
