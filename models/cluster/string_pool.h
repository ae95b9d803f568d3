#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace knetsim {

/// Each distinct string once. The views it returns live as long as the pool, also when it is moved, and two views of
/// the same text have the same data(), so that interned strings compare by address.
class StringPool {
 public:
  StringPool() = default;
  StringPool(StringPool&&) = default;
  StringPool& operator=(StringPool&&) = default;

  std::string_view intern(std::string_view text);
  std::size_t size() const { return count_; }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 18;
  /// Of an open-addressing table: with half a million names, one cache miss a lookup is what counts.
  struct Slot {
    const char* data = nullptr;
    std::uint32_t size = 0;
    std::uint32_t hash = 0;
  };

  void grow();
  std::string_view store(std::string_view text);

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_left_ = 0;
  char* next_ = nullptr;
  std::vector<Slot> slots_;  ///< A power of two, at most two thirds full.
  std::size_t count_ = 0;
};

}  // namespace knetsim
