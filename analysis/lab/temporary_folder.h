#pragma once

#include <filesystem>
#include <string_view>

namespace knetsim::lab {

/// A new folder among the machine's temporary files, which goes with its owner and all that is in it.
class TemporaryFolder {
 public:
  /// @param name  What its own begins with. @throws LabError
  explicit TemporaryFolder(std::string_view name);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace knetsim::lab
