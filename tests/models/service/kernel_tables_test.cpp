// Goal: tables of kernels are full when they are, and have room again when the kernel's timers say so. Method: places taken and
// given back at known instants; the collector of conntrack by the lines of nf_conntrack_core.c.

#include "models/service/kernel_tables.h"

#include <gtest/gtest.h>

#include <variant>

namespace knetsim {
namespace {

using std::chrono::seconds;

constexpr TableNeed kPort{.limit = KernelLimit::LocalPorts, .table = 7, .room = 3, .after_close = seconds(60)};

Time at(double s) { return kTimeZero + from_seconds(s); }

class Tables : public ::testing::Test {
 protected:
  std::optional<std::uint32_t> take(const TableNeed& need, double s) {
    const auto taken = tables.take(std::span(&need, 1), 4, 9, at(s));
    if (const auto* holds = std::get_if<std::uint32_t>(&taken)) return *holds;
    return std::nullopt;
  }
  KernelTables tables{RandomStreams(1)};
};

TEST_F(Tables, AClosedPortWaitsWithWhoClosedFirst) {
  const auto a = take(kPort, 0), b = take(kPort, 0), c = take(kPort, 0);
  ASSERT_TRUE(a && b && c);
  EXPECT_FALSE(take(kPort, 1)) << "three of three";
  tables.release(*a, ConnectionEnd::ByServer, at(2));
  const auto d = take(kPort, 2);
  ASSERT_TRUE(d) << "the server has the TIME_WAIT";
  tables.release(*b, ConnectionEnd::ByClient, at(3));
  EXPECT_FALSE(take(kPort, 62.9));
  EXPECT_TRUE(take(kPort, 63));
  tables.release(*c, ConnectionEnd::ByReset, at(64));
  EXPECT_TRUE(take(kPort, 64));
}

TEST_F(Tables, EachTableHasItsOwnRoom) {
  TableNeed other = kPort;
  other.table = 8;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(take(kPort, 0));
  EXPECT_FALSE(take(kPort, 0));
  EXPECT_TRUE(take(other, 0));
}

TEST_F(Tables, WhatIsFullIsToldOnceWithAllThatFoundItSo) {
  for (int i = 0; i < 3; ++i) take(kPort, 0);
  for (const double s : {5.0, 6.0, 7.0}) EXPECT_FALSE(take(kPort, s));
  ASSERT_EQ(tables.exhausted().size(), 1U);
  const Exhaustion& met = tables.exhausted().front();
  EXPECT_EQ(met.edge, 4U);
  EXPECT_EQ(met.client, 9U);
  EXPECT_EQ(met.connections, 3U);
  EXPECT_EQ(met.since, at(5));
  EXPECT_EQ(met.room, 3U);
}

TEST_F(Tables, NothingIsTakenWhereOneTableIsFull) {
  std::array<TableNeed, 2> both{kPort, kPort};
  both[1].table = 8;
  both[1].room = 1;
  EXPECT_TRUE(std::holds_alternative<std::uint32_t>(tables.take(both, 0, 0, at(0))));
  EXPECT_TRUE(std::holds_alternative<KernelLimit>(tables.take(both, 0, 0, at(0))));
  EXPECT_TRUE(take(kPort, 0));
  EXPECT_TRUE(take(kPort, 0)) << "the refused one has left the first table alone";
}

// 200 entries: full, all closed. The collector passes within 60 s of the first drop, and leaves 95 % of them; without a drop it leaves all.
TEST_F(Tables, TheCollectorTakesClosingEntriesDownTo95PerCent) {
  const TableNeed entry{.limit = KernelLimit::Conntrack, .table = 0, .room = 200, .after_close = seconds(120)};
  for (int i = 0; i < 200; ++i) tables.release(*take(entry, 0), ConnectionEnd::ByClient, at(0));
  EXPECT_FALSE(take(entry, 1e-3));
  int free = 0;
  while (take(entry, 60.5)) ++free;
  EXPECT_EQ(free, 11) << "at 189 of 200 it stops: fewer than 95 of 100";
  int later = 0;
  while (take(entry, 119.9)) ++later;
  EXPECT_LE(later, 11) << "one pass more, of what had been dropped again";
  EXPECT_TRUE(take(entry, 120.001)) << "the others have ended by themselves";
}

TEST_F(Tables, OpenEntriesStay) {
  const TableNeed entry{.limit = KernelLimit::Conntrack, .table = 0, .room = 200, .after_close = seconds(120)};
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(take(entry, 0));
  for (const double s : {1.0, 100.0, 1'000.0}) EXPECT_FALSE(take(entry, s));
}

TEST_F(Tables, AResetEndsAConntrackEntryAfterTenSeconds) {
  const TableNeed entry{.limit = KernelLimit::Conntrack, .table = 0, .room = 1, .after_close = seconds(120)};
  tables.release(*take(entry, 0), ConnectionEnd::ByReset, at(0));
  EXPECT_FALSE(take(entry, 9.9));
  EXPECT_TRUE(take(entry, 10));
}

}  // namespace
}  // namespace knetsim
