#include "analysis/lab/placement.h"

#include <algorithm>

namespace knetsim::lab {

std::string_view placement_name(Placement placement) {
  switch (placement) {
    case Placement::OneCpu:
      return "all on one CPU";
    case Placement::PairPerCpu:
      return "a pair on each CPU";
    case Placement::CpuPerNode:
      return "a CPU for each node";
    case Placement::SoftirqApart:
      return "softirq on another CPU";
    case Placement::AllApart:
      return "client, softirq and server on a CPU each";
    case Placement::ClientApart:
      return "client on one CPU, softirq and server on another";
  }
  return "";
}

PlacedCpus placed_on(Placement placement, const std::vector<int>& cpus) {
  const int first = cpus.front();
  if (placement == Placement::OneCpu || cpus.size() < 2) return {first, first, first, first};
  const int second = cpus[1];
  if (placement == Placement::CpuPerNode) return {first, first, second, second};
  if (placement == Placement::SoftirqApart) return {first, second, second, first};
  const bool third = placement == Placement::AllApart && cpus.size() > 2;
  return {first, second, second, third ? cpus[2] : second};
}

std::vector<int> cpus_used(Placement placement, std::uint32_t clients, const std::vector<int>& cpus) {
  std::size_t count = 2;
  if (placement == Placement::OneCpu) count = 1;
  if (placement == Placement::PairPerCpu) count = clients;
  if (placement == Placement::AllApart) count = 3;
  return {cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(std::min(count, cpus.size()))};
}

}  // namespace knetsim::lab
