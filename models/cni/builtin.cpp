#include <array>

#include "models/cni/bridge.h"
#include "models/cni/flannel.h"
#include "models/cni/routed.h"

namespace knetsim {

std::span<const CniInfo> cni_kinds() {
  static const std::array<CniInfo, 3> kinds = {bridge_info(), flannel_info(), routed_info()};
  return kinds;
}

const CniInfo* cni_kind_named(std::string_view name) {
  for (const CniInfo& kind : cni_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace knetsim
