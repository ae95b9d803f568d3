#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/lab/lab_case.h"
#include "analysis/lab/placement.h"

namespace knetsim::lab {

/// What a load keeps doing, as fast as it can.
enum class LoadKind : std::uint8_t {
  Bulk,         ///< Large writes on one connection, read and discarded: counted in bytes.
  Requests,     ///< One byte there and back on a connection that is kept.
  Connections,  ///< connect(), one request, one response, both ends closed: counted in connections.
};
std::string_view load_name(LoadKind kind);
/// "byte", "request", "connection".
std::string_view operation_of(LoadKind kind);

/// A load on a datapath.
struct LoadCase {
  LabCase path{};  ///< Its setup, exposure and ends; the operation does not matter here.
  LoadKind kind = LoadKind::Requests;
  std::uint32_t clients = 1;  ///< Streams, or processes that ask; each has one connection at a time.
  Placement placement = Placement::OneCpu;
  auto operator<=>(const LoadCase&) const = default;

  /// "host routes, bridge, pod to pod, no rules: requests, 2 clients, a pair on each CPU"
  std::string name() const;
  /// "requests, 2 clients, a pair on each CPU"
  std::string what_name() const;
  /// CPUs that do any of its work, of those there are.
  std::vector<int> cpus_used(const std::vector<int>& cpus) const { return lab::cpus_used(placement, clients, cpus); }
};

/// Bytes of a write of LoadKind::Bulk: as iperf3 writes.
inline constexpr std::uint32_t kBulkWriteBytes = 128 * 1024;

}  // namespace knetsim::lab
