// A pool's promises: addresses never move, released slots come back empty and last-in first-out, live() counts.
#include "sim/core/pool.h"

#include <gtest/gtest.h>

#include <set>

namespace knetsim {
namespace {

TEST(Pool, AddressesNeverMoveAndIndicesAreDense) {
  Pool<int> pool;
  const std::uint32_t first = pool.take();
  pool[first] = 42;
  const int* const address = &pool[first];
  std::set<std::uint32_t> indices{first};
  for (int i = 0; i < 5000; ++i) {
    indices.insert(pool.take());
  }
  EXPECT_EQ(&pool[first], address);
  EXPECT_EQ(pool[first], 42);
  EXPECT_EQ(indices.size(), 5001u);
  EXPECT_EQ(*indices.rbegin(), 5000u);
  EXPECT_EQ(pool.live(), 5001u);
}

TEST(Pool, ReleasedSlotsComeBackEmptyLastOneFirst) {
  Pool<int> pool;
  const std::uint32_t a = pool.take();
  const std::uint32_t b = pool.take();
  pool[a] = 1;
  pool[b] = 2;
  pool.release(a);
  pool.release(b);
  EXPECT_EQ(pool.live(), 0u);
  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool[b], 0);
  EXPECT_EQ(pool.take(), a);
  EXPECT_EQ(pool[a], 0);
}

}  // namespace
}  // namespace knetsim
