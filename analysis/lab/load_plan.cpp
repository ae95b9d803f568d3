#include "analysis/lab/load_plan.h"

#include <algorithm>

namespace knetsim::lab {
namespace {

constexpr LoadKind kKinds[] = {LoadKind::Bulk, LoadKind::Requests, LoadKind::Connections};
constexpr std::uint32_t kMany = 8;  // clients that keep both ends busy when they run on different CPUs

// A wire so slow that it decides and no CPU does. Every packet passes it by itself, and a timer fires for each: on a
// virtual machine, where the hypervisor serves timers, that took half of a CPU at 100 Mbit/s and all of it at 1 Gbit/s.
constexpr std::uint32_t kWireMbit = 100;

LabCase hosts() { return {.client_host_network = true, .server_host_network = true}; }

}  // namespace

std::vector<LoadCase> calibration_loads(const Surroundings& /*here*/) {
  std::vector<LoadCase> loads;
  for (const LabCase& path : {hosts(), LabCase{}}) {
    for (const LoadKind kind : kKinds) loads.push_back({.path = path, .kind = kind});
  }
  return loads;
}

std::vector<LoadCase> held_out_loads(const Surroundings& here) {
  std::vector<LoadCase> loads;
  const auto cpus = static_cast<std::uint32_t>(here.cpus.size());
  const auto on_all = [&](const LabCase& path, LoadKind kind, std::uint32_t pairs) {
    if (cpus < 2) return;
    loads.push_back({.path = path, .kind = kind, .clients = pairs * cpus, .placement = Placement::PairPerCpu});
  };
  const LabCase pods{};
  for (const LoadKind kind : kKinds) {
    loads.push_back({.path = pods, .kind = kind});
    loads.push_back({.path = pods, .kind = kind, .clients = 4});
    on_all(pods, kind, 1);
    on_all(pods, kind, 2);
    if (cpus < 2 || !here.receive_steering) continue;
    for (const Placement placement : {Placement::CpuPerNode, Placement::SoftirqApart, Placement::AllApart}) {
      if (placement == Placement::AllApart && cpus < 3) continue;
      loads.push_back({.path = pods, .kind = kind, .placement = placement});
      loads.push_back({.path = pods, .kind = kind, .clients = kMany, .placement = placement});
    }
  }
  const auto service = [&](LabProxy proxy, Fabric fabric) {
    const LabCase path{
        .setup = {.fabric = fabric, .rules = {.proxy = proxy, .services = 50, .endpoints = 10, .position = 40}},
        .exposure = Exposure::ClusterIp};
    for (const LoadKind kind : kKinds) {
      loads.push_back({.path = path, .kind = kind});
      on_all(path, kind, 1);
    }
  };
  if (here.iptables_legacy) service(LabProxy::IptablesLegacy, Fabric::HostRoutes);
  if (here.iptables_legacy && here.vxlan) service(LabProxy::IptablesLegacy, Fabric::Vxlan);
  if (here.nftables) service(LabProxy::Nftables, Fabric::HostRoutes);
  for (const Fabric fabric : {Fabric::HostRoutes, Fabric::Vxlan}) {
    if (!here.wire_rate || (fabric == Fabric::Vxlan && !here.vxlan)) continue;
    const LabCase path{.setup = {.fabric = fabric, .wire_mbit = kWireMbit}};
    for (const std::uint32_t streams : {1u, 4u}) {
      loads.push_back({.path = path, .kind = LoadKind::Bulk, .clients = streams});
    }
  }
  return loads;
}

std::vector<LoadCase> all_loads(const Surroundings& here) {
  std::vector<LoadCase> loads = calibration_loads(here);
  for (const LoadCase& one : held_out_loads(here)) {
    if (std::find(loads.begin(), loads.end(), one) == loads.end()) loads.push_back(one);
  }
  return loads;
}

}  // namespace knetsim::lab
