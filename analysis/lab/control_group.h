#pragma once

namespace knetsim::lab {

/// What the control groups of this process allow it.
struct CpuQuota {
  double cpus = 0;         ///< The least quota of the group and those above it, in CPUs; 0: none has one.
  double throttled_s = 0;  ///< Seconds in which one of them has been stopped for it, until now; the largest.
};

/// Looks through the hierarchies of both versions (cpu.max; cpu.cfs_quota_us and cpu.cfs_period_us) that are mounted
/// below /sys/fs/cgroup. What is not there is no quota.
/// @source Linux v6.18 Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-bwc.rst.
CpuQuota cpu_quota();

}  // namespace knetsim::lab
