#pragma once

#include <string>
#include <vector>

#include "sim/core/distributions.h"
#include "sim/core/time.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

// Columns of numbers in text files: separated by commas, semicolons, tabs or blanks; a line that begins with # is a
// comment, and a first line without numbers a header.

/// "value,cumulative" lines; shares that end at 100 are percentages, as in the flow-size files of HPCC and its kin. A
/// value without a unit counts in seconds (`times`) or bytes. What is wrong goes to `diagnostics` with its line.
/// @throws ConfigError  The file cannot be read.
std::vector<Distribution::Point> read_cdf_file(const std::string& path, bool times, Diagnostics& diagnostics);

/// One instant a line, counted from the start of the run, ascending; seconds where no unit stands. Further columns are
/// passed over. @throws ConfigError  The file cannot be read.
/// @param from_first  They count from the first of them; else from the start of the run.
std::vector<Time> read_times_file(const std::string& path, bool from_first, Diagnostics& diagnostics);

}  // namespace knetsim
