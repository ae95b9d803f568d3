#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace knetsim {

/// Objects under dense indices that are used again, at addresses that never move. Which index is given out depends on
/// the order of calls alone.
template <class T>
class Pool {
 public:
  /// A slot holding a value-initialised T.
  std::uint32_t take() {
    ++live_;
    if (!free_.empty()) {
      const std::uint32_t index = free_.back();
      free_.pop_back();
      T* slot = &(*this)[index];  // made anew where it stands: what is large is not built twice
      std::destroy_at(slot);
      std::construct_at(slot);
      return index;
    }
    if (size_ == chunks_.size() * kChunk) {
      chunks_.push_back(std::make_unique<T[]>(kChunk));
    }
    return size_++;
  }

  void release(std::uint32_t index) {
    --live_;
    free_.push_back(index);
  }

  T& operator[](std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
  const T& operator[](std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  /// Taken and not released.
  std::size_t live() const { return live_; }

 private:
  static constexpr std::uint32_t kChunk = 1024;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint32_t> free_;
  std::uint32_t size_ = 0;
  std::size_t live_ = 0;
};

}  // namespace knetsim
