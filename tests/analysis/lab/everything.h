#pragma once

#include "analysis/lab/surroundings.h"

namespace knetsim::lab {

/// A machine that has all that the lab can use.
inline Surroundings everything() {
  Surroundings all;
  all.cpus = {0, 1};
  all.iptables_legacy = all.iptables_nft = all.nftables = all.bridge_netfilter = true;
  all.ipvs = all.vxlan = all.ipip = all.wireguard = all.receive_steering = all.wire_rate = true;
  return all;
}

}  // namespace knetsim::lab
