#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim::lab {

struct CommandOptions {
  std::string_view input{};  ///< Its standard input.
  int net_namespace = -1;    ///< Descriptor of the network namespace that it runs in; -1: this one.
  std::chrono::milliseconds patience = std::chrono::seconds(30);  ///< Then it is killed, with what it has started.
};

struct CommandResult {
  int status = 0;  ///< Exit status; 128 + the signal that ended it; 127 where it could not be started.
  bool timed_out = false;
  std::string output{};  ///< Standard output and standard error.
};

/// Runs a program, without a shell. Inside a namespace it sees that namespace's /sys too.
CommandResult run(const std::vector<std::string>& command, const CommandOptions& options = {});

/// "ip link add" -> {"ip", "link", "add"}: words between blanks, no quoting.
std::vector<std::string> words(std::string_view text);

/// Where a program of that name is. Root's programs come from the usual folders alone, whatever PATH says; other users'
/// from the absolute folders of PATH first. Empty: nowhere.
std::filesystem::path find_program(const std::string& program);
/// Whether it is anywhere.
bool is_installed(const std::string& program);

}  // namespace knetsim::lab
