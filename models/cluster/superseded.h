#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/manifests.h"

namespace knetsim {

/// Rows that stand side by side in one of the tables of Manifests.
struct RowRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// How many rows the tables of Manifests have.
struct TableSizes {
  explicit TableSizes(const Manifests& manifests);

  std::uint32_t nodes = 0;
  std::uint32_t pods = 0;
  std::uint32_t controllers = 0;
  std::uint32_t services = 0;
  std::uint32_t endpoint_slices = 0;
  std::uint32_t legacy_endpoints = 0;
  std::uint32_t absent = 0;
  std::uint32_t http_routes = 0;
  std::uint32_t route_classes = 0;
  std::uint32_t gateways = 0;
  std::uint32_t network_policies = 0;
};

/// What was read and does not count, since the same object came once more after it. The tables stand in the order of
/// the input and only grow while it is read, so that all is taken out at the end.
class Superseded {
 public:
  /// Everything that was read while the tables grew from `before` to `after`.
  void add(const TableSizes& before, const TableSizes& after);

  void take_out(Manifests& manifests) const;

 private:
  std::vector<RowRange> nodes_, pods_, controllers_, services_, endpoint_slices_, legacy_endpoints_, absent_,
      http_routes_, route_classes_, gateways_, network_policies_;
};

}  // namespace knetsim
