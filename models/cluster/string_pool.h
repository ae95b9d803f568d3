#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_set>
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
  std::size_t size() const { return strings_.size(); }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 18;

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_left_ = 0;
  char* next_ = nullptr;
  std::unordered_set<std::string_view> strings_;
};

}  // namespace knetsim
