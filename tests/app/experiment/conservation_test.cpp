// Goal: a count that is wrong stops the run. Method: counts of a small network that obey the laws, each of them broken
// by one in turn.

#include "app/experiment/conservation.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

struct Counted {
  RunCounts counts;
  std::array<LinkCounters, 2> links{};
  std::array<Duration, 2> cores{Duration(1s), Duration(500ms)};

  Counted() {
    counts.network = {.sent = 10, .delivered = 6, .lost = 1, .bytes_offered = 9000, .packets_dropped = 2};
    counts.under_way = 3;
    links[0].sent = Bytes(3000);
    links[0].dropped = Bytes(2000);
    links[0].queued = Bytes(1000);
    links[0].packets_dropped = 2;
    links[0].busy = 1s;
    links[1].sent = Bytes(3000);
    counts.now = kTimeZero + 1s;
  }
  void ensure() {
    counts.links = links;
    counts.core_busy = cores;
    ensure_conserved(counts);
  }
};

TEST(Conservation, HoldsWhereEveryCountAgrees) { EXPECT_NO_THROW(Counted().ensure()); }

TEST(Conservation, EachCountThatIsWrongByOneStopsTheRun) {
  const auto broken = [](auto change) {
    Counted counted;
    change(counted);
    EXPECT_THROW(counted.ensure(), InvariantError);
  };
  broken([](Counted& c) { ++c.counts.network.sent; });
  broken([](Counted& c) { ++c.counts.network.delivered; });
  broken([](Counted& c) { ++c.counts.network.lost; });
  broken([](Counted& c) { ++c.counts.under_way; });
  broken([](Counted& c) { ++c.counts.network.bytes_offered; });
  broken([](Counted& c) { c.links[1].sent = Bytes(3001); });
  broken([](Counted& c) { c.links[1].dropped = Bytes(1); });
  broken([](Counted& c) { c.links[0].queued = Bytes(999); });
  broken([](Counted& c) { ++c.links[1].packets_dropped; });
  broken([](Counted& c) { c.links[0].busy += Duration(1); });
  broken([](Counted& c) { c.links[1].busy = Duration(-1); });
  broken([](Counted& c) { c.cores[0] += Duration(1); });
}

}  // namespace
}  // namespace knetsim
