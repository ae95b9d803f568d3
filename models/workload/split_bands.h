#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/time.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// Sums of time splits of the requests around one latency.
struct SplitBand {
  std::uint64_t requests = 0;
  TimeSplit sum;

  void add(const TimeSplit& split) {
    ++requests;
    sum += split;
  }
  SplitBand& operator+=(const SplitBand& other) {
    requests += other.requests;
    sum += other.sum;
    return *this;
  }
};

/// Time splits of requests by their latency: bands of 1/32 octave, of which those exist that something fell into.
class SplitBands {
 public:
  SplitBands() { place_.fill(kNone); }

  void add(Duration latency, const TimeSplit& split) {
    std::uint16_t& place = place_[band_of(latency)];
    if (place == kNone) [[unlikely]] {
      place = static_cast<std::uint16_t>(bands_.size());
      bands_.emplace_back();
    }
    bands_[place].add(split);
  }

  /// Of all latencies.
  SplitBand total() const;
  /// Of the latency's band, and of the next ones on either side as far as needed to have some, eight at most. `requests`
  /// is 0 where there are none.
  SplitBand around(Duration latency) const;

 private:
  static constexpr std::size_t kBands = 64 * 32;
  static constexpr std::uint16_t kNone = 0xffff;
  /// At least 5 x 32.
  static std::size_t band_of(Duration latency) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(32, latency.count()));
    const auto octave = static_cast<std::size_t>(std::bit_width(value) - 1);
    return octave * 32 + static_cast<std::size_t>((value >> (octave - 5)) & 31);
  }

  std::array<std::uint16_t, kBands> place_;  // in bands_: a look-up has no branch that latencies decide
  std::vector<SplitBand> bands_;             // in the order in which they were first met
};

}  // namespace knetsim
