// Goal: each request is in the band of its latency, and a quantile's split is that of the requests around it.
// Method: requests at chosen latencies, with a split that says which they are.

#include <gtest/gtest.h>

#include "models/workload/split_bands.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

SplitBands bands_of(std::initializer_list<Duration> latencies) {
  SplitBands bands;
  for (const Duration latency : latencies) {
    TimeSplit split;
    split.serve(3, latency);
    bands.add(latency, split);
  }
  return bands;
}

TEST(SplitBands, TotalIsTheSumOfAll) {
  const SplitBand all = bands_of({1us, 1us, 5ms, 0s, 20s}).total();
  EXPECT_EQ(all.requests, 5U);
  EXPECT_EQ(all.sum.total(), 2us + 5ms + 20s);
}

TEST(SplitBands, ABandIsOneThirtySecondOfAnOctave) {
  const Duration octave(std::int64_t{1} << 30);
  const Duration band = octave / 32;
  const SplitBands bands = bands_of({octave, octave + band - Duration(1), octave + band, octave - Duration(1)});
  const SplitBand first = bands.around(octave + band / 2);
  EXPECT_EQ(first.requests, 2U);
  EXPECT_EQ(first.sum.total(), octave + octave + band - Duration(1));
  EXPECT_EQ(bands.around(octave + band).requests, 1U);
  EXPECT_EQ(bands.around(octave - Duration(1)).requests, 1U);
}

TEST(SplitBands, WhereABandIsEmptyTheNearestAreTaken) {
  const Duration octave(std::int64_t{1} << 30);
  const Duration band = octave / 32;
  const SplitBands bands = bands_of({octave, octave + 4 * band, octave + 20 * band});
  EXPECT_EQ(bands.around(octave + band).requests, 1U);       // one away; the other is three away
  EXPECT_EQ(bands.around(octave + 2 * band).requests, 2U);   // two away on either side
  EXPECT_EQ(bands.around(octave + 12 * band).requests, 2U);  // eight away
  EXPECT_EQ(bands.around(octave + 29 * band).requests, 0U);
  EXPECT_EQ(SplitBands().around(1ms).requests, 0U);
  EXPECT_EQ(SplitBands().around(Duration::max()).requests, 0U);
}

}  // namespace
}  // namespace knetsim
