#pragma once

#include <algorithm>

#include "sim/core/time.h"

namespace knetsim {

/// Softirq work of one core: a FIFO that knows the departure when work arrives, so that a visit costs one event.
/// Whatever else wants the core goes behind it.
class SoftirqFifo {
 public:
  /// When work that arrives now would start.
  Time start(Time now) const { return std::max(now, free_at_); }
  bool idle(Time now) const { return free_at_ <= now; }
  /// When the last work that is booked ends; in the past when idle.
  Time free_at() const { return free_at_; }

  /// Books work behind what is booked. @return its end.
  Time book(Time now, Duration work) {
    free_at_ = start(now) + work;
    booked_ += work;
    return free_at_;
  }

  /// Work done until `now`. @param now  Not before the latest booking.
  Duration executed(Time now) const { return booked_ - (free_at_ > now ? free_at_ - now : Duration{}); }

 private:
  Time free_at_{};
  Duration booked_{};
};

}  // namespace knetsim
