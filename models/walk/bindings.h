#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "models/walk/walk.h"

namespace knetsim {

inline constexpr std::size_t kWalkSymbols = static_cast<std::size_t>(Symbol::IpvsDestinations) + 1;

/// Values of a connection's symbols: rules or destinations, each at least 0.
struct Bindings {
  std::array<double, kWalkSymbols> value{};

  double& operator[](Symbol symbol) { return value[static_cast<std::size_t>(symbol)]; }
  double operator[](Symbol symbol) const { return value[static_cast<std::size_t>(symbol)]; }
};

/// fixed + the symbol's value; never below 0.
double value_of(const Count& count, const Bindings& bindings);

/// "k" for ServicePosition and so on, as in formulas; "" for None.
std::string_view symbol_letter(Symbol symbol);

/// Which of a walk's rules to count.
struct RuleFilter {
  std::optional<NodeRole> node{};     ///< Empty: every machine.
  RuleTable table = RuleTable::None;  ///< None: every table.
  bool outer_untracked = false;       ///< With the rules that a tunnel's untracked outer packets meet.
};

/// Rules that the walk's own packet evaluates (iptables rules of either back end and nftables rules; lookups are no
/// rules). Rules that ACKs and other unawaited packets meet are not counted.
double rules_evaluated(const Walk& walk, const Bindings& bindings, const RuleFilter& filter = {});

}  // namespace knetsim
