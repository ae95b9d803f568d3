#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/manifests.h"

namespace knetsim {

/// Who owns whom, after everything was read. Fills Cluster::workloads and each pod's workload.
class Owners {
 public:
  explicit Owners(Manifests& manifests);

  /// Controllers that have to make their pods themselves, in the order of the input.
  const std::vector<std::uint32_t>& to_expand() const { return to_expand_; }
  /// The workload of a controller that makes pods.
  WorkloadIndex workload_of(std::uint32_t controller) const { return workload_of_controller_[controller]; }

 private:
  std::vector<std::uint32_t> to_expand_;
  std::vector<WorkloadIndex> workload_of_controller_;
};

}  // namespace knetsim
