#include "models/workload/split_bands.h"

#include <algorithm>
#include <cstddef>

namespace knetsim {

SplitBand SplitBands::total() const {
  SplitBand sum;
  for (const SplitBand& band : bands_) sum += band;
  return sum;
}

SplitBand SplitBands::around(Duration latency) const {
  constexpr std::size_t kReach = 8;
  const std::size_t middle = band_of(latency);
  SplitBand sum;
  for (std::size_t reach = 0; reach <= kReach && sum.requests == 0; ++reach) {
    for (std::size_t band = middle - reach; band <= std::min(middle + reach, kBands - 1); ++band) {
      if (place_[band] != kNone) sum += bands_[place_[band]];
    }
  }
  return sum;
}

}  // namespace knetsim
