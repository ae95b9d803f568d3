#pragma once

#include <string>
#include <vector>

namespace knetsim::lab {

/// What the lab finds on this machine. Everything is tried out in a namespace, not looked up: a kernel's configuration
/// and a sandbox's permissions are two things.
struct Surroundings {
  std::string kernel;     ///< "6.18.44"
  std::string processor;  ///< "Intel(R) Xeon(R) Processor"
  std::vector<int> cpus;  ///< Those that this process may use.
  bool iptables_legacy = false;
  bool iptables_nft = false;
  bool nftables = false;
  bool ipvs = false;              ///< With ip sets and their match in iptables-legacy.
  bool bridge_netfilter = false;  ///< Packets of a bridge pass iptables.
  bool vxlan = false;
  bool ipip = false;
  bool wireguard = false;
  bool wire_rate = false;         ///< A device can be given the rate of a wire (wire_rate.h).
  bool receive_steering = false;  ///< What a device receives can be handed to another CPU.
  std::vector<std::string>
      notes;  ///< One line for each thing that is missing: what, and what the lab leaves out for it.
};

/// Why no lab can be set up here at all; empty where it can: not root, a capability missing, no namespaces, no
/// iproute2. One line: what is missing, and what can be done here all the same.
std::string lab_impossible();

/// @pre lab_impossible() is empty.
Surroundings look_around();

}  // namespace knetsim::lab
