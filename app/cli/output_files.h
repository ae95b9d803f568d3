#pragma once

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim {

/// The files that a command writes beside what it prints. Each is tried out before anything is measured; one that
/// cannot be written after all keeps nothing else back: the command goes on, and says so at its end.
class OutputFiles {
 public:
  /// @param force  Files may be there already.
  explicit OutputFiles(bool force) : force_(force) {}

  /// A file that the command reads; empty: none. None of the others may be the same.
  void reads(const std::string& path);
  /// A file that will be written; empty: none. @throws UsageError  It is there already, or another one is the same.
  /// @throws OutputError  It could not be written.
  void will_write(const std::string& path);
  /// Writes it, or keeps why it cannot be; without a path nothing.
  void write(const std::string& path, std::string_view text);
  /// Throws the first failure that was kept. @throws OutputError
  void finish() const;

 private:
  bool force_;
  std::vector<std::filesystem::path> known_;
  std::exception_ptr failure_{};
};

}  // namespace knetsim
