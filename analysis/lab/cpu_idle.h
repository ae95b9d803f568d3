#pragma once

#include <string_view>

namespace knetsim::lab {

/// How long a CPU had been idle at some moment.
struct IdleReading {
  double at_ns = 0;    ///< Of the steady clock.
  double idle_ns = 0;  ///< Since some moment in the past.
};

/// The kernel's own account of idle CPUs, of which the rest is busy: processes, interrupts, softirqs in whatever
/// context. CPU times of processes lack a softirq that ran while nothing else did, and on kernels with
/// IRQ_TIME_ACCOUNTING every softirq; sampled times (the "softirq" column of /proc/stat) see what a tick happens to
/// hit.
///
/// Read from /proc/timer_list, in nanoseconds (fields idle_sleeptime and iowait_sleeptime: a tickless kernel adds up
/// its idle spans, interrupts taken out), or where that is not given, from /proc/stat, the same in steps of 10 ms.
/// @source Linux v6.18 kernel/time/tick-sched.c, tick_nohz_stop_idle(); kernel/time/timer_list.c.
class CpuIdle {
 public:
  CpuIdle();

  /// Moves the calling thread to the CPU meanwhile: a span of idleness counts when it has ended.
  /// @throws LabError  The CPU may not be used.
  IdleReading read(int cpu) const;
  double resolution_ns() const { return nanoseconds_ ? 1 : 1e7; }
  std::string_view source() const { return nanoseconds_ ? "/proc/timer_list" : "/proc/stat"; }

 private:
  bool nanoseconds_ = false;
};

/// The share of the time between two readings of one CPU in which it was busy, 0 .. 1.
double busy_share(const IdleReading& begin, const IdleReading& end);

}  // namespace knetsim::lab
