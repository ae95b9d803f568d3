#pragma once

#include <string_view>

namespace knetsim {

/// Which program wrote a results file: enough to build it again.
struct BuildInfo {
  std::string_view version;     ///< The project's version, "0.1.0".
  std::string_view git_sha;     ///< Commit that was built, 40 hex digits; "unknown" outside a git work tree.
  bool git_dirty;               ///< Tracked files differed from that commit.
  std::string_view compiler;    ///< "GNU 12.2.0".
  std::string_view flags;       ///< Options that can change the machine code; warnings are left out.
  std::string_view build_type;  ///< CMake's: Release, Debug, RelWithDebInfo.
};

/// The build of this program. The strings live as long as the program. They stand in one source file of their own, so
/// that a commit recompiles that file and relinks, no more.
const BuildInfo& build_info();

}  // namespace knetsim
