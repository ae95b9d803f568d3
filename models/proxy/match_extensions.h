#pragma once

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// Whether an iptables rule's entry has this condition itself: addresses and the protocol number, which are compared
/// before anything else devices too (net/ipv4/netfilter/ip_tables.c, ip_packet_match; the first expressions of a rule of
/// iptables-nft).
bool is_of_entry(const Match& condition);

/// Whether this condition of an iptables rule is a match extension, a function of a module of its own that is called
/// once the entry's conditions hold and those in front of it: `xt_match::match`, called by ipt_do_table or by an
/// expression of nft_compat. A comment is one too, in front of all others. The protocol is one beside its number: `-m
/// tcp` looks at ports, or at nothing. iptables-nft 1.8.9 compares ports and marks by native expressions instead
/// (iptables/nft.c, add_match). A look into an IP set is a lookup, and not counted here.
bool is_extension(const Match& condition, const Rule& rule, IptablesBackend backend);

}  // namespace knetsim
