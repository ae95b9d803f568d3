#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/input/input_file.h"

struct fy_diag;

namespace knetsim {

/// What keeps a text from being given to libfyaml, and the byte at which it shows.
struct TextFault {
  std::size_t offset = 0;
  std::string message;
};

/// NUL bytes, what is not UTF-8, control characters, and more brackets and braces that open and never close than
/// libfyaml bears: it looks ahead to the end of each before it hands out the first.
std::optional<TextFault> fault_before_parsing(std::string_view text);

/// The first thing that libfyaml did not understand, and where.
struct SyntaxFault {
  Mark mark;
  std::string message;
};

/// @param messages  What the parser collected.
/// @param offset    Where in the input the text begins that it was given.
SyntaxFault syntax_fault(fy_diag* messages, const Input& input, std::uint64_t offset, std::uint32_t document);

}  // namespace knetsim
