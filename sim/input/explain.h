#pragma once

#include <string>
#include <vector>

#include "sim/input/binder.h"

namespace knetsim {

/// What there is to say about one key of a config, from the binder's own tables.
struct Explanation {
  std::string path;  ///< With "<name>" for a free key and "[0]" for an item.
  std::string type;  ///< "duration", "list of mappings", "mapping".
  std::string doc;
  std::string accepted;  ///< Notation and units; the texts of an enum.
  std::string range;
  std::string unit;
  std::string source;
  std::optional<std::string> default_text;
  bool required = false;
  bool choice = false;            ///< Exactly one of the keys beside it that are choices too.
  std::vector<EnumValue> values;  ///< Allowed texts, each with its meaning.
  std::vector<std::string> shorthands;
  std::vector<Explanation> children;  ///< Keys below it, without theirs.
};

/// @param path  A free key may be a real one, "<name>" or, where what follows is a key of what it names, left out, as
/// indices may: workloads.arrivals is workloads.<name>.arrivals. The empty path is the whole config.
/// @throws ValueError  No such key; with a near name.
Explanation explain(const StructInfo& root, const Path& path);

/// Every key below `root`, depth first, in the order of the descriptions: for completion and for the pages in docs/. A
/// type that holds itself is entered once.
std::vector<Explanation> explain_all(const StructInfo& root);

/// For a screen of `width` columns.
std::string render(const Explanation& explanation, std::size_t width = 100);

}  // namespace knetsim
