// Goal: a caller's script is data whose order says what an attempt does. Method: scripts with one step moved, repeated or
// left out.

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace knetsim
