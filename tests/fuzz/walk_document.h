#pragma once

#include <cstddef>

#include "sim/input/read_documents.h"

namespace knetsim::fuzz {

inline std::size_t walk_node(Node node, std::size_t& left) {
  std::size_t bytes = node.text().size() + node.key().text().size();
  if (left == 0) return bytes;
  --left;
  if (left % 64 == 0) bytes += node.path().size() + node.mark().line;
  for (const Node child : node) bytes += walk_node(child, left);
  return bytes;
}

/// Touches what a reader of the document would: texts, keys, now and then a path and a place.
inline void walk(const Document& document) {
  std::size_t left = 100'000;
  [[maybe_unused]] volatile std::size_t bytes = walk_node(document.root(), left);
  bytes = document.label().size();
}

}  // namespace knetsim::fuzz
