#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace knetsim {

/// What manifests may use and knetsim reads past. Each use is told once a load, with the number of objects.
enum class Unmodelled : std::uint8_t {
  ServiceMesh,
  MultipleNetworks,
  BandwidthLimit,
  Sctp,
  Windows,
  Policies,
  OtherPolicies,
  Ingress,
  LoadBalancer,
  SourceRanges,
  TopologyKeys,
  KernelSettings,
  PodAffinity,
  Preferences,
  SpreadConstraints,
  ExtendedResources,
  OtherScheduler,
  FqdnEndpoints,
  Autoscaler,
  Ipv6,
  kCount
};

struct UnmodelledRow {
  Unmodelled feature;
  std::string_view name;         ///< What it is, as the row's title in docs/models.md.
  std::string_view seen_in;      ///< What a manifest says when it uses it.
  std::string_view consequence;  ///< What the simulation does instead.
};

/// One row for each feature, in the order of the enum.
std::span<const UnmodelledRow> unmodelled_rows();
const UnmodelledRow& unmodelled_row(Unmodelled feature);

/// Features that an object uses by being of this kind at all (NetworkPolicy, VirtualService ...); kCount for none.
/// @param group  Of its API: a kind is one of its group's, and two groups may have kinds of one name.
Unmodelled unmodelled_kind(std::string_view group, std::string_view kind);

/// Features that an annotation or label asks for (Istio's injection, Multus' networks ...); kCount for none.
Unmodelled unmodelled_annotation(std::string_view key, std::string_view value);

}  // namespace knetsim
