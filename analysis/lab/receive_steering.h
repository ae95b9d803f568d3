#pragma once

#include <string>
#include <vector>

#include "analysis/lab/lab_datapath.h"
#include "analysis/lab/placement.h"

namespace knetsim::lab {

/// While it lives, the nodes' ends of the wire hand what they receive to the CPU that the placement asks for: receive
/// packet steering, which netif_rx(), hence a veth device, honours (net/core/dev.c, netif_rx_internal).
class ReceiveSteering {
 public:
  /// @param used  CPUs of the load. With one CPU, or a placement that steers nothing, nothing is done.
  /// @pre The placement steers only setups of two nodes. @throws LabError  The kernel has no RPS.
  ReceiveSteering(const LabDatapath& datapath, Placement placement, const std::vector<int>& used);
  ~ReceiveSteering();
  ReceiveSteering(const ReceiveSteering&) = delete;
  ReceiveSteering& operator=(const ReceiveSteering&) = delete;

 private:
  const LabDatapath& datapath_;
  bool steers_ = false;
};

/// A set of one CPU as sysfs has it: words of 32 bits in hexadecimal, the highest first. 33 is "2,00000000".
std::string cpu_mask(int cpu);

}  // namespace knetsim::lab
