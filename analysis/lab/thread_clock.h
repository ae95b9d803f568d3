#pragma once

#include <thread>

namespace knetsim::lab {

/// CPU time of a running thread, nanoseconds: user, system, and what interrupts and softirqs took while it ran, unless
/// the kernel keeps these apart (CONFIG_IRQ_TIME_ACCOUNTING).
double thread_cpu_ns(std::thread& thread);

}  // namespace knetsim::lab
