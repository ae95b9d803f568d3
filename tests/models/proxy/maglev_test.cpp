#include "models/proxy/maglev.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

// Goal: what Maglev is chosen for: equal shares, and connections that keep their endpoint when others come or go.
// Method: tables of Cilium's sizes before and after one endpoint is taken away or added, against the bounds of the
// paper (Eisenbud et al., section 5.3) and of Cilium's documentation (1 % of reassignments where M >= 100 N; here 2 %).

namespace knetsim {
namespace {

std::vector<Endpoint> some_endpoints(std::uint32_t count) {
  std::vector<Endpoint> endpoints;
  for (std::uint32_t i = 0; i < count; ++i) {
    endpoints.push_back({.address = IpAddress::v4(0x0af40000 + 256 * (i / 8) + 2 + i % 8), .port = 8'080, .pod = i});
  }
  return endpoints;
}

/// Of the entries that led to endpoints of both lists, the share that leads to another of both lists now: what goes to
/// one that has come has to.
double moved(const std::vector<Endpoint>& before, const std::vector<Endpoint>& after, std::uint32_t entries) {
  const MaglevTable first(before, entries);
  const MaglevTable second(after, entries);
  double stayed = 0, changed = 0;
  for (std::uint32_t i = 0; i < entries; ++i) {
    const PodIndex was = before[first.entries()[i]].pod;
    if (std::ranges::find(after, was, &Endpoint::pod) == after.end()) continue;
    const PodIndex now = after[second.entries()[i]].pod;
    if (std::ranges::find(before, now, &Endpoint::pod) == before.end()) continue;
    ++(now == was ? stayed : changed);
  }
  return changed / (stayed + changed);
}

TEST(Maglev, SharesAreEqualToOneInAHundred) {
  for (const std::uint32_t count : {1U, 3U, 50U, 160U}) {
    const MaglevTable table(some_endpoints(count), 16'381);
    std::vector<double> shares(count, 0);
    for (const std::uint32_t endpoint : table.entries()) ++shares[endpoint];
    const auto [least, most] = std::ranges::minmax(shares);
    EXPECT_LE(most - least, 1) << "endpoints take turns: " << count;
  }
}

TEST(Maglev, OfTheEndpointsThatStayTwoInAHundredEntriesMoveAtMost) {
  for (const std::uint32_t entries : {1'021U, 16'381U}) {
    for (std::uint32_t count = 2; count <= entries / 100; count = count * 3 / 2 + 1) {
      std::vector<Endpoint> all = some_endpoints(count);
      std::vector<Endpoint> fewer = all;
      fewer.erase(fewer.begin() + count / 2);
      EXPECT_LE(moved(all, fewer, entries), 0.02) << count << " of " << entries << ", one leaves";
      EXPECT_LE(moved(fewer, all, entries), 0.02) << count << " of " << entries << ", one comes";
    }
  }
}

TEST(Maglev, OfMoreEndpointsThanEntriesSomeHaveNone) {
  const MaglevTable table(some_endpoints(300), 251);
  EXPECT_EQ(table.entries().size(), 251U);
}

// Plain hashing moves all but one in n: the bound above is one that a simpler table does not keep.
TEST(Maglev, ARemainderWouldMoveNearlyAll) {
  std::vector<Endpoint> all = some_endpoints(10);
  std::uint32_t changed = 0, stayed = 0;
  for (std::uint32_t i = 0; i < 16'381; ++i) ++(i % 10 == i % 9 ? stayed : changed);
  EXPECT_GT(changed, 5 * stayed);
  std::vector<Endpoint> fewer(all.begin(), all.begin() + 9);
  EXPECT_LT(moved(all, fewer, 16'381), 0.02);
}

TEST(Maglev, TheOrderOfTheEndpointsDoesNotMatter) {
  const std::vector<Endpoint> all = some_endpoints(20);
  std::vector<Endpoint> turned(all.rbegin(), all.rend());
  EXPECT_EQ(moved(all, turned, 16'381), 0);
}

TEST(Maglev, IsForWhatComesByTheNicAlone) {
  const auto chooser = maglev_chooser(16'381, RandomStreams(7));
  const auto random = random_chooser(RandomStreams(7));
  const std::vector<Endpoint> all = some_endpoints(20);
  std::vector<Endpoint> fewer(all.begin(), all.begin() + 19);
  std::uint32_t moved = 0, counted = 0;
  for (std::uint64_t id = 0; id < 4'000; ++id) {
    EXPECT_EQ(chooser->choose({.id = id}, all, {}), random->choose({.id = id}, all, {}));
    const std::uint32_t before = chooser->choose({.id = id, .by_nic = true}, all, {});
    if (before == 19) continue;
    ++counted;
    if (chooser->choose({.id = id, .by_nic = true}, fewer, {}) != before) ++moved;
  }
  EXPECT_LE(moved, counted / 50);
  EXPECT_GT(counted, 3'700U);
}

}  // namespace
}  // namespace knetsim
