#include "sim/core/time.h"

#include <stdexcept>
#include <string>

namespace knetsim {
namespace {

Duration from_picoseconds(double picoseconds, const char* unit) {
  // 2^63 is the first double beyond the range; a NaN fails both comparisons.
  if (!(picoseconds >= 0.0 && picoseconds < 9223372036854775808.0)) {
    throw std::out_of_range(std::string("not a span of time in ") + unit);
  }
  return Duration(static_cast<std::int64_t>(picoseconds + 0.5));
}

}  // namespace

Duration from_seconds(double seconds) { return from_picoseconds(seconds * 1e12, "seconds"); }

Duration from_nanoseconds(double nanoseconds) { return from_picoseconds(nanoseconds * 1e3, "nanoseconds"); }

}  // namespace knetsim
