#include "models/cluster/string_pool.h"

#include <algorithm>
#include <cstring>

namespace knetsim {

std::string_view StringPool::intern(std::string_view text) {
  if (text.empty()) return {};
  if (const auto found = strings_.find(text); found != strings_.end()) return *found;
  if (text.size() > chunk_left_) {
    chunk_left_ = std::max(kChunkBytes, text.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_left_));
    next_ = chunks_.back().get();
  }
  std::memcpy(next_, text.data(), text.size());
  const std::string_view stored(next_, text.size());
  next_ += text.size();
  chunk_left_ -= text.size();
  strings_.insert(stored);
  return stored;
}

}  // namespace knetsim
