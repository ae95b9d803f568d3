#pragma once

#include <optional>

#include "sim/input/diagnostics.h"
#include "sim/input/input_file.h"

namespace knetsim {

/// The error that a file which is a template (Helm, Jinja) is to give instead of its mistakes as YAML: named at its
/// first action. A manifest may hold templates of others in its texts, so only a file that could not be read is one.
/// @param error_line  Of the first mistake.
std::optional<Diagnostic> template_error(const Input& input, std::uint32_t error_line);

}  // namespace knetsim
