#pragma once

#include <string>
#include <string_view>

#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/scalar.h"

namespace knetsim {

// What a person writes in a config for the types of sim/core, and back. A number without a unit is an error everywhere
// (but 0 for a duration, as in Go): 30 could be seconds or milliseconds. All throw ValueError with the accepted units.

inline constexpr std::string_view kDurationUnits = "a number with ns, us, ms, s, m or h, as in 250ms or 1h30m";
inline constexpr std::string_view kRateUnits = "a number per time, as in 2000/s, 1.5k/s or 10/ms";
inline constexpr std::string_view kBandwidthUnits = "a number with bps, kbps, Mbps, Gbps or Tbps, as in 25Gbps";
inline constexpr std::string_view kSizeUnits = "a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, as in 8KiB";
inline constexpr std::string_view kPercentUnits = "a number with %, as in 99.9%";

/// Go's time.ParseDuration without a minus: 1h30m, 1.5s, 250ms, 100us (or with a micro sign), 10ns; also ps. Exact,
/// what is finer than a picosecond rounded to nearest.
Duration parse_duration(std::string_view text);
/// Events per second: 2000/s, 10/ms, 1.5k/s, 2M/s, 600/m, 5/h.
Rate parse_rate(std::string_view text);
/// 25Gbps, 100Mbps, 1.5Gbps, also Gbit/s. Bits; "10G" and bytes per second ("1GB/s") are refused as ambiguous. Whole
/// bits per second only.
Bandwidth parse_bandwidth(std::string_view text);
/// 8KiB, 1MB, 512B, "1 KB" (KB as kB: 1000), Kubernetes' Ki, Mi, Gi, Ti. Whole bytes only.
Bytes parse_size(std::string_view text);
/// "99.9%" is 0.999. At least 0.
double parse_percent(std::string_view text);

/// Exact and parsed back to the same value: 1h30m, 1.5s, 250ms, 10ns.
std::string format(Duration span);
std::string format(Rate rate);
std::string format(Bandwidth bandwidth);
std::string format(Bytes size);

/// For a screen, three significant digits: 98us, 2.91ms, 14.2ms, 3.05s, 2m5s.
std::string human(Duration span);
/// 98 B, 1.2 MB, 34.5 kB.
std::string human(Bytes size);
/// 9.42 Gbps.
std::string human(Bandwidth bandwidth);
/// 2,000/s; 0.5/s.
std::string human(Rate rate);
/// 1,234,567.
std::string with_commas(std::int64_t number);

}  // namespace knetsim
