#include "models/cluster/node_labels.h"

#include <algorithm>
#include <array>
#include <optional>

namespace knetsim {
namespace {

/// Two keys that carry one value; without either, `otherwise` does; nothing where that is empty.
struct PairOfKeys {
  std::string_view key;
  std::string_view older;
  std::string_view otherwise;
};
constexpr std::array kPairs{
    PairOfKeys{"kubernetes.io/os", "beta.kubernetes.io/os", "linux"},
    PairOfKeys{"kubernetes.io/arch", "beta.kubernetes.io/arch", "amd64"},
    PairOfKeys{"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone", ""},
    PairOfKeys{"topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region", ""},
    PairOfKeys{"node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", ""},
};

}  // namespace

void add_node_labels(StringPool& strings, std::string_view node_name, std::vector<Label>& labels) {
  const auto value = [&](std::string_view key) -> std::optional<std::string_view> {
    const auto found = std::ranges::find(labels, key, &Label::key);
    return found == labels.end() ? std::nullopt : std::optional(found->value);
  };
  const auto add = [&](std::string_view key, std::string_view text) {
    if (!value(key)) labels.push_back({strings.intern(key), strings.intern(text)});
  };
  add("kubernetes.io/hostname", node_name);
  for (const PairOfKeys& pair : kPairs) {
    const auto known = value(pair.key) ? value(pair.key) : value(pair.older);
    if (!known && pair.otherwise.empty()) continue;
    const std::string_view text = known.value_or(pair.otherwise);
    add(pair.key, text);
    add(pair.older, text);
  }
}

}  // namespace knetsim
