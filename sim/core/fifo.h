#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace knetsim {

/// First in, first out, in one array. An empty one owns no memory, unlike a std::deque: there is one for each of a
/// hundred thousand servers, and hardly any ever holds something. All operations take constant amortised time.
template <class T>
class Fifo {
 public:
  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  T& front() { return items_[head_]; }
  const T& front() const { return items_[head_]; }

  void push(T item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_[head_]);
    ++head_;
    if (head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= kWaste && head_ * 2 >= items_.size()) {  // at most half of the array is behind the head
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return item;
  }

 private:
  static constexpr std::size_t kWaste = 64;
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace knetsim
