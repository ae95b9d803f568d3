#include "app/cli/policy_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// All replicates of a variant together; the rest is of the replicate that denied the first one.
struct Denied {
  std::int64_t connections = 0;
  std::size_t first = 0;  ///< Row of /policies.
};

}  // namespace

std::string policy_lines(const Recorded& recorded) {
  const ExperimentResults& results = recorded.results();
  const PolicyResults& policies = results.policies;
  std::map<std::tuple<std::size_t, std::string, std::int8_t, std::string>, Denied> denied;  // variants in their order
  const auto& variants = recorded.variants();
  for (std::size_t row = 0; row < policies.call.size(); ++row) {
    const std::string& variant = results.variant[static_cast<std::size_t>(policies.run_index[row])];
    const auto place = static_cast<std::size_t>(std::ranges::find(variants, variant) - variants.begin());
    const auto [entry, made] = denied.try_emplace(
        {place, policies.call[row], policies.direction[row], policies.policies[row]}, Denied{.first = row});
    entry->second.connections += policies.connections[row];
    if (policies.since[row] < policies.since[entry->second.first]) entry->second.first = row;
  }
  std::string text;
  for (const auto& [of, one] : denied) {
    const auto& [place, call, direction, names] = of;
    const bool egress = direction == 0;
    text += fmt::format(
        "Policy ({}): {} connects of {} were {} from {} on: {} of {} is isolated by {}, and no rule allows {} {}\n",
        variants[place], with_commas(one.connections), call, policies.fate[one.first] == 1 ? "refused" : "dropped",
        human(Duration(policies.since[one.first])), egress ? "egress" : "ingress",
        egress ? policies.client[one.first] : policies.server[one.first], names, egress ? "to" : "from",
        egress ? policies.server[one.first] : policies.client[one.first]);
  }
  return text;
}

}  // namespace knetsim
