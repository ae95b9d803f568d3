// Picoseconds: conversions round to nearest and refuse what is no span, instants saturate, and a byte's time on the
// wire is exact at every Ethernet rate.
#include "sim/core/time.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "sim/core/units.h"

namespace knetsim {
namespace {

TEST(Time, SecondsRoundToTheNearestPicosecond) {
  EXPECT_EQ(from_seconds(0).count(), 0);
  EXPECT_EQ(from_seconds(1.0).count(), 1'000'000'000'000);
  EXPECT_EQ(from_seconds(0.4e-12).count(), 0);
  EXPECT_EQ(from_seconds(0.6e-12).count(), 1);
  EXPECT_EQ(from_nanoseconds(450).count(), 450'000);
  EXPECT_EQ(from_nanoseconds(0.0015).count(), 2);
  EXPECT_DOUBLE_EQ(to_seconds(from_seconds(86'400.0)), 86'400.0);
  EXPECT_DOUBLE_EQ(to_nanoseconds(Duration(1500)), 1.5);
}

TEST(Time, WhatIsNoSpanIsRefused) {
  EXPECT_THROW(from_seconds(-1e-9), std::out_of_range);
  EXPECT_THROW(from_seconds(std::nan("")), std::out_of_range);
  EXPECT_THROW(from_seconds(std::numeric_limits<double>::infinity()), std::out_of_range);
  EXPECT_THROW(from_seconds(9.3e6), std::out_of_range);  // the range ends after 106 days
  EXPECT_NO_THROW(from_seconds(9.2e6));
  EXPECT_THROW(from_nanoseconds(1e16), std::out_of_range);
}

TEST(Time, InstantsSaturateAtTheEndOfTime) {
  EXPECT_EQ(add_saturating(kTimeNever, Duration(1)), kTimeNever);
  EXPECT_EQ(add_saturating(Time(Duration(5)), Duration::max()), kTimeNever);
  EXPECT_EQ(add_saturating(Time(Duration(5)), Duration(6)), Time(Duration(11)));
}

TEST(Serialization, OfAByteIsExactAtEthernetRates) {
  constexpr std::int64_t kGbps = 1'000'000'000;
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(10 * kGbps)).count(), 800);
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(25 * kGbps)).count(), 320);
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(40 * kGbps)).count(), 200);
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(100 * kGbps)).count(), 80);
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(400 * kGbps)).count(), 20);
  // A terabyte needs 80 s at 100 Gbit/s: 8e24 bit-picoseconds, far beyond 64 bits.
  EXPECT_EQ(serialization(Bytes(1'000'000'000'000), Bandwidth(100 * kGbps)).count(), 80'000'000'000'000);
}

TEST(Serialization, RoundsUpSoThatALinkIsNeverTooFast) {
  EXPECT_EQ(serialization(Bytes(1), Bandwidth(3'000'000'000)).count(), 2667);
  EXPECT_EQ(serialization(Bytes(0), Bandwidth(3'000'000'000)).count(), 0);
}

TEST(Bytes, AddSubtractScaleAndCompare) {
  EXPECT_EQ(Bytes(5) + Bytes(7) - Bytes(2), Bytes(10));
  EXPECT_EQ((Bytes(3) * 4).count(), 12);
  EXPECT_LT(Bytes(3), Bytes(4));
  EXPECT_GT(Bandwidth(2), Bandwidth(1));
}

}  // namespace
}  // namespace knetsim
