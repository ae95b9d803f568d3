#include "sim/core/fifo.h"

#include <gtest/gtest.h>

#include <deque>

#include "sim/core/random.h"

namespace knetsim {
namespace {

// Against std::deque, over long random runs that fill and empty the queue: 1,000 phases of up to 300 operations.
TEST(Fifo, GivesBackInTheOrderOfArrival) {
  Fifo<std::uint64_t> fifo;
  std::deque<std::uint64_t> expected;
  RngStream draws(7, 0);
  std::uint64_t next = 0;
  for (int phase = 0; phase < 1000; ++phase) {
    const std::uint64_t push_of_eight = draws.below(9);
    for (std::uint64_t step = draws.below(300); step > 0; --step) {
      if (draws.below(8) < push_of_eight) {
        fifo.push(next);
        expected.push_back(next++);
      } else if (!expected.empty()) {
        ASSERT_EQ(fifo.front(), expected.front());
        ASSERT_EQ(fifo.pop(), expected.front());
        expected.pop_front();
      }
      ASSERT_EQ(fifo.size(), expected.size());
      ASSERT_EQ(fifo.empty(), expected.empty());
    }
  }
  EXPECT_GT(next, 10'000u);
}

}  // namespace
}  // namespace knetsim
