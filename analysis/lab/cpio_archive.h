#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace knetsim::lab {

/// A root file system as the kernel unpacks it at boot: a cpio archive of the "newc" kind.
/// @source Linux v6.1 Documentation/driver-api/early-userspace/buffer-format.rst.
class CpioArchive {
 public:
  /// A file, with the folders above it. @param path  "usr/sbin/ip", without a slash in front.
  void add_file(const std::string& path, std::string_view bytes, std::uint32_t permissions = 0644);
  void add_folder(const std::string& path);
  bool has(const std::string& path) const { return names_.contains(path); }

  /// All of it, ended.
  std::string finish();

 private:
  void add(const std::string& path, std::uint32_t mode, std::string_view bytes);

  std::string bytes_;
  std::set<std::string> names_;
  std::uint32_t next_inode_ = 1;
};

}  // namespace knetsim::lab
