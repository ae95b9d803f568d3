#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sim/input/read_documents.h"

namespace knetsim {

struct YamlRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  ReadRules rules{};
  bool any_root = false;        ///< The root may be a scalar or a list: a value, not a document.
  std::uint32_t documents = 0;  ///< That stand before it in the input.
};

/// The YAML half of read_documents().
/// @return  Documents of the input up to the end of the range; none where reading ended before that.
std::optional<std::uint32_t> read_yaml(const Input& input, YamlRange range, Diagnostics& diagnostics,
                                       const DocumentSink& sink);

}  // namespace knetsim
