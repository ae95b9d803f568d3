#pragma once

#include <cstdint>

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// Memory of one rule as the kernel scans it, from its first byte to the next rule's.
///
/// Legacy: struct ipt_entry, its matches, its target, one behind another in one blob
/// (include/uapi/linux/netfilter_ipv4/ip_tables.h and the xt_*_info of each match; x86-64). A test compares the sum
/// with what the kernel reports for a loaded table. Nft: struct nft_rule_dp and the expressions that iptables-nft 1.8.9
/// writes for the rule, in the sizes of net/netfilter/nf_tables_core.c and nft_compat.c, Linux 6.18. The kernel reports
/// no such size: derived, not measured.
std::uint32_t rule_bytes(const Rule& rule, IptablesBackend backend);

/// Memory of a whole legacy table: all rules, a policy or return entry for each chain, a head for each user chain, the
/// end mark (net/ipv4/netfilter/ip_tables.c, translate_table).
std::uint64_t legacy_table_bytes(const Table& table);

}  // namespace knetsim
