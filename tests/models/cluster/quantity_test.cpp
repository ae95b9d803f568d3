// Kubernetes quantities: the values that apimachinery's own documentation and quantity_test.go give, and round trips of
// random quantities through their text.
#include "models/cluster/quantity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/property.h"

namespace knetsim {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(Quantity, ValuesRoundUpAsInKubernetes) {
  const struct {
    const char* text;
    std::int64_t value;
    std::int64_t milli;
  } cases[] = {
      {"0", 0, 0},
      {"100m", 1, 100},
      {"0.1", 1, 100},
      {".5", 1, 500},
      {"2", 2, 2000},
      {"+1.", 1, 1000},
      {"1e3", 1000, 1'000'000},
      {"12E-1", 2, 1200},
      {"1E", 1'000'000'000'000'000'000, kMost},
      {"128Mi", 134'217'728, 134'217'728'000},
      {"128M", 128'000'000, 128'000'000'000},
      {"0.5Gi", 536'870'912, 536'870'912'000},
      {"1.5k", 1500, 1'500'000},
      {"1n", 1, 1},
      {"0.1n", 1, 1},  // finer than a nano: one nano
      {"100u", 1, 1},
      {"-100m", -1, -100},
      {"-1.5", -2, -1500},
      {"9223372036854775807", kMost, kMost},
      {"1e40", kMost, kMost},  // held at the largest
      {"8Ei", kMost, kMost},
      {"1e-40", 1, 1},
      {"007", 7, 7000},
  };
  for (const auto& known : cases) {
    EXPECT_EQ(parse_quantity(known.text).value(), known.value) << known.text;
    EXPECT_EQ(parse_quantity(known.text).milli_value(), known.milli) << known.text;
  }
}

TEST(Quantity, CanonicalFormIsThatOfKubernetes) {
  // apimachinery, quantity_test.go: input and String().
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},        {"1500m", "1500m"},   {"1.5", "1500m"},    {"1000m", "1"},      {"1000", "1k"},
      {"0.001", "1m"},   {"1024Ki", "1Mi"},    {"1.5Gi", "1536Mi"}, {"100Ki", "100Ki"},  {"0.5Ki", "512"},
      {"1000000", "1M"}, {"1e3", "1e3"},       {"1e6", "1e6"},      {"12000e3", "12e6"}, {"-12k", "-12k"},
      {"5E", "5E"},      {"1000Ki", "1000Ki"}, {"100n", "100n"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(parse_quantity(text).to_string(), canonical) << text;
}

TEST(Quantity, WhatIsNoQuantityIsRefusedWithTheReason) {
  for (const char* text :
       {"", "m", "1.2.3", "1 k", "1K", "0x10", "1e", "1e1.5", "--1", "1Kib", "12 Mi", "NaN", "1_000"}) {
    EXPECT_THROW(parse_quantity(text), ValueError) << text;
  }
  try {
    parse_quantity("128MB");
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(), "'128MB' is not a quantity; Kubernetes writes k, M, G without B");
  }
}

TEST(Quantity, MemoryInThousandthsOfAByteIsNoticed) {
  EXPECT_EQ(memory_notice("128m"), "memory '128m' is thousandths of a byte; 128M or 128Mi is meant");
  EXPECT_EQ(memory_notice("512"), "memory '512' is 512 bytes; is 512Mi meant?");
  EXPECT_EQ(memory_notice("128Mi"), "");
  EXPECT_EQ(memory_notice("134217728"), "");
  EXPECT_EQ(memory_notice("0"), "");
}

TEST(Quantity, ComparesByValueWhateverTheFormat) {
  EXPECT_EQ(parse_quantity("1Ki"), parse_quantity("1024"));
  EXPECT_LT(parse_quantity("1k"), parse_quantity("1Ki"));
  EXPECT_EQ((parse_quantity("0.1") + parse_quantity("0.2")), parse_quantity("0.3"));  // not so in binary floating point
  EXPECT_EQ(parse_quantity("9E") + parse_quantity("9E"), Quantity::from_units(kMost));
}

TEST(Quantity, TextAndBackIsTheSameQuantity) {
  expect_property("round trip", [](std::int64_t mantissa) {
    const std::string suffix =
        *rc::gen::element<std::string>("n", "u", "m", "", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-3");
    const Quantity first = parse_quantity(std::to_string(mantissa % 1'000'000'000) + suffix);
    const Quantity again = parse_quantity(first.to_string());
    RC_ASSERT(again == first);
    RC_ASSERT(again.to_string() == first.to_string());
  });
}

TEST(Quantity, RoundingUpIsNeverLessAndNeverAWholeMore) {
  expect_property("ceiling", [](std::int32_t mantissa) {
    const Quantity quantity = parse_quantity(std::to_string(mantissa) + "u");
    const Int128 difference = Int128{quantity.value()} * 1'000'000'000 - quantity.nano();
    RC_ASSERT((mantissa >= 0 ? difference : -difference) >= 0);
    RC_ASSERT((mantissa >= 0 ? difference : -difference) < 1'000'000'000);
  });
}

}  // namespace
}  // namespace knetsim
