#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"

namespace knetsim {

/// A scenario's `patches`: values that are put into manifests before they are read. The key is Kind/name (in any
/// namespace) or Kind/namespace/name.
class ManifestPatches {
 public:
  /// @param patches  Nodes outlive this.
  ManifestPatches(std::span<const std::pair<std::string, Node>> patches, Diagnostics& diagnostics);

  bool empty() const { return patches_.empty(); }
  /// Whether a patch is for this object; notes the object's name.
  bool concerns(const Document& object);
  /// Lays every patch for this object over it.
  void apply(Document& object);
  /// Reports patches that no object had.
  void finish();

 private:
  struct Patch {
    std::string kind, ns, name;
    Node values;
    bool used = false;
  };
  static bool is_for(const Patch& patch, const Document& object);

  std::vector<Patch> patches_;
  std::vector<std::string> seen_;
  Diagnostics& diagnostics_;
};

}  // namespace knetsim
