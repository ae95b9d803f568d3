#pragma once

#include <filesystem>

#include <sys/types.h>

namespace knetsim::lab {

/// CPU time of a process until now, all its threads.
struct CpuTimes {
  double user_seconds = 0;
  double system_seconds = 0;
};
/// In steps of a clock tick. @return  Zeros where there is no such process. @source proc(5), /proc/PID/stat.
CpuTimes cpu_times(const std::filesystem::path& proc, pid_t process);

/// CPU seconds, user and system, of all processes that do not belong to the lab: all but `lab`, its children (the lab's
/// workers) and kernel threads (children of kthreadd, process 2). Those of children that have ended and were waited for
/// are counted with their parent, so that the sum loses nothing when a process ends.
/// @param proc  Where proc(5) is mounted. Processes that end while it is read are passed over.
/// @return      0 where it cannot be read.
/// @source Linux Documentation/filesystems/proc.rst, /proc/PID/stat: ppid, utime, stime, cutime and cstime.
double other_processes_seconds(const std::filesystem::path& proc, pid_t lab);

}  // namespace knetsim::lab
