#include "models/cluster/string_pool.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace knetsim {

void StringPool::grow() {
  std::vector<Slot> old(slots_.empty() ? 1024 : 2 * slots_.size());
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.data == nullptr) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].data != nullptr) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::string_view StringPool::store(std::string_view text) {
  if (text.size() > chunk_left_) {
    chunk_left_ = std::max(kChunkBytes, text.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_left_));
    next_ = chunks_.back().get();
  }
  std::memcpy(next_, text.data(), text.size());
  const std::string_view stored(next_, text.size());
  next_ += text.size();
  chunk_left_ -= text.size();
  return stored;
}

std::string_view StringPool::intern(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > UINT32_MAX) throw std::length_error("StringPool: a string of more than 4 GiB");
  if (3 * count_ >= 2 * slots_.size()) grow();
  // Identity only: where a string stands in the table reaches no result.
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].data != nullptr; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && slot.size == text.size() && std::memcmp(slot.data, text.data(), text.size()) == 0) {
      return {slot.data, slot.size};
    }
  }
  const std::string_view stored = store(text);
  slots_[at] = {stored.data(), static_cast<std::uint32_t>(stored.size()), hash};
  ++count_;
  return stored;
}

}  // namespace knetsim
