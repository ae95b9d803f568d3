#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace knetsim::fuzz {

/// A regular file that stands in memory, for readers that open their inputs by name.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz.yaml", MFD_CLOEXEC)) {
    if (descriptor_ < 0) std::abort();
  }
  void set(std::string_view bytes) const {
    if (::ftruncate(descriptor_, 0) != 0) std::abort();
    const auto size = static_cast<ssize_t>(bytes.size());
    if (::pwrite(descriptor_, bytes.data(), bytes.size(), 0) != size) std::abort();
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace knetsim::fuzz
