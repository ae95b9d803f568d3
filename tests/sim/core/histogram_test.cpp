// Properties that hold for any observations (RapidCheck draws them, from a fixed seed): quantiles are within 1/2048 of
// the sorted sample's and never fall, merging is exact and forgets order, sums are exact. Then the layout of buckets
// itself.
#include "sim/core/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <tuple>
#include <vector>

namespace knetsim {
namespace {

using Values = std::vector<std::int64_t>;

/// Observations of every magnitude up to 2^50: most laws would leave the low buckets or the high ones empty.
rc::Gen<Values> observations() {
  return rc::gen::container<Values>(rc::gen::mapcat(rc::gen::inRange(0, 51), [](int bits) {
    return rc::gen::inRange<std::int64_t>(0, (std::int64_t{1} << bits) + 1);
  }));
}

Histogram histogram_of(const Values& values) {
  Histogram histogram;
  for (const std::int64_t value : values) {
    histogram.record(value);
  }
  return histogram;
}

using Buckets = std::vector<std::tuple<std::int64_t, std::int64_t, std::uint64_t>>;

Buckets buckets_of(const Histogram& histogram) {
  Buckets buckets;
  histogram.for_each([&buckets](std::int64_t lower, std::int64_t upper, std::uint64_t count) {
    buckets.emplace_back(lower, upper, count);
  });
  return buckets;
}

bool same(const Histogram& a, const Histogram& b) {
  return a.count() == b.count() && a.sum() == b.sum() && a.sum_of_squares() == b.sum_of_squares() &&
         a.min() == b.min() && a.max() == b.max() && buckets_of(a) == buckets_of(b);
}

// RapidCheck reads its parameters when it checks the first property.
[[maybe_unused]] const int kFixedSeed = setenv("RC_PARAMS", "seed=2026 max_success=300", 1);

RC_GTEST_PROP(HistogramProperty, QuantileIsWithinOneIn2048OfTheSortedSample, ()) {
  Values values = *observations();
  RC_PRE(!values.empty());
  const Histogram histogram = histogram_of(values);
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    const std::int64_t found = histogram.quantile(q);
    RC_ASSERT(std::abs(found - exact) * 2048 <= exact);
  }
}

RC_GTEST_PROP(HistogramProperty, QuantilesAscendBetweenMinimumAndMaximum, ()) {
  const Values values = *observations();
  RC_PRE(!values.empty());
  const Histogram histogram = histogram_of(values);
  std::int64_t last = histogram.min();
  for (int permille = 0; permille <= 1000; permille += 7) {
    const std::int64_t found = histogram.quantile(permille * 1e-3);
    RC_ASSERT(found >= last);
    RC_ASSERT(found <= histogram.max());
    last = found;
  }
  RC_ASSERT(histogram.min() == *std::min_element(values.begin(), values.end()));
  RC_ASSERT(histogram.max() == *std::max_element(values.begin(), values.end()));
}

RC_GTEST_PROP(HistogramProperty, MergingIsAsIfAllHadBeenRecordedInOne, ()) {
  const Values a = *observations();
  const Values b = *observations();
  const Values c = *observations();
  Values all = c;
  all.insert(all.end(), a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  const Histogram whole = histogram_of(all);
  Histogram left = histogram_of(a);
  left.merge(histogram_of(b));
  left.merge(histogram_of(c));
  Histogram bc = histogram_of(c);
  bc.merge(histogram_of(b));
  Histogram right = histogram_of(a);
  right.merge(bc);
  RC_ASSERT(same(left, whole));
  RC_ASSERT(same(right, whole));
}

RC_GTEST_PROP(HistogramProperty, SumsAreExactAndBucketsHoldEachObservationOnce, ()) {
  const Values values = *observations();
  const Histogram histogram = histogram_of(values);
  Int128 sum = 0;
  Int128 squares = 0;
  for (const std::int64_t value : values) {
    sum += value;
    squares += Int128{value} * value;
  }
  RC_ASSERT(histogram.sum() == sum);
  RC_ASSERT(histogram.sum_of_squares() == squares);
  std::uint64_t count = 0;
  std::int64_t last = -1;
  for (const auto& bucket : buckets_of(histogram)) {
    const std::int64_t lower = std::get<0>(bucket);
    const std::int64_t upper = std::get<1>(bucket);
    RC_ASSERT(lower > last);
    const auto inside = std::count_if(values.begin(), values.end(),
                                      [=](std::int64_t value) { return lower <= value && value < upper; });
    RC_ASSERT(static_cast<std::uint64_t>(inside) == std::get<2>(bucket));
    count += std::get<2>(bucket);
    last = lower;
  }
  RC_ASSERT(count == values.size());
}

RC_GTEST_PROP(HistogramProperty, RecordingManyAtOnceIsRecordingThemOneByOne, ()) {
  const auto value = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const auto times = *rc::gen::inRange<std::uint64_t>(0, 50);
  Histogram at_once;
  at_once.record(7);
  at_once.record(value, times);
  Histogram one_by_one;
  one_by_one.record(7);
  for (std::uint64_t i = 0; i < times; ++i) {
    one_by_one.record(value);
  }
  RC_ASSERT(same(at_once, one_by_one));
}

TEST(Histogram, BucketsAreContiguousAndNarrow) {
  std::int64_t expected = 0;
  const std::size_t last = Histogram::index_of(std::numeric_limits<std::int64_t>::max());
  for (std::size_t index = 0; index <= last; ++index) {
    const std::int64_t lower = Histogram::lower_of(index);
    const std::int64_t upper = Histogram::upper_of(index);
    ASSERT_EQ(lower, expected);
    ASSERT_LT(lower, upper);
    ASSERT_EQ(Histogram::index_of(lower), index);
    if (index < last) {
      ASSERT_EQ(Histogram::index_of(upper - 1), index);
    }
    // Three digits: a bucket is at most a 1024th of what it holds, and up to 2047 it is one number.
    ASSERT_LE(upper - lower, std::max<std::int64_t>(1, lower / 1024));
    expected = upper;
  }
  EXPECT_EQ(expected, std::numeric_limits<std::int64_t>::max());
}

TEST(Histogram, EmptyOneAnswersZero) {
  const Histogram histogram;
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_TRUE(buckets_of(histogram).empty());
}

TEST(Histogram, CopyIsIndependentAndMergingWithItselfDoubles) {
  Histogram original;
  original.record(5);
  Histogram copy = original;
  copy.record(6);
  EXPECT_EQ(original.count(), 1u);
  EXPECT_EQ(copy.count(), 2u);
  copy.merge(copy);
  EXPECT_EQ(copy.count(), 4u);
  EXPECT_EQ(copy.sum(), Int128{22});
}

TEST(Histogram, NegativesCountAsZeroAndTheLargestIntegerFits) {
  Histogram histogram;
  histogram.record(-3);
  histogram.record(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.quantile(1), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.count(), 2u);
}

}  // namespace
}  // namespace knetsim
