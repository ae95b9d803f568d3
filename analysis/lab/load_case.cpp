#include "analysis/lab/load_case.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim::lab {

std::string_view load_name(LoadKind kind) {
  switch (kind) {
    case LoadKind::Bulk:
      return "bulk";
    case LoadKind::Requests:
      return "requests";
    case LoadKind::Connections:
      return "connections";
  }
  return "";
}

std::string_view operation_of(LoadKind kind) {
  switch (kind) {
    case LoadKind::Bulk:
      return "byte";
    case LoadKind::Requests:
      return "request";
    case LoadKind::Connections:
      return "connection";
  }
  return "";
}

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
  }
  return "";
}

std::string LoadCase::what_name() const {
  return fmt::format("{}, {} {}{}, {}", load_name(kind), clients, kind == LoadKind::Bulk ? "stream" : "client",
                     clients == 1 ? "" : "s", placement_name(placement));
}

std::string LoadCase::name() const { return fmt::format("{}: {}", path.datapath_name(), what_name()); }

std::vector<int> LoadCase::cpus_used(const std::vector<int>& cpus) const {
  std::size_t count = 2;
  if (placement == Placement::OneCpu) count = 1;
  if (placement == Placement::PairPerCpu) count = clients;
  return {cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(std::min(count, cpus.size()))};
}

}  // namespace knetsim::lab
