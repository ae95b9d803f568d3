#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/input/read_documents.h"

namespace knetsim {

struct YamlRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  ReadRules rules{};
  bool any_root = false;  ///< The root may be a scalar or a list: a value, not a document.
};

/// The YAML half of read_documents().
std::size_t read_yaml(const Input& input, YamlRange range, Diagnostics& diagnostics, const DocumentSink& sink);

}  // namespace knetsim
