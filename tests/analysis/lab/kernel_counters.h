#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "models/proxy/ruleset_interpreter.h"

namespace knetsim {

/// Packet counters by table, chain and rule.
using KernelCounters = std::map<std::string, std::map<std::string, std::vector<std::uint64_t>>>;
/// From iptables-save -c.
KernelCounters parse_iptables_counters(const std::string& saved);
/// Two counters a rule, evaluated and matched, from `nft list`; rules as nftables_text() writes them with counters.
std::map<std::string, std::vector<RuleCounters>> parse_nft_counters(const std::string& listed);

/// What has been looked at, so that a comparison of nothing does not pass for one.
struct ComparedCounters {
  std::uint64_t rules = 0;
  std::uint64_t matched = 0;  ///< Sum over the rules.
};
/// Expects of every rule that the kernel's counters are the interpreter's: of iptables those of matches, of nftables'
/// one table both.
ComparedCounters expect_iptables_counters(const std::string& saved, const Ruleset& rules,
                                          const RulesetInterpreter& interpreter);
ComparedCounters expect_nft_counters(const std::string& listed, const Ruleset& rules,
                                     const RulesetInterpreter& interpreter);

/// Bytes of a loaded legacy table, and its entries, as the kernel reports them (IPT_SO_GET_INFO).
struct LegacyTableSize {
  std::uint32_t bytes = 0;
  std::uint32_t entries = 0;
};
LegacyTableSize legacy_table_size(const lab::NetNamespace& space, const std::string& table);

}  // namespace knetsim
