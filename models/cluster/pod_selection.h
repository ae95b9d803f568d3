#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/selector.h"

namespace knetsim {

/// Answers "which pods of this namespace carry these labels"; external clients are no pods. Pods with the same namespace and label set form a group;
/// each label of a group points to it, so that a selector looks only at the groups of its rarest label.
class PodSelection {
 public:
  explicit PodSelection(const Cluster& cluster);

  /// Pods of `ns` with every one of `wanted`, in pod order. All pods of the namespace for an empty `wanted`: a Service
  /// without selector must be tested by the caller.
  std::vector<PodIndex> select(std::string_view ns, std::span<const Label> wanted) const;

  /// Pods that a label selector matches, as a scenario names them (`from: {selector: app=client}`), in pod order.
  /// @param ns  Of this namespace alone; empty: of all.
  std::vector<PodIndex> matching(const Selector& selector, std::string_view ns = {}) const;

 private:
  struct Group {
    LabelSetId labels = 0;
    std::vector<PodIndex> pods;
  };
  struct Key {
    std::string_view ns;
    Label label;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  const Cluster& cluster_;
  std::vector<Group> groups_;
  std::unordered_map<Key, std::vector<std::uint32_t>, KeyHash> by_label_;
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_namespace_;
};

}  // namespace knetsim
