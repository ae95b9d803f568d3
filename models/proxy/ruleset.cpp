#include "models/proxy/ruleset.h"

#include <algorithm>
#include <stdexcept>

namespace knetsim {

Chain* Table::chain(std::string_view wanted) {
  const auto found = std::find_if(chains.begin(), chains.end(), [&](const Chain& c) { return c.name == wanted; });
  return found == chains.end() ? nullptr : &*found;
}

const Chain* Table::chain(std::string_view wanted) const {
  const auto found = std::find_if(chains.begin(), chains.end(), [&](const Chain& c) { return c.name == wanted; });
  return found == chains.end() ? nullptr : &*found;
}

Chain& Table::ensure_chain(std::string_view wanted) {
  if (Chain* const existing = chain(wanted)) {
    return *existing;
  }
  chains.push_back({.name = std::string(wanted)});
  return chains.back();
}

Table& Ruleset::table(std::string_view wanted) {
  return const_cast<Table&>(static_cast<const Ruleset&>(*this).table(wanted));
}

const Table& Ruleset::table(std::string_view wanted) const {
  for (const Table& candidate : tables) {
    if (candidate.name == wanted) {
      return candidate;
    }
  }
  throw std::out_of_range("no table named " + std::string(wanted));
}

std::size_t generated_rules(const Table& table) {
  std::size_t rules = 0;
  for (const Chain& chain : table.chains) {
    if (!chain.base && chain.name != "KUBE-FIREWALL") {
      rules += chain.rules.size();
    }
  }
  return rules;
}

}  // namespace knetsim
