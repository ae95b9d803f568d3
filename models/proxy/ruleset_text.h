#pragma once

#include <string>

#include "models/proxy/ruleset.h"

namespace knetsim {

/// Input for `iptables-restore`: the chains and rules with the options and the spelling that kube-proxy uses.
std::string iptables_text(const Ruleset& rules);

/// Whether each rule of the text counts. kube-proxy's own rules do not; a counter before the conditions counts how
/// often a rule is evaluated, one behind them how often it matches.
enum class NftCounters : std::uint8_t { None, EvaluatedAndMatched };

/// Input for `nft -f`. A verdict map cannot tell a match from a miss, so a rule that ends in one has no second counter
/// of its own beyond its conditions.
std::string nftables_text(const Ruleset& rules, NftCounters counters = NftCounters::None);

}  // namespace knetsim
