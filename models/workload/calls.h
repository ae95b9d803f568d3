#pragma once

#include <cstdint>
#include <optional>

#include "models/workload/indices.h"
#include "sim/core/ensure.h"

namespace knetsim {

/// Calls that a thread makes at a time: it sends them one after the other, each as soon as it is free of the last, and
/// goes on when all have ended.
class CallGroup {
 public:
  CallGroup() = default;
  explicit CallGroup(std::uint32_t calls) : open_(calls), count_(calls) {}

  /// The next call to be sent, by its place; nothing where all have been.
  std::optional<std::uint32_t> next() {
    if (started_ == count_) return std::nullopt;
    return started_++;
  }
  /// The thread is busy with this call's first burst.
  void sends(AttemptIndex call) { sending_ = call; }
  /// The call leaves the thread, if that is where it was: its first burst is done, or it waits for something else.
  /// @return  Whether the thread is free for the next one.
  bool leaves_thread(AttemptIndex call) {
    if (sending_ != call) return false;
    sending_ = kNoAttempt;
    return true;
  }
  /// One has ended. @return  Whether it was the last of all.
  bool ended(bool failed) {
    KNETSIM_ENSURE(open_ > count_ - started_, "a call that was not begun");
    failed_ += failed ? 1U : 0U;
    return --open_ == 0;
  }
  /// Whether any failed, and how many.
  bool failed() const { return failed_ > 0; }
  std::uint32_t failures() const { return failed_; }
  std::uint32_t size() const { return count_; }

 private:
  AttemptIndex sending_ = kNoAttempt;
  std::uint32_t started_ = 0;
  std::uint32_t open_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t failed_ = 0;
};

}  // namespace knetsim
