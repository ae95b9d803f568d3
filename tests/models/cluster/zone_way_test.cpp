// Goal: what passes machines of one zone alone stays within it. Method: all triples of two zones and none, beside the
// sentence that defines it: of the machines that are in a zone all are in one.

#include "models/cluster/zone_way.h"

#include <gtest/gtest.h>

#include <set>

namespace knetsim {
namespace {

TEST(ZoneWay, IsWithinAZoneWhereAllMachinesThatAreInOneAreInThat) {
  for (const ZoneIndex client : {0U, 1U, kNoIndex}) {
    for (const ZoneIndex asked : {0U, 1U, kNoIndex}) {
      for (const ZoneIndex server : {0U, 1U, kNoIndex}) {
        SCOPED_TRACE(testing::Message() << client << ' ' << asked << ' ' << server);
        std::set<ZoneIndex> zones{client, asked, server};
        zones.erase(kNoIndex);
        const bool known = server != kNoIndex && (client != kNoIndex || asked != kNoIndex);
        EXPECT_EQ(zone_way(client, asked, server), !known              ? ZoneWay::Unknown
                                                   : zones.size() == 1 ? ZoneWay::Within
                                                                       : ZoneWay::Across);
      }
    }
  }
}

}  // namespace
}  // namespace knetsim
