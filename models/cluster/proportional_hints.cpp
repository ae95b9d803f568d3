#include "models/cluster/proportional_hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace knetsim {
namespace {

constexpr double kOverloadThreshold = 0.2;  // topologycache.go, overloadThreshold

/// How many of a Service's endpoints a zone is to have.
struct Allocation {
  std::size_t minimum = 0;
  std::size_t maximum = 0;
  double desired = 0;
};

struct Allocations {
  std::vector<Allocation> of{};  ///< Shape (zones,).
  HintRefusal refusal = HintRefusal::None;
};

Allocations allocations(std::size_t endpoints, const ZoneCpu& cpu) {
  if (cpu.share.empty()) return {.refusal = cpu.unknown};
  if (cpu.zones() > endpoints) return {.refusal = HintRefusal::FewEndpoints};
  Allocations made{.of = std::vector<Allocation>(cpu.share.size())};
  std::size_t least = 0;
  for (ZoneIndex zone = 0; zone < cpu.share.size(); ++zone) {
    if (cpu.share[zone] == 0) continue;
    const double desired = cpu.share[zone] * static_cast<double>(endpoints);
    const double minimum = std::ceil(desired * (1 / (1 + kOverloadThreshold)));
    made.of[zone] = {.minimum = static_cast<std::size_t>(minimum), .desired = std::max(desired, minimum)};
    least += made.of[zone].minimum;
  }
  if (least > endpoints) return {.refusal = HintRefusal::Overload};
  for (Allocation& one : made.of) one.maximum = one.minimum + endpoints - least;
  return made;
}

/// Whole endpoints that go from zones with too many to zones with too few, one at a time from the one with most to give
/// to the one with most to receive.
struct Exchange {
  std::vector<std::size_t> gives, receives;  // shape (zones,)
};

Exchange exchange(const Allocations& wanted, const std::vector<std::size_t>& has, const ZoneCpu& cpu) {
  const std::size_t zones = has.size();
  std::vector<double> surplus(zones, 0), lack(zones, 0);
  for (ZoneIndex zone = 0; zone < zones; ++zone) {
    if (cpu.share[zone] == 0) continue;  // it has no allocation, and keeps what it has
    const double more = static_cast<double>(has[zone]) - wanted.of[zone].desired;
    (more > 0 ? surplus : lack)[zone] = std::abs(more);
  }
  Exchange made{.gives = std::vector<std::size_t>(zones, 0), .receives = std::vector<std::size_t>(zones, 0)};
  while (true) {
    const auto giver = std::ranges::max_element(surplus);  // the first of equals
    const auto receiver = std::ranges::max_element(lack);
    if ((*giver < 1 && *receiver < 1) || *giver < 0.5 || *receiver < 0.5) return made;
    ++made.gives[static_cast<std::size_t>(giver - surplus.begin())];
    ++made.receives[static_cast<std::size_t>(receiver - lack.begin())];
    --*giver;
    --*receiver;
  }
}

}  // namespace

std::string refusal_text(HintRefusal refusal, std::size_t endpoints, std::size_t zones) {
  const auto numbers = [&] {
    return fmt::format("({} endpoint{}, {} zones)", endpoints, endpoints == 1 ? "" : "s", zones);
  };
  switch (refusal) {
    case HintRefusal::None:
      return "";
    case HintRefusal::NodesUnknown:
      return "a node has no zone (label topology.kubernetes.io/zone) or no allocatable CPU";
    case HintRefusal::OneZone:
      return "ready nodes are in fewer than two zones";
    case HintRefusal::FewEndpoints:
      return "it has fewer ready endpoints than there are zones " + numbers();
    case HintRefusal::Overload:
      return "whole endpoints do not suffice for five sixths of each zone's share of the CPU, so that one would bear "
             "more "
             "than a fifth above the mean " +
             numbers();
    case HintRefusal::NoZone:
      return "one of its endpoints is in no zone";
  }
  return "";
}

std::string_view remedy(HintRefusal refusal) {
  switch (refusal) {
    case HintRefusal::None:
      return "";
    case HintRefusal::NodesUnknown:
      return "a zone (the label, or cluster.nodes.zones) and status.allocatable.cpu of every ready node, or "
             "trafficDistribution";
    case HintRefusal::OneZone:
      return "ready nodes in two zones or more beside the control plane, or trafficDistribution";
    case HintRefusal::FewEndpoints:
      return "an endpoint for each zone or more, or trafficDistribution";
    case HintRefusal::Overload:
      return "more endpoints, or as many for each zone as its share of the CPU, or trafficDistribution";
    case HintRefusal::NoZone:
      return "a zone of every endpoint's node, or trafficDistribution";
  }
  return "";
}

std::size_t ZoneCpu::zones() const {
  return static_cast<std::size_t>(std::ranges::count_if(share, [](double one) { return one > 0; }));
}

ZoneCpu zone_cpu(std::span<const ZonedNode> nodes, std::size_t zones) {
  std::vector<std::int64_t> milli(zones, 0);
  std::int64_t total = 0;
  for (const ZonedNode& node : nodes) {
    if (node.zone == kNoIndex || node.cpu_milli == 0) return {.unknown = HintRefusal::NodesUnknown};
    milli[node.zone] += node.cpu_milli;
    total += node.cpu_milli;
  }
  if (std::ranges::count_if(milli, [](std::int64_t one) { return one > 0; }) < 2) {
    return {.unknown = HintRefusal::OneZone};
  }
  ZoneCpu cpu;
  for (const std::int64_t one : milli) cpu.share.push_back(static_cast<double>(one) / static_cast<double>(total));
  return cpu;
}

ProportionalHints proportional_hints(std::span<const ZoneIndex> zone_of, const ZoneCpu& cpu) {
  const Allocations wanted = allocations(zone_of.size(), cpu);
  if (wanted.refusal != HintRefusal::None) return {.refusal = wanted.refusal};
  if (std::ranges::find(zone_of, kNoIndex) != zone_of.end()) return {.refusal = HintRefusal::NoZone};
  ProportionalHints hints{.zone = {zone_of.begin(), zone_of.end()}};
  std::vector<std::size_t> has(cpu.share.size(), 0);
  for (const ZoneIndex zone : zone_of) ++has[zone];
  Exchange due = exchange(wanted, has, cpu);
  for (ZoneIndex& zone : hints.zone) {
    if (due.gives[zone] == 0) continue;
    const auto receiver = std::ranges::find_if(due.receives, [](std::size_t count) { return count > 0; });
    if (receiver == due.receives.end()) break;
    --due.gives[zone];
    --*receiver;
    zone = static_cast<ZoneIndex>(receiver - due.receives.begin());
  }
  return hints;
}

bool hints_stand(std::span<const std::vector<ZoneIndex>> hinted, const ZoneCpu& cpu) {
  const Allocations wanted = allocations(hinted.size(), cpu);
  if (wanted.refusal != HintRefusal::None) return false;
  std::vector<std::size_t> has(cpu.share.size(), 0);
  for (const std::vector<ZoneIndex>& zones : hinted) {
    if (zones.empty()) return false;
    for (const ZoneIndex zone : zones) {
      if (cpu.share[zone] == 0) return false;
      ++has[zone];
    }
  }
  for (ZoneIndex zone = 0; zone < has.size(); ++zone) {
    if (has[zone] > wanted.of[zone].maximum) return false;
  }
  return true;
}

}  // namespace knetsim
