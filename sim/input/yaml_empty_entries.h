#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim {

/// A text in which each empty entry of a block sequence that stands at its key's own indentation got a `~`, and where.
/// YAML allows such an entry (YAML 1.2, 8.2.1 and 8.2.2: n+m with m = 0, and e-node), libfyaml 0.7 does not read it.
///
///     rules:
///     -
struct FilledEntries {
  std::string text;
  std::vector<std::size_t> at;  ///< Offsets in `text` of the two bytes that each insertion is, ascending.

  /// Where in the original text a byte of `text` stands.
  std::size_t original(std::size_t offset) const;
};

/// Nothing where there is no such entry. Entries within block scalars are text and stay.
std::optional<FilledEntries> fill_empty_entries(std::string_view text);

}  // namespace knetsim
