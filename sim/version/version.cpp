#include "sim/version/version.h"

#include "version_values.h"  // generated from cmake/version.h.in

namespace knetsim {

const BuildInfo& build_info() {
  static constexpr BuildInfo kInfo{.version = KNETSIM_VERSION,
                                   .git_sha = KNETSIM_GIT_SHA,
                                   .git_dirty = KNETSIM_GIT_DIRTY,
                                   .compiler = KNETSIM_COMPILER,
                                   .flags = KNETSIM_FLAGS,
                                   .build_type = KNETSIM_BUILD_TYPE};
  return kInfo;
}

}  // namespace knetsim
