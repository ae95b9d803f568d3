#pragma once

#include <string>
#include <string_view>

#include "sim/input/document.h"

namespace knetsim {

/// A node as YAML in block style, two blanks an indent, in the order of the document, without comments: what was meant,
/// after overrides, aliases and merges. Reading it again gives equal kinds, texts and quoting.
std::string to_yaml(Node node);

/// A node as JSON on one line. Plain scalars that read as booleans (true and false only) or decimal numbers are such;
/// everything else is a string.
std::string to_json(Node node);

/// A text as a JSON string, quotes included.
std::string json_string(std::string_view text);

}  // namespace knetsim
