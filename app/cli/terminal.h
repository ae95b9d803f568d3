#pragma once

#include <cstddef>
#include <string_view>

namespace knetsim {

/// Whether what goes to standard error is coloured. `choice` is --color's: "always", "never", or "auto": not with
/// NO_COLOR (https://no-color.org) or TERM=dumb; with CLICOLOR_FORCE; else where standard error is a terminal.
bool colour_errors(std::string_view choice);

/// Columns of the terminal that standard error is; 80 where it does not say.
std::size_t error_columns();

/// Columns to wrap help at: the terminal's, 80 where standard output is none, within 60 .. 110.
std::size_t help_width();

}  // namespace knetsim
