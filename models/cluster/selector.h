#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/scalar.h"

namespace knetsim {

/// A Kubernetes label selector: requirements that all have to hold (apimachinery, pkg/labels/selector.go). One without
/// requirements matches everything; "no selector at all" is an empty std::optional<Selector>, and what that means
/// (nothing, or everything) is for the field's owner to say.
class Selector {
 public:
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist };

  struct Requirement {
    std::string key;
    Operator op = Operator::In;
    std::vector<std::string> values;  ///< Sorted; one for an equality. Empty for Exists and DoesNotExist.
    bool operator==(const Requirement&) const = default;
  };

  /// kubectl's -l: "a=b,c==d,e!=f,g in (x,y),h notin (z),i,!j". Empty text: the empty selector.
  /// @throws ValueError
  static Selector parse(std::string_view text);
  /// An equality map, as in Service.spec.selector and nodeSelector. An absent or null node is the empty selector.
  static Selector from_labels(Node labels, Diagnostics& diagnostics);
  /// A LabelSelector: matchLabels and matchExpressions. An absent or null node is the empty selector.
  static Selector from_label_selector(Node selector, Diagnostics& diagnostics);
  /// Whichever of the three forms the node has; a mapping with matchLabels or matchExpressions is a LabelSelector.
  static Selector from_any(Node node, Diagnostics& diagnostics);

  void require(Requirement requirement);

  const std::vector<Requirement>& requirements() const { return requirements_; }
  /// Matches everything.
  bool empty() const { return requirements_.empty(); }

  /// @param value_of  (std::string_view key) -> std::optional<std::string_view>: the object's label.
  template <class Lookup>
  bool matches(Lookup&& value_of) const {
    return std::all_of(requirements_.begin(), requirements_.end(),
                       [&](const Requirement& requirement) { return holds(requirement, value_of(requirement.key)); });
  }
  /// Labels as a mapping of a manifest; absent: no labels.
  bool matches(Node labels) const;

  /// kubectl's text form, in the order of the requirements; parses back to an equal selector.
  std::string to_string() const;
  bool operator==(const Selector&) const = default;

 private:
  /// NotIn and DoesNotExist hold for an object without the label (selector.go, Requirement.Matches).
  static bool holds(const Requirement& requirement, std::optional<std::string_view> value);

  std::vector<Requirement> requirements_;
};

}  // namespace knetsim
