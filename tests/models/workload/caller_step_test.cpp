// Goal: a caller's script is data whose order says what an attempt does. Method: scripts with one step moved, repeated or
// left out.

#include <gtest/gtest.h>

#include <utility>

#include "models/workload/caller_step.h"

namespace knetsim {
namespace {

TEST(CallerScript, AcquiresOnceAndExchangesOnceInOrder) {
  EXPECT_TRUE(is_well_formed({Acquire{}, Exchange{}}));
  EXPECT_TRUE(is_well_formed({Resolve{}, Resolve{}, Acquire{}, Handshake{}, Handshake{}, Exchange{}, Close{}}));
  for (const CallerScript& script : std::vector<CallerScript>{{},
                                                              {Acquire{}},
                                                              {Exchange{}},
                                                              {Exchange{}, Acquire{}},
                                                              {Acquire{}, Resolve{}, Exchange{}},
                                                              {Acquire{}, Exchange{}, Handshake{}},
                                                              {Acquire{}, Acquire{}, Exchange{}},
                                                              {Acquire{}, Exchange{}, Exchange{}},
                                                              {Acquire{}, Close{}, Exchange{}},
                                                              {Acquire{}, Exchange{}, Close{}, Close{}}}) {
    EXPECT_FALSE(is_well_formed(script)) << script.size() << " steps";
  }
}

TEST(CallerScript, IsReadByItsParts) {
  const CallerScript script = plain_script({.request_bytes = Distribution::constant(7)}, true);
  EXPECT_TRUE(is_well_formed(script));
  EXPECT_EQ(exchange_of(script).request_bytes.mean(), 7);
  EXPECT_TRUE(awaits_close(script));
  EXPECT_FALSE(awaits_close(plain_script({})));
}

TEST(CallerScript, TakesAStepInItsPlaceBehindThoseOfItsKind) {
  CallerScript script = plain_script({}, true);
  script = with_step(std::move(script), Handshake{.rounds = 1});
  script = with_step(std::move(script), Resolve{3});
  script = with_step(std::move(script), Handshake{.rounds = 2});
  EXPECT_TRUE(is_well_formed(script));
  ASSERT_EQ(script.size(), 6u);
  EXPECT_EQ(std::get<Resolve>(script[0]).lookup, 3u);
  EXPECT_EQ(std::get<Handshake>(script[2]).rounds, 1u);
  EXPECT_EQ(std::get<Handshake>(script[3]).rounds, 2u);
}

TEST(CallerScript, WorkIsThatOfItsStepsAndHandshakesCountWhereAConnectionIsNew) {
  CallerScript script = plain_script({.client_work_seconds = Distribution::constant(1e-3)});
  EXPECT_DOUBLE_EQ(mean_work_seconds(script, true), 1e-3);
  script = with_step(std::move(script), Handshake{.rounds = 2,
                                                  .server_work_seconds = Distribution::constant(2e-3),
                                                  .client_work_seconds = Distribution::constant(3e-3)});
  EXPECT_DOUBLE_EQ(mean_work_seconds(script, true), 11e-3);
  EXPECT_DOUBLE_EQ(mean_work_seconds(script, false), 1e-3);
}

}  // namespace
}  // namespace knetsim
