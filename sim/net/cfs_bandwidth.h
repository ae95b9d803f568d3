#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/core/time.h"

namespace knetsim {

/// CFS bandwidth control: at most `quota` of CPU time in each `period`.
/// @source Linux v6.1 Documentation/scheduler/sched-bwc.rst; the kubelet's period is 100 ms.
struct CpuQuota {
  Duration quota{};
  Duration period = std::chrono::milliseconds(100);
};

/// What is left of a group's quota, and for how long it was held back. Periods follow one another from the group's
/// first use on. What is not used is not kept; what was used too much (a picosecond for each core, where several spend
/// the rest together) is owed to the next period.
/// Departure from kernel/sched/fair.c (v6.1): one pool, exact to the picosecond; there cores take slices of
/// sched_cfs_bandwidth_slice_us (5 ms) from it and notice at the tick that they are spent.
class CfsBandwidth {
 public:
  CfsBandwidth() = default;
  explicit CfsBandwidth(const CpuQuota& quota) : quota_(quota), limited_(true) {}

  bool limited() const { return limited_; }
  bool throttled() const { return throttled_; }
  Duration left() const { return left_; }
  bool spent() const { return left_ <= Duration{}; }
  Time period_end() const { return period_start_ + quota_.period; }
  /// The period that `now` is in has not been started.
  bool due(Time now) const { return !started_ || now >= period_end(); }

  void use(Duration time) { left_ -= time; }

  /// Starts the period that `now` is in, which is due(). All use before has to be told of.
  void refresh(Time now) {
    if (!started_) {
      started_ = true;
      period_start_ = now;
      left_ = quota_.quota;
      return;
    }
    const std::int64_t passed = (now - period_start_) / quota_.period;
    period_start_ += passed * quota_.period;
    left_ = std::min(quota_.quota, left_ + passed * quota_.quota);
  }

  void throttle(Time now) {
    throttled_ = true;
    throttled_since_ = now;
  }
  void unthrottle(Time now) {
    throttled_total_ = throttled_time(now);
    throttled_ = false;
  }
  /// Cumulative to `now`.
  Duration throttled_time(Time now) const {
    return throttled_total_ + (throttled_ ? now - throttled_since_ : Duration{});
  }

 private:
  CpuQuota quota_{};
  Duration left_{};
  Time period_start_{};
  Time throttled_since_{};
  Duration throttled_total_{};
  bool limited_ = false;
  bool throttled_ = false;
  bool started_ = false;
};

}  // namespace knetsim
