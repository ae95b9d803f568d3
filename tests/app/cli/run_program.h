#pragma once

#include <string>

#include "support/temporary_folder.h"

namespace knetsim::test {

struct ProgramResult {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs the program that was built, in the root of the source tree, its output in files (so on no terminal).
/// @param shell  What follows the program's name, for /bin/sh.
/// @param environment  Assignments before it: "NO_COLOR=1".
ProgramResult run_program(const std::string& shell, const std::string& environment = {});

/// The first line in which two texts differ, as both have it: a mismatch of whole pages that can be read. Empty where
/// they are equal.
std::string first_difference(const std::string& expected, const std::string& actual);

/// Compares a text with tests/app/cli/golden/<name>. With KNETSIM_UPDATE_GOLDEN set, writes it instead.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace knetsim::test
