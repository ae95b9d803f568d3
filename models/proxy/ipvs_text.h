#pragma once

#include <span>
#include <string>

#include "models/proxy/ipvs_rules.h"

namespace knetsim {

/// Input for `ipset restore`: the sets, with the sizes that kube-proxy gives them, and their members. They have to be
/// there before the rules.
std::string ip_sets_text(const Ruleset& rules);

/// Input for `ipvsadm -R`: virtual servers and their destinations, masqueraded, of weight 1.
/// @param scheduler  "rr", "lc" ...
std::string virtual_servers_text(std::span<const VirtualServer> servers, std::string_view scheduler);

/// Input for `ip -batch -`: the Services' addresses on kube-ipvs0, which has to be there. kube-proxy leaves the device
/// down: its addresses are the node's own all the same.
std::string service_addresses_text(std::span<const Ipv4> addresses);

}  // namespace knetsim
