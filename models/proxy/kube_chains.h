#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/proxy/proxy_model.h"
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

inline constexpr std::uint32_t kDropMark = 0x8000;  ///< kubelet --iptables-drop-bit 15

/// Up to 1.24 kube-proxy does not drop in filter what may not pass: it marks it in nat, for kubelet's KUBE-FIREWALL,
/// which stands on INPUT and OUTPUT. @source k/k#110289; k/k#110628 for IPVS.
constexpr bool drops_by_mark(Version kubernetes) { return kubernetes < Version{1, 25}; }

/// KUBE-MARK-DROP: the mark that KUBE-FIREWALL drops.
Chain mark_drop_chain();

/// KUBE-FIREWALL: what asks for a loopback address from elsewhere, and is no reply, is dropped, from 1.19 on
/// (k/k#91569); and up to 1.26 what KUBE-MARK-DROP has marked (KEP-3178, whose gate is on from 1.27).
Chain local_firewall_chain(Version kubernetes);

}  // namespace knetsim
