#pragma once

#include <string>
#include <vector>

#include "models/proxy/ruleset.h"

namespace knetsim {

// What kube-proxy writes in iptables and in IPVS mode alike.

inline constexpr int kNatDestinationPriority = -100;  // NF_IP_PRI_NAT_DST
inline constexpr int kFilterPriority = 0;             // NF_IP_PRI_FILTER
inline constexpr int kNatSourcePriority = 100;        // NF_IP_PRI_NAT_SRC

Rule jump_to(std::string chain, std::vector<Match> matches = {}, std::string comment = {});

/// The built-in chains of nat, with the unconditional jumps to KUBE-SERVICES and KUBE-POSTROUTING.
std::vector<Chain> nat_base_chains();

/// KUBE-MARK-MASQ: the mark that KUBE-POSTROUTING looks for.
Chain mark_masquerade_chain();

/// The end of KUBE-POSTROUTING: what is not marked returns, all else loses its mark and is masqueraded.
std::vector<Rule> masquerade_marked();

/// KUBE-FIREWALL: what asks for a loopback address from elsewhere, and is no reply, is dropped.
Chain local_firewall_chain();

}  // namespace knetsim
