// What the unit types exist to forbid, one case at a time (KNETSIM_CASE); case 0 is the control, which compiles.
#include <chrono>

#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

constexpr Time kNow = kTimeZero + std::chrono::microseconds(5);
constexpr Bytes kSize(1500);
constexpr Bandwidth kRate(100'000'000'000);

#if KNETSIM_CASE == 0
constexpr Duration kOnTheWire = serialization(kSize, kRate) + (kNow - kTimeZero);
static_assert(kOnTheWire.count() == 5'120'000);
#elif KNETSIM_CASE == 1
const auto kInstants = kNow + kNow;
#elif KNETSIM_CASE == 2
const Time kWall = std::chrono::steady_clock::now();
#elif KNETSIM_CASE == 3
const Duration kTruncated = std::chrono::duration<double>(1.5);
#elif KNETSIM_CASE == 4
const Bytes kBare = 1500;
#elif KNETSIM_CASE == 5
const Bytes kBits(kRate);
#elif KNETSIM_CASE == 6
const auto kSum = kSize + kRate;
#elif KNETSIM_CASE == 7
const Duration kSwapped = serialization(kRate, kSize);
#elif KNETSIM_CASE == 8
const bool kOrdered = kSize < kRate;
#elif KNETSIM_CASE == 9
const Duration kInstantAsSpan = kNow;
#endif

}  // namespace knetsim
