#include <array>

#include "models/cni/bridge.h"
#include "models/cni/calico.h"
#include "models/cni/cilium.h"
#include "models/cni/flannel.h"
#include "models/cni/routed.h"

namespace knetsim {

std::span<const CniInfo> cni_kinds() {
  static const std::array<CniInfo, 5> kinds = {bridge_info(), flannel_info(), routed_info(), calico_info(),
                                               cilium_info()};
  return kinds;
}

const CniInfo* cni_kind_named(std::string_view name) {
  for (const CniInfo& kind : cni_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace knetsim
