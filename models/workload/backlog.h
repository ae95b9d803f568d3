#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/time.h"

namespace knetsim {

/// The attempts of one edge that are in the system, those that their caller has given up included, and whether those
/// among them that stand in a queue pile up through the measured window.
///
/// What is in the system alone does not say so: with a long way there and back it grows for as long as the pipe fills.
/// By Little's law attempts that wait for nobody make up lambda S of it, lambda the rate at which they begin and S the
/// time that one of them takes without its waits in queues; only what is beyond that queues.
class Backlog {
 public:
  Backlog(Time begin, Time end);

  void begun(Time at) {
    advance(at);
    ++in_system_;
    begun_ += at >= begin_ && at < end_ ? 1U : 0U;
  }
  /// @param unqueued  Part of its time that the attempt did not spend in a queue.
  void ended(Time at, Duration unqueued) {
    advance(at);
    --in_system_;
    if (at >= begin_) {
      ++ended_;
      unqueued_ += unqueued.count();
    }
  }
  /// Brings the account up to `now`, at most the window's end.
  void advance(Time now) {
    if (now >= next_) [[unlikely]] {
      pass_marks(now);
    }
  }

  /// In the system at the window's begin and at its end.
  std::uint64_t at_begin() const { return marks_.empty() ? 0 : marks_.front(); }
  std::uint64_t at_end() const { return marks_.empty() ? 0 : marks_.back(); }

  /// Of a queue whose server just keeps up, what waits is a random walk without drift, and of one that does better,
  /// less than that: over the window it moves by more than three standard deviations in one case of 400. The variance
  /// of its steps is taken from the window itself. A growth that the first half alone has seen is a start and no
  /// overload.
  /// @source Asmussen, Applied Probability and Queues, 2nd ed., 2003, chapter X (queues in heavy traffic).
  bool grows() const;

 private:
  static constexpr std::uint32_t kSteps = 60;
  void pass_marks(Time now);

  Time begin_, end_;
  Time next_;                         // the mark that comes next; never, after the last
  std::vector<std::uint64_t> marks_;  // in the system at begin + i x (end - begin) / kSteps
  std::uint64_t in_system_ = 0;
  std::uint64_t begun_ = 0;  // in the window
  std::uint64_t ended_ = 0;  // in it or after it
  Int128 unqueued_ = 0;      // ps, of those
};

}  // namespace knetsim
