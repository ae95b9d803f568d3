// Goal: the scoreboard counts and judges as RFC 6675 and RFC 8985 say, whatever arrives in whatever order.
// Method: small cases by hand; random traffic beside a list of flags that is counted anew each time.

#include "sim/net/scoreboard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/core/random.h"
#include "support/sanitized.h"

namespace knetsim {
namespace {

Time at(std::int64_t us) { return kTimeZero + std::chrono::microseconds(us); }

Scoreboard ten_sent() { return Scoreboard(0, 10, 0, at(0)); }

void arrive(Scoreboard& board, SegmentRange range) {
  board.take_in(range);
  board.acknowledge(range);
}

TEST(Scoreboard, ThreeSegmentsAboveMakeALoss) {
  Scoreboard board = ten_sent();
  arrive(board, {0, 2});
  EXPECT_EQ(board.una(), 2U);
  arrive(board, {4, 2});
  EXPECT_FALSE(board.judge_by_count());
  EXPECT_EQ(board.pipe(), 6U);
  arrive(board, {8, 1});
  EXPECT_TRUE(board.judge_by_count());
  EXPECT_EQ(board.pipe(), 3U) << "2 and 3 are lost; 6, 7 and 9 are under way";
  EXPECT_EQ(board.first_lost(10).first, 2U);
  EXPECT_EQ(board.first_lost(10).count, 2U);
  EXPECT_EQ(board.first_lost(1).count, 1U);
}

TEST(Scoreboard, WhatWasSentAgainIsNotJudgedByCountAgain) {
  Scoreboard board = ten_sent();
  arrive(board, {1, 3});
  EXPECT_TRUE(board.judge_by_count());
  board.sent({0, 1}, at(1));
  arrive(board, {4, 6});
  EXPECT_FALSE(board.judge_by_count());
  EXPECT_EQ(board.pipe(), 1U);
  board.lose_all();
  EXPECT_EQ(board.pipe(), 0U);
  EXPECT_EQ(board.first_lost(10).count, 1U);
}

TEST(Scoreboard, WhatLeftLaterShowsALossByOrderEvenOfWhatWasSentAgain) {
  Scoreboard board = ten_sent();
  arrive(board, {1, 1});
  EXPECT_EQ(board.overtaken(), at(0));
  EXPECT_FALSE(board.judge_by_order(at(-1))) << "too early to say";
  EXPECT_TRUE(board.judge_by_order());
  EXPECT_EQ(board.overtaken(), std::nullopt);
  board.sent({0, 1}, at(1));
  board.sent({10, 1}, at(2));
  arrive(board, {2, 8});
  EXPECT_FALSE(board.judge_by_order()) << "all of these left before";
  arrive(board, {10, 1});
  EXPECT_TRUE(board.judge_by_order());
  EXPECT_EQ(board.first_lost(10).first, 0U);
}

TEST(Scoreboard, KnowsWhatIsNeeded) {
  Scoreboard board = ten_sent();
  board.dropped({3, 2});
  EXPECT_TRUE(board.needed({3, 2}));
  EXPECT_FALSE(board.needed({3, 3}));
  board.sent({3, 1}, at(1));
  EXPECT_FALSE(board.needed({3, 1}));
  EXPECT_EQ(board.take_in({3, 1}), 1U);
  EXPECT_EQ(board.take_in({3, 1}), 0U);
}

TEST(Scoreboard, CountsAsAListOfFlagsDoes) {
  for (int seed = 1; seed <= repetitions(50); ++seed) {
    RngStream draws(static_cast<std::uint64_t>(seed), 3);
    const std::uint32_t held_before = draws.next_u32() % 8;
    Scoreboard board(4, 12, 4 + held_before, at(0));
    struct Flags {
      bool held = false, heard = false, lost = false, resent = false;
    };
    std::vector<Flags> list(12);
    for (std::uint32_t s = 0; s < 4 + held_before; ++s) list[s].held = true;
    for (std::uint32_t s = 0; s < 4; ++s) list[s].heard = true;
    const auto una = [&] {
      return static_cast<std::uint32_t>(std::ranges::find(list, false, &Flags::heard) - list.begin());
    };
    for (int step = 1; step < 20'000; ++step) {
      const std::uint32_t from = una();
      const auto next = static_cast<std::uint32_t>(list.size());
      const std::uint32_t s = from < next ? from + draws.next_u32() % std::min(next - from, 30U) : next;
      switch (draws.next_u32() % 6) {
        case 0:
        case 1:
          board.sent({next, 1}, at(step));
          list.emplace_back();
          break;
        case 2:
          if (s < next) {
            ASSERT_EQ(board.take_in({s, 1}), list[s].held ? 0U : 1U);
            list[s].held = true;
          }
          break;
        case 3:
          if (s < next && list[s].held) {
            ASSERT_EQ(board.acknowledge({s, 1}), list[s].heard ? 0U : 1U);
            list[s].heard = true;
            list[s].lost = false;
          }
          break;
        case 4: {
          const bool found = board.judge_by_count();
          bool expected = false;
          int above = 0;
          for (std::size_t i = list.size(); i-- > from;) {
            Flags& f = list[i];
            if (f.heard) {
              ++above;
            } else if (above >= 3 && !f.lost && !f.resent) {
              f.lost = expected = true;
            }
          }
          ASSERT_EQ(found, expected);
          break;
        }
        default: {
          const SegmentRange lost = board.first_lost(5);
          const auto first = std::ranges::find(list, true, &Flags::lost);
          ASSERT_EQ(lost.count > 0, first != list.end());
          if (lost.count > 0) {
            ASSERT_EQ(lost.first, first - list.begin());
            board.sent(lost, at(step));
            for (std::uint32_t i = lost.first; i < lost.first + lost.count; ++i) {
              ASSERT_TRUE(list[i].lost);
              list[i].lost = false;
              list[i].resent = true;
            }
          } else if (draws.next_u32() % 50 == 0) {
            board.lose_all();
            for (Flags& f : list) {
              f.resent = false;
              f.lost = !f.heard;
            }
          }
        }
      }
      ASSERT_EQ(board.una(), una());
      ASSERT_EQ(board.next(), list.size());
      const auto pipe = std::ranges::count_if(list, [](const Flags& f) { return !f.heard && !f.lost; });
      ASSERT_EQ(board.pipe(), pipe) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace knetsim
