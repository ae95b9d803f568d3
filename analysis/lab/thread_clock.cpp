#include "analysis/lab/thread_clock.h"

#include <pthread.h>

#include <ctime>

namespace knetsim::lab {

double thread_cpu_ns(std::thread& thread) {
  clockid_t clock{};
  timespec time{};
  if (::pthread_getcpuclockid(thread.native_handle(), &clock) != 0) return 0;
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace knetsim::lab
