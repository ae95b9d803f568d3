#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knetsim {

/// A label, or one equality of a selector. Both views come from the cluster's StringPool.
struct Label {
  std::string_view key;
  std::string_view value;
};

inline bool operator==(const Label& a, const Label& b) { return a.key == b.key && a.value == b.value; }

using LabelSetId = std::uint32_t;

/// Distinct sets of labels. The pods of one controller share a set, so that a selector is tested once for all of them.
class LabelSets {
 public:
  LabelSets();

  /// @param labels  Interned views in any order; sorted in place by key. Keys are distinct.
  LabelSetId intern(std::vector<Label>& labels);
  /// Sorted by key.
  std::span<const Label> labels(LabelSetId set) const;
  std::optional<std::string_view> value(LabelSetId set, std::string_view key) const;
  /// Every one of `wanted` is in the set. True for an empty `wanted`.
  bool contains(LabelSetId set, std::span<const Label> wanted) const;
  std::size_t size() const { return begin_.size() - 1; }

 private:
  std::vector<Label> all_;
  std::vector<std::uint32_t> begin_;
  std::unordered_multimap<std::uint64_t, LabelSetId> by_hash_;
};

}  // namespace knetsim
