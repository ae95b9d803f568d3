#pragma once

#include <span>
#include <vector>

#include "models/cluster/ip_address.h"
#include "models/proxy/service_spec.h"

namespace knetsim {

/// Those of IPv4 among them, as the rules of that family have them.
inline std::vector<Ipv4> v4_addresses(std::span<const IpAddress> ips) {
  std::vector<Ipv4> found;
  for (const IpAddress& ip : ips) {
    if (ip.family() == IpFamily::V4) found.push_back(ip.v4_value());
  }
  return found;
}

}  // namespace knetsim
