#include "models/cluster/labels.h"

#include <algorithm>

namespace knetsim {
namespace {

// Identity only, never an order: interned views are equal when their addresses are.
std::uint64_t hash_of(std::span<const Label> labels) {
  std::uint64_t hash = 0x9e3779b97f4a7c15u;
  for (const Label& label : labels) {
    for (const char* address : {label.key.data(), label.value.data()}) {
      hash = (hash ^ reinterpret_cast<std::uintptr_t>(address)) * 0xff51afd7ed558ccdu;
      hash ^= hash >> 32;
    }
  }
  return hash;
}

}  // namespace

LabelSets::LabelSets() : begin_{0, 0} { by_hash_.emplace(hash_of({}), 0); }

LabelSetId LabelSets::intern(std::vector<Label>& labels) {
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.key < b.key; });
  const std::uint64_t hash = hash_of(labels);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (std::ranges::equal(this->labels(it->second), labels)) return it->second;
  }
  const auto id = static_cast<LabelSetId>(size());
  all_.insert(all_.end(), labels.begin(), labels.end());
  begin_.push_back(static_cast<std::uint32_t>(all_.size()));
  by_hash_.emplace(hash, id);
  return id;
}

std::span<const Label> LabelSets::labels(LabelSetId set) const {
  return std::span(all_).subspan(begin_[set], begin_[set + 1] - begin_[set]);
}

std::optional<std::string_view> LabelSets::value(LabelSetId set, std::string_view key) const {
  for (const Label& label : labels(set)) {
    if (label.key == key) return label.value;
  }
  return std::nullopt;
}

bool LabelSets::contains(LabelSetId set, std::span<const Label> wanted) const {
  return std::ranges::all_of(wanted, [&](const Label& label) { return value(set, label.key) == label.value; });
}

}  // namespace knetsim
