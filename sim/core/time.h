#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace knetsim {

/// Tag of simulated time, so that it never meets the wall clock's types.
struct SimClock {};

/// Span of simulated time. A picosecond resolves one byte at every Ethernet rate (100 Gbit/s: 80 ps) and 64 bits of
/// them last 106 days.
using Duration = std::chrono::duration<std::int64_t, std::pico>;

/// Instant of simulated time, counted from the start of the run. `now + now` does not compile.
using Time = std::chrono::time_point<SimClock, Duration>;

/// For bit-picosecond products, nowhere else.
__extension__ using Int128 = __int128;

inline constexpr Time kTimeZero{};
inline constexpr Time kTimeNever = Time::max();

/// `at + span`, held at Time::max() instead of wrapping. @param span  At least zero.
constexpr Time add_saturating(Time at, Duration span) { return span > Time::max() - at ? Time::max() : at + span; }

/// Nearest picosecond. @throws std::out_of_range  NaN, negative, or more than Duration::max().
Duration from_seconds(double seconds);

/// Nearest picosecond of a span given in nanoseconds. @throws std::out_of_range  NaN, negative, or out of range.
Duration from_nanoseconds(double nanoseconds);

/// Exact to a double's 53 bits.
constexpr double to_seconds(Duration span) { return static_cast<double>(span.count()) * 1e-12; }
constexpr double to_nanoseconds(Duration span) { return static_cast<double>(span.count()) * 1e-3; }

}  // namespace knetsim
