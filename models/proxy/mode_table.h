#pragma once

#include "models/proxy/proxy_model.h"

namespace knetsim {

// One function a mode, each in the file of its name; builtin.cpp lists them.
ProxyInfo iptables_info();
ProxyInfo ipvs_info();
ProxyInfo nftables_info();
ProxyInfo none_info();

/// The destination becomes the chosen endpoint, as seen from the node `node`.
void translate(HookPacket& packet, NodeRole node);

}  // namespace knetsim
