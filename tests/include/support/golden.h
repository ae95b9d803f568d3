#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace knetsim {

// Golden texts: each <case>.yaml of a folder has its exact output beside it in <case>.txt. To renew them after a
// deliberate change, run with KNETSIM_UPDATE_GOLDEN=1 and read the difference. Folders are relative to the root of the
// sources, where tests run, since messages name files as the user did.

inline std::vector<std::string> golden_cases(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(KNETSIM_SOURCE_DIR) + "/" + folder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

/// The text that is expected in `path`; with KNETSIM_UPDATE_GOLDEN set, `said` is written there first.
inline std::string golden_text(const std::string& path, const std::string& said) {
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << said;
  return read_text(path);
}

/// "pod-fits-no-node" as the name of a test: what googletest takes.
inline std::string golden_test_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace knetsim
