#include "analysis/lab/receive_steering.h"

#include <fmt/format.h>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

/// What node `node` receives from the other one goes to the CPUs of the mask; "0": to the CPU that sent it.
bool steer(const LabDatapath& datapath, std::uint32_t node, const std::string& mask) {
  const std::string device = LabCluster::uplink(1 - node);
  return datapath.cluster().node(node).can(fmt::format("tee /sys/class/net/{}/queues/rx-0/rps_cpus", device), mask);
}

}  // namespace

std::string cpu_mask(int cpu) {
  std::string mask = fmt::format("{:x}", 1u << (cpu % 32));
  for (int word = 0; word < cpu / 32; ++word) mask += ",00000000";
  return mask;
}

ReceiveSteering::ReceiveSteering(const LabDatapath& datapath, Placement placement, const std::vector<int>& used)
    : datapath_(datapath) {
  if (placement == Placement::OneCpu || placement == Placement::PairPerCpu || used.size() < 2) return;
  if (datapath.setup().nodes != 2) throw LabError("softirqs are steered between two nodes");
  const PlacedCpus placed = placed_on(placement, used);
  steers_ = steer(datapath, 0, cpu_mask(placed.client_softirq)) && steer(datapath, 1, cpu_mask(placed.server_softirq));
  if (!steers_) throw LabError("the kernel steers no packets (CONFIG_RPS): placements of softirqs are left out");
}

ReceiveSteering::~ReceiveSteering() {
  if (!steers_) return;
  steer(datapath_, 0, "0");
  steer(datapath_, 1, "0");
}

}  // namespace knetsim::lab
