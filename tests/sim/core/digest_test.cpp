// A run digest tells apart what differs in value, in order or in number, and is a pinned function of what was added.
#include "sim/core/digest.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

template <class... Items>
constexpr std::uint64_t digest_of(Items... items) {
  RunDigest digest;
  (digest.add(items), ...);
  return digest.value();
}

constexpr std::uint64_t operator""_w(unsigned long long value) { return value; }

TEST(RunDigest, TellsValueOrderAndNumberApart) {
  EXPECT_EQ(digest_of(1_w, 2_w), digest_of(1_w, 2_w));
  EXPECT_NE(digest_of(1_w, 2_w), digest_of(2_w, 1_w));
  EXPECT_NE(digest_of(0_w), digest_of());
  EXPECT_NE(digest_of(0_w, 0_w), digest_of(0_w));
  EXPECT_NE(digest_of(0.0), digest_of(-0.0));
  EXPECT_NE(digest_of(EventKey{Time(Duration(1)), 2, 3}), digest_of(EventKey{Time(Duration(1)), 3, 2}));
}

TEST(RunDigest, IsPinned) { EXPECT_EQ(digest_of(1_w, 2.5, EventKey{Time(Duration(7)), 8, 9}), 12466754518616703805u); }

}  // namespace
}  // namespace knetsim
