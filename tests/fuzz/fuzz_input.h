#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "sim/input/diagnostics.h"
#include "support/sanitized.h"

namespace knetsim::fuzz {

/// Reads one input. What it says is wrong with it is as good an end as any; a crash, an exception that is no
/// ConfigError, a leak, more than a second or more than a gigabyte (libFuzzer's -rss_limit_mb) is not.
void read(std::string_view text);

/// CPU time, not the wall's: the machine may be busy. Sanitizers take some ten times as long.
inline constexpr double kMostSeconds = kShadowed ? 10 : 1;

inline double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace knetsim::fuzz

// libFuzzer's entry; llvm.org/docs/LibFuzzer.html. Each target is one source file that defines read().
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const double begin = knetsim::fuzz::cpu_seconds();
  try {
    knetsim::fuzz::read({reinterpret_cast<const char*>(data), size});
  } catch (const knetsim::ConfigError&) {
  }
  if (const double took = knetsim::fuzz::cpu_seconds() - begin; took > knetsim::fuzz::kMostSeconds) {
    std::fprintf(stderr, "an input of %zu bytes took %.1f s of CPU time\n", size, took);
    std::abort();
  }
  return 0;
}
