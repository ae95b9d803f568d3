#include "app/scenario/node_cores.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim {

std::uint32_t cores_of(const ClusterNode& node) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, (node.capacity.cpu_milli + 999) / 1000));
}

void tell_fractional_cores(const BoundVariant& variant, Diagnostics& diagnostics) {
  for (const ClusterNode& node : variant.cluster->nodes) {
    if (node.capacity.cpu_milli % 1000 == 0) continue;
    const std::string message = fmt::format("{:g} cores: a machine has whole ones, so {} run; pods are placed on {:g}",
                                            static_cast<double>(node.capacity.cpu_milli) / 1000, cores_of(node),
                                            static_cast<double>(node.allocatable.cpu_milli) / 1000);
    const Node cpu = variant.scenario.root["cluster"]["nodes"]["cpu"];
    if (node.mark.file.empty()) {
      diagnostics.notice(cpu, message, "a whole number; a CPU limit of pods is their resources.limits.cpu");
    } else {
      diagnostics.notice(node.mark, "status.capacity.cpu", message);
    }
    return;  // once: the others are alike, as a rule
  }
}

}  // namespace knetsim
