// Units as people write them: values by hand (Go's time.ParseDuration, powers of ten and of two), random round trips
// through the text, and the messages for what is ambiguous.
#include "sim/input/units_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/property.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

template <class Parse>
std::string refusal(Parse parse, std::string_view text) {
  try {
    parse(text);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(DurationText, IsReadAsGoReadsIt) {
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("100us"), 100us);
  EXPECT_EQ(parse_duration("100\u00b5s"), 100us);
  EXPECT_EQ(parse_duration("100\u03bcs"), 100us);
  EXPECT_EQ(parse_duration("10ns"), 10ns);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("1m0.5s"), 60500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0.08ns").count(), 80);
  EXPECT_EQ(parse_duration("0.0005ns").count(), 1);  // half a picosecond: to nearest, up
  EXPECT_EQ(parse_duration("2562h"), 2562h);
}

TEST(DurationText, WhatIsRefusedSaysWhatToWrite) {
  EXPECT_EQ(refusal(parse_duration, "30"), "'30' has no unit; write 30s or 30ms");
  EXPECT_EQ(refusal(parse_duration, "-1s"), "'-1s' is negative");
  EXPECT_EQ(refusal(parse_duration, ""), "'' does not begin with a number");
  EXPECT_EQ(refusal(parse_duration, "fast"), "'fast' does not begin with a number");
  EXPECT_EQ(refusal(parse_duration, "3d"), "unknown unit 'd' in '3d'; write 72h");
  EXPECT_EQ(refusal(parse_duration, "3 s"), "unknown unit ' s' in '3 s'; no blank before the unit");
  EXPECT_EQ(refusal(parse_duration, "5MS"), "unknown unit 'MS' in '5MS'; did you mean 'ms'?");
  EXPECT_EQ(refusal(parse_duration, "1h30"), "'1h30' has no unit; write 1h30s or 1h30ms");
  EXPECT_EQ(refusal(parse_duration, "3000h"), "'3000h' is too long: simulated time ends at 106 days");
}

TEST(DurationText, EveryDurationIsWrittenAndReadBack) {
  expect_property("duration round trip", [](std::int64_t raw) {
    const Duration span((raw & std::numeric_limits<std::int64_t>::max()) >> *rc::gen::inRange(0, 60));
    RC_ASSERT(parse_duration(format(span)) == span);
  });
  EXPECT_EQ(format(Duration(90min)), "1h30m");
  EXPECT_EQ(format(Duration(1500ms)), "1.5s");
  EXPECT_EQ(format(Duration(80)), "80ps");
  EXPECT_EQ(format(Duration(0)), "0s");
  EXPECT_EQ(format(Duration(61s) + Duration(1)), "1m1.000000000001s");
}

TEST(SizeText, PowersOfTenAndOfTwoAreTold) {
  EXPECT_EQ(parse_size("512B").count(), 512);
  EXPECT_EQ(parse_size("1MB").count(), 1'000'000);
  EXPECT_EQ(parse_size("8KiB").count(), 8192);
  EXPECT_EQ(parse_size("1 KB").count(), 1000);
  EXPECT_EQ(parse_size("1.5MiB").count(), 1'572'864);
  EXPECT_EQ(parse_size("32Gi").count(), std::int64_t{32} << 30U);
}

TEST(SizeText, WhatIsAmbiguousIsRefused) {
  EXPECT_EQ(refusal(parse_size, "1500"), "'1500' has no unit");
  EXPECT_EQ(refusal(parse_size, "10M"), "'10M' is ambiguous; write 10MB or 10MiB");
  EXPECT_EQ(refusal(parse_size, "10k"), "'10k' is ambiguous; write 10kB or 10KiB");
  EXPECT_EQ(refusal(parse_size, "0.5B"), "'0.5B' is not a whole number of bytes");
  EXPECT_EQ(refusal(parse_size, "10mb"), "unknown unit 'mb' in '10mb'; did you mean 'MB'?");
  EXPECT_EQ(refusal(parse_size, "99999999TB"), "'99999999TB' is too large");
}

TEST(SizeText, EverySizeIsWrittenAndReadBack) {
  expect_property("size round trip", [](std::int64_t raw) {
    const Bytes size((raw & std::numeric_limits<std::int64_t>::max()) >> *rc::gen::inRange(0, 62));
    RC_ASSERT(parse_size(format(size)) == size);
  });
  EXPECT_EQ(format(Bytes(8192)), "8KiB");
  EXPECT_EQ(format(Bytes(1'000'000)), "1MB");
  EXPECT_EQ(format(Bytes(1500)), "1.5kB");
  EXPECT_EQ(format(Bytes(1448)), "1448B");
}

TEST(BandwidthText, IsInBitsAndSaysSo) {
  EXPECT_EQ(parse_bandwidth("25Gbps").bits_per_second(), 25'000'000'000);
  EXPECT_EQ(parse_bandwidth("100Mbps").bits_per_second(), 100'000'000);
  EXPECT_EQ(parse_bandwidth("1.5 Gbit/s").bits_per_second(), 1'500'000'000);
  EXPECT_EQ(refusal(parse_bandwidth, "10G"), "'10G' is ambiguous (bits or bytes?); write 10Gbps");
  EXPECT_EQ(refusal(parse_bandwidth, "1GB/s"),
            "unknown unit 'GB/s' in '1GB/s'; did you mean bits per second, as in 1Gbps?");
  EXPECT_EQ(refusal(parse_bandwidth, "10gbps"), "unknown unit 'gbps' in '10gbps'; did you mean 'Gbps'?");
  EXPECT_EQ(refusal(parse_bandwidth, "10"), "'10' has no unit");
  expect_property("bandwidth round trip", [](std::int64_t raw) {
    const Bandwidth bandwidth((raw & std::numeric_limits<std::int64_t>::max()) >> *rc::gen::inRange(0, 62));
    RC_ASSERT(parse_bandwidth(format(bandwidth)) == bandwidth);
  });
}

TEST(RateText, IsAnyNumberPerAnyTime) {
  EXPECT_EQ(parse_rate("2000/s").per_second(), 2000.0);
  EXPECT_EQ(parse_rate("10/ms").per_second(), 10'000.0);
  EXPECT_EQ(parse_rate("1.5k/s").per_second(), 1500.0);
  EXPECT_EQ(parse_rate("2M/s").per_second(), 2e6);
  EXPECT_EQ(parse_rate("6/m").per_second(), 0.1);
  EXPECT_EQ(parse_rate("0.1/s").per_second(), 0.1);
  EXPECT_EQ(parse_rate("1/h").per_second(), 1.0 / 3600);
  EXPECT_EQ(refusal(parse_rate, "2000"), "'2000' has no unit; write 2000/s");
  EXPECT_EQ(refusal(parse_rate, "2000rps"), "'2000rps' is not a rate");
  EXPECT_EQ(refusal(parse_rate, "5/sec"), "unknown unit '/sec' in '5/sec'");
  expect_property("rate round trip", [](std::uint32_t thousandths) {
    const Rate rate(static_cast<double>(thousandths) / 1000);
    RC_ASSERT(parse_rate(format(rate)) == rate);
  });
}

TEST(PercentText, NeedsItsSign) {
  EXPECT_EQ(parse_percent("99.9%"), 0.999);
  EXPECT_EQ(parse_percent("0.1%"), 0.001);
  EXPECT_EQ(parse_percent("150%"), 1.5);
  EXPECT_EQ(refusal(parse_percent, "0.95"), "'0.95' is no percentage; write 95%");
}

TEST(HumanText, HasThreeSignificantDigits) {
  EXPECT_EQ(human(Duration(98us)), "98us");
  EXPECT_EQ(human(Duration(2'912us)), "2.91ms");
  EXPECT_EQ(human(Duration(8'700us)), "8.70ms");
  EXPECT_EQ(human(Duration(14'249us)), "14.2ms");
  EXPECT_EQ(human(Duration(999'960ns)), "1ms");
  EXPECT_EQ(human(Duration(125s)), "2m5s");
  EXPECT_EQ(human(Duration(0s)), "0s");
  EXPECT_EQ(human(Bytes(1'234'567)), "1.23 MB");
  EXPECT_EQ(human(Bytes(98)), "98 B");
  EXPECT_EQ(human(Bandwidth(9'420'000'000)), "9.42 Gbps");
  EXPECT_EQ(human(Rate(2000)), "2,000/s");
  EXPECT_EQ(human(Rate(0.5)), "0.50/s");
  EXPECT_EQ(with_commas(-1234567), "-1,234,567");
  EXPECT_EQ(with_commas(999), "999");
}

}  // namespace
}  // namespace knetsim
