// Goal: what judges a fit was not seen by it. Method: the two designs beside each other.

#include "analysis/proxy_lab/proxy_case.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace knetsim::lab {
namespace {

const std::vector<std::string> kBoth{"nginx", "haproxy"};

TEST(ProxyCase, NothingThatIsHeldOutIsFittedTo) {
  const std::vector<ProxyCase> fitted = proxy_calibration_cases(kBoth);
  for (const ProxyCase& one : proxy_held_out_cases(kBoth))
    EXPECT_EQ(std::ranges::find(fitted, one), fitted.end()) << one.name();
}

TEST(ProxyCase, EachHasANameOfItsOwn) {
  std::vector<ProxyCase> all = proxy_calibration_cases(kBoth);
  const std::vector<ProxyCase> held_out = proxy_held_out_cases(kBoth);
  all.insert(all.end(), held_out.begin(), held_out.end());
  std::set<std::string> names;
  for (const ProxyCase& one : all) EXPECT_TRUE(names.insert(one.name()).second) << one.name();
  EXPECT_EQ(all[3].name(), "nginx, kept connections, 1 kB, upstream kept, 1 host");
}

TEST(ProxyCase, TheDesignHasEveryHandshakeAndBothWaysOfKeeping) {
  std::set<std::string> handshakes;
  for (const ProxyCase& one : proxy_calibration_cases({"nginx"})) {
    if (one.listener.tls && !one.kept) handshakes.insert(one.name());
  }
  EXPECT_EQ(handshakes.size(), 6U) << "two versions of two keys and a session taken up";
}

TEST(ProxyCase, EachDoorStandsOnce) {
  const std::vector<ProxyListener> doors = listeners_of(proxy_calibration_cases(kBoth));
  for (std::size_t i = 0; i < doors.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(doors[i], doors[j]);
  }
  EXPECT_EQ(asked_host(ProxyListener{.hosts = 1000}), "shop1000.example") << "the last of them";
}

}  // namespace
}  // namespace knetsim::lab
