#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace knetsim {

/// A results file that cannot be written, read or replaced: the world's fault or the user's, never a broken invariant.
/// what() is one line that opens with the path and says what to do where something can be done.
class OutputError : public std::runtime_error {
 public:
  OutputError(const std::filesystem::path& path, const std::string& message)
      : std::runtime_error(path.string() + ": " + message) {}
};

}  // namespace knetsim
