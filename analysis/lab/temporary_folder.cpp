#include "analysis/lab/temporary_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

TemporaryFolder::TemporaryFolder(std::string_view name) {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / fmt::format("{}-XXXXXX", name)).string();
  if (error || ::mkdtemp(path.data()) == nullptr) {
    throw LabError(fmt::format("no temporary folder {}: {}", path, error ? error.message() : std::strerror(errno)));
  }
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace knetsim::lab
