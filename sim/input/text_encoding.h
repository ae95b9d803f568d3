#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace knetsim {

/// Text of UTF-16 in UTF-8, if `bytes` begin with UTF-16's byte order mark, of either order, as PowerShell's `>` writes
/// it. A half of a surrogate pair becomes U+FFFD, and so does an odd byte at the end. Empty for anything else.
std::optional<std::string> from_utf16(std::string_view bytes);

/// Length of the longest beginning of `text` that is valid UTF-8.
std::size_t valid_utf8(std::string_view text);

struct Repaired {
  std::string text;
  std::size_t bytes = 0;  ///< Replaced.
};
/// Each byte that is no part of valid UTF-8 becomes U+FFFD, as Go's unicode.UTF8 decoder has it, through which kubectl
/// reads files (k/k staging/src/k8s.io/cli-runtime/pkg/resource/visitor.go, FileVisitor).
Repaired repair_utf8(std::string_view text);

}  // namespace knetsim
