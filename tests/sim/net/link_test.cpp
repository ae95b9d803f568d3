// Goal: a visit to a link gives the times of a FIFO of packets, loses what does not fit, and loses count of nothing.
// Method: the pipelining formula for trains alone (last packet out after sum of p/R + (n - 1) p / min R), a
// packet-by-packet FIFO where trains meet at one link, closed counts for drops and marks, conservation over random
// traffic.

#include "sim/net/link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "packet_reference.h"
#include "sim/core/random.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

constexpr Bandwidth gbit(std::int64_t n) { return Bandwidth(n * 1'000'000'000); }

std::vector<Link> chain(const std::vector<std::int64_t>& gbits, Duration delay = {}, Bytes buffer = Bytes(1 << 30)) {
  std::vector<Link> links;
  links.reserve(gbits.size());
  for (const std::int64_t rate : gbits) {
    links.push_back({.rate = gbit(rate), .delay = delay, .buffer = buffer});
  }
  return links;
}

PacketTrain equal_packets(std::uint32_t count, Bytes each = Bytes(1538)) {
  return {.bytes = each * count, .first = each, .last = each, .packets = count};
}

Train at(Time now, const PacketTrain& size) { return {.size = size, .head = now, .tail = now}; }

Time over_all(Links& links, Train train) {
  for (LinkId hop = 0; hop < links.size(); ++hop) {
    train = links.visit(hop, train).out;
  }
  return train.tail;
}

TEST(Link, OnePacketTakesItsSerializationAndTheDelay) {
  Links links(chain({100}, 500ns));
  const LinkVisit visit = links.visit(0, at(Time(1us), equal_packets(1)));
  EXPECT_EQ(visit.out.head, Time(1us + 500ns + Duration(1538 * 80)));
  EXPECT_EQ(visit.out.tail, visit.out.head);
  EXPECT_EQ(visit.wait, 0ns);
  EXPECT_EQ(visit.service, Duration(1538 * 80));
  EXPECT_EQ(visit.lost, 0U);
}

TEST(Link, ASecondMessageWaitsForTheFirst) {
  Links links(chain({10}));
  const Duration packet(1538 * 800);
  links.visit(0, at(Time(0ns), equal_packets(10)));
  const LinkVisit second = links.visit(0, at(Time(packet), equal_packets(1)));
  EXPECT_EQ(second.wait, 9 * packet);
  EXPECT_EQ(second.out.tail, Time(11 * packet));
  EXPECT_EQ(links.backlog(0, Time(4 * packet)), 7 * packet);
  EXPECT_EQ(links.backlog(0, Time(20 * packet)), 0ns);
}

// Equal packets through FIFOs: the last one is out after sum over hops of p / R_h, and (n - 1) p / R of the slowest.
TEST(Link, ATrainAloneFollowsThePipeliningFormulaOverAnyRates) {
  const std::vector<std::vector<std::int64_t>> paths{{25},
                                                     {10, 10, 10, 10},
                                                     {25, 100, 100, 25},
                                                     {100, 25, 40, 10},
                                                     {10, 25, 40, 100},
                                                     {100, 40, 25, 10},
                                                     {40, 40, 40, 40, 40, 40, 40, 40},
                                                     {25, 100, 400, 10, 100, 40, 200, 25}};
  for (const auto& rates : paths) {
    for (const std::uint32_t packets : {1U, 2U, 10U, 45U, 1000U}) {
      Links links(chain(rates, 300ns));
      const PacketTrain size = equal_packets(packets);
      Duration formula{};
      for (const std::int64_t rate : rates) {
        formula += serialization(size.first, gbit(rate)) + 300ns;
      }
      formula += serialization(size.first, gbit(*std::min_element(rates.begin(), rates.end()))) *
                 static_cast<std::int64_t>(packets - 1);
      EXPECT_EQ(over_all(links, at(Time(7us), size)), Time(7us) + formula) << packets << " packets, " << rates.size();
    }
  }
}

// A short last packet can catch up with the one before it where a fast link follows a slow one; the algebra lets it
// pass by less than one full packet's time on the fast link.
TEST(Link, AShortLastPacketCostsLessThanOneFullPacketOfExactness) {
  for (const std::int64_t payload : {100, 1449, 3000, 20'000, 65'536, 1'000'000}) {
    for (const auto& rates : std::vector<std::vector<std::int64_t>>{{10, 10, 10, 10}, {25, 100, 100, 25}, {10, 100}}) {
      const std::vector<Link> specs = chain(rates, 300ns);
      Links links(specs);
      const PacketTrain size = tcp_train(Bytes(payload), {});
      std::vector<LinkId> path(specs.size());
      std::iota(path.begin(), path.end(), 0U);
      const Time exact = play_packets(specs, {{.at = Time(0ns), .size = size, .path = path}})[0];
      const Time ours = over_all(links, at(Time(0ns), size));
      EXPECT_LE(ours, exact);
      EXPECT_LT(exact - ours, serialization(Bytes(1538), gbit(100))) << payload;
    }
  }
}

TEST(Link, MessagesOfOneSenderAreExactWhereverTheyGo) {
  const std::vector<Link> specs = chain({25, 100, 100, 25}, 500ns);
  Links links(specs);
  RngStream random = RandomStreams(5).get("sizes", 0);
  std::vector<ReferenceMessage> messages;
  Time now{};
  for (int i = 0; i < 200; ++i) {
    now += Duration(static_cast<std::int64_t>(random.below(20'000'000)));
    messages.push_back(
        {.at = now, .size = equal_packets(1 + static_cast<std::uint32_t>(random.below(60))), .path = {0, 1, 2, 3}});
  }
  const std::vector<Time> exact = play_packets(specs, messages);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(over_all(links, at(messages[i].at, messages[i].size)), exact[i]) << i;
  }
}

TEST(Link, WaitServiceAndDelayAddUpToTheMessagesTime) {
  Links links(chain({25, 100, 100, 25}, 500ns));
  for (int i = 0; i < 50; ++i) {
    const Time start(i * 3us);
    Train train = at(start, tcp_train(Bytes(1 + i * 997), {}));
    Duration sum{};
    for (LinkId hop = 0; hop < 4; ++hop) {
      const LinkVisit visit = links.visit(hop, train);
      EXPECT_GE(visit.wait, 0ns);
      EXPECT_GT(visit.service, 0ns);
      sum += visit.wait + visit.service + 500ns;
      train = visit.out;
    }
    EXPECT_EQ(start + sum, train.tail);
  }
}

// Two senders at 25 Gbit/s share a 100 Gbit/s uplink that is half idle: neither waits for the other's whole train.
TEST(Link, TrainsThatAreStillArrivingLeaveRoomBetweenTheirPackets) {
  Links links(chain({100}));
  const PacketTrain size = equal_packets(100);
  const Duration slow = serialization(size.bytes, gbit(25));
  const Train one{.size = size, .head = Time(0ns), .tail = Time(slow)};
  const Train two{.size = size, .head = Time(1ns), .tail = Time(1ns + slow)};
  const Duration packet = serialization(size.first, gbit(100));
  EXPECT_EQ(links.visit(0, one).out.tail, one.tail + packet);
  const LinkVisit second = links.visit(0, two);
  EXPECT_LE(second.wait, packet);
  EXPECT_LE(second.out.tail, two.tail + 2 * packet);
  // A single packet in the middle of both meets next to nothing; one after both finds the link free.
  const LinkVisit third = links.visit(0, at(Time(slow / 2), equal_packets(1)));
  EXPECT_LE(third.wait, 2 * packet);
  EXPECT_EQ(links.booked(0, Time(2 * slow)), 0ns);
}

// Four senders at line rate into one port: at the end of their trains three of the four are queued.
TEST(Link, IncastFillsTheQueueAtTheRateOfTheExcess) {
  const PacketTrain size = equal_packets(40);
  const Duration train_time = serialization(size.bytes, gbit(25));
  for (int senders = 1; senders <= 8; ++senders) {
    Links links(chain({25}));
    Time last{};
    for (int i = 0; i < senders; ++i) {
      last = links.visit(0, {.size = size, .head = Time(0ns), .tail = Time(train_time)}).out.tail;
    }
    const Duration packet = serialization(size.first, gbit(25));
    EXPECT_NEAR(to_nanoseconds(last - Time(senders * train_time)), 0, to_nanoseconds(senders * packet)) << senders;
    EXPECT_NEAR(to_nanoseconds(links.backlog(0, Time(train_time))), to_nanoseconds((senders - 1) * train_time),
                to_nanoseconds(packet));
    EXPECT_NEAR(static_cast<double>(links.counters(0, last).queue_max.count()),
                static_cast<double>(size.bytes.count() * std::max(senders - 1, 0)), 2.0 * 1538);
  }
}

// A burst of 20 packets, then one of 5: the maximum of a window that begins between them is that of the second. One
// that begins while the first drains holds what is left of it by then.
TEST(Link, TheLongestQueueOfAWindowIsWhatStoodAtItsStartOrCameLater) {
  const Duration packet = serialization(Bytes(1538), gbit(10));
  const auto longest = [&](Time window) {
    Links links(chain({10}));
    links.visit(0, at(Time(0ns), equal_packets(20)));
    if (window < Time(30 * packet)) links.begin_window(window);
    links.visit(0, at(Time(30 * packet), equal_packets(5)));
    return links.counters(0, Time(40 * packet)).queue_max;
  };
  EXPECT_EQ(longest(Time::max()), Bytes(20 * 1538)) << "no window begins";
  EXPECT_EQ(longest(Time(0ns)), Bytes(20 * 1538));
  EXPECT_EQ(longest(Time(8 * packet)), Bytes(12 * 1538));
  EXPECT_EQ(longest(Time(17 * packet)), Bytes(5 * 1538)) << "3 stand there, 5 come later";
  EXPECT_EQ(longest(Time(25 * packet)), Bytes(5 * 1538));
}

// Two senders at line rate into one port until t: half of what they sent has been forwarded by then, half is queued. A
// window that begins at t / 2 sees the queue grow to that; one that begins at 3 t / 2 what is left.
TEST(Link, TheLongestQueueOfAWindowIsThatOfTrainsStillArriving) {
  const PacketTrain size = equal_packets(40);
  const Duration time = serialization(size.bytes, gbit(25));
  for (const auto& [window, packets] :
       {std::pair(time / 2, 40), std::pair(time, 40), std::pair(3 * time / 2, 20), std::pair(2 * time, 0)}) {
    Links links(chain({25}));
    for (int i = 0; i < 2; ++i) links.visit(0, {.size = size, .head = Time(0ns), .tail = Time(time)});
    links.begin_window(Time(window));
    EXPECT_NEAR(static_cast<double>(links.counters(0, Time(2 * time)).queue_max.count()), packets * 1538.0, 2.0 * 1538)
        << to_nanoseconds(window);
  }
}

// A train is held against the limit as its last packet comes, and knows nothing of one that slips in before: by what
// that one brings the level may then pass the limit, at which packets would have been dropped. The longest queue is the
// limit, and what the level was for a train that comes at that instant and lasts is not counted.
TEST(Link, TheLongestQueueIsNoLongerThanItsLimit) {
  const Duration packet = serialization(Bytes(1538), gbit(10));
  Links links(chain({10}, {}, Bytes(35 * 1538)));
  links.visit(0, {.size = equal_packets(40), .head = Time(0ns), .tail = Time(10 * packet)});  // 30 wait at its tail
  links.visit(0, {.size = equal_packets(10), .head = Time(2 * packet), .tail = Time(4 * packet)});
  EXPECT_GT(links.backlog(0, Time(10 * packet)), 36 * packet) << "the case is made so that the level passes the limit";
  links.visit(0, {.size = equal_packets(2), .head = Time(10 * packet), .tail = Time(18 * packet)});
  EXPECT_LE(links.counters(0, Time(20 * packet)).queue_max, Bytes(35 * 1538));
  EXPECT_GT(links.counters(0, Time(20 * packet)).queue_max, Bytes(34 * 1538));
}

// A lone packet waits for nothing, whether the window begins before it or while it is being sent.
TEST(Link, APacketThatFindsTheLinkFreeIsNoQueueOfAWindow) {
  Links links(chain({10}));
  links.visit(0, at(Time(0ns), equal_packets(1)));
  links.begin_window(Time(100ns));
  EXPECT_EQ(links.counters(0, Time(1us)).queue_max, Bytes(0));
}

TEST(Link, ABurstBeyondTheLimitLosesItsTail) {
  Links links(chain({10}, 0ns, Bytes(10 * 1538)));
  const LinkVisit visit = links.visit(0, at(Time(0ns), equal_packets(25)));
  EXPECT_EQ(visit.lost, 15U);
  EXPECT_EQ(visit.out.size.packets, 10U);
  EXPECT_EQ(visit.out.size.bytes, Bytes(10 * 1538));
  EXPECT_EQ(visit.out.tail, Time(serialization(Bytes(10 * 1538), gbit(10))));
  const LinkVisit none = links.visit(0, at(Time(0ns), equal_packets(3)));
  EXPECT_EQ(none.lost, 3U);
  EXPECT_EQ(none.out.size.packets, 0U);
  EXPECT_EQ(links.backlog(0, Time(0ns)), serialization(Bytes(10 * 1538), gbit(10))) << "the lost ones take no time";
}

// Arrival at 100 Gbit/s, departure at 25: the queue fills at three quarters of the arrival. Of n packets n/4 leave
// while they come in and 30 stay, the others are lost.
TEST(Link, AQueueThatDrainsWhileTheTrainArrivesLetsSomeThrough) {
  Links links(chain({25}, 0ns, Bytes(30 * 1538)));
  const PacketTrain size = equal_packets(100);
  const Train train{.size = size, .head = Time(0ns), .tail = Time(serialization(size.bytes, gbit(100)))};
  const LinkVisit visit = links.visit(0, train);
  EXPECT_NEAR(visit.lost, 100 - 25 - 30, 1);
  EXPECT_EQ(visit.out.size.packets, 100 - visit.lost);
}

TEST(Link, PacketsThatMeetAQueueAboveTheThresholdAreMarked) {
  Links links(chain({10}));
  links.set_ecn_threshold(0, Bytes(20 * 1538));
  EXPECT_EQ(links.visit(0, at(Time(0ns), equal_packets(20))).marked, 0U);
  EXPECT_EQ(links.visit(0, at(Time(0ns), equal_packets(10))).marked, 10U);
  Links fresh(chain({10}));
  fresh.set_ecn_threshold(0, Bytes(20 * 1538));
  EXPECT_EQ(fresh.visit(0, at(Time(0ns), equal_packets(50))).marked, 30U);
  EXPECT_EQ(fresh.counters(0, Time(0ns)).packets_marked, 30U);
}

TEST(Link, ServiceTimeIsSerialization) {
  for (const std::int64_t rate : {10, 25, 40, 50, 100, 200, 400}) {
    Links links(chain({rate}));
    for (const std::int64_t bytes : {0, 1, 84, 1538, 65'536, 1 << 30}) {
      EXPECT_EQ(links.service_time(0, Bytes(bytes)), serialization(Bytes(bytes), gbit(rate)));
    }
  }
  const std::vector<Link> odd{{.rate = Bandwidth(3'333'333'333), .buffer = Bytes(1 << 20)},
                              {.rate = kMinLinkRate, .buffer = Bytes(1 << 20)}};
  Links links(odd);
  for (LinkId id = 0; id < 2; ++id) {
    for (const std::int64_t bytes : {1, 84, 1538, 65'536, 1 << 30}) {
      const Duration less = serialization(Bytes(bytes), odd[id].rate) - links.service_time(id, Bytes(bytes));
      EXPECT_GE(less.count(), 0);
      EXPECT_LE(less.count(), 1);
    }
  }
}

// What goes in comes out, is dropped or is queued, at every instant; and no link sends faster than its rate.
TEST(Link, ConservesBytesAndPacketsUnderRandomTraffic) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Links links(chain({25}, 0ns, Bytes(150'000)));
    RngStream random = RandomStreams(seed).get("traffic", 0);
    Bytes offered{};
    Bytes passed{};
    std::uint64_t packets_offered = 0;
    std::uint64_t packets_lost = 0;
    Time now{};
    Time last{};
    for (int i = 0; i < 20'000; ++i) {
      now += Duration(static_cast<std::int64_t>(random.below(12'000'000)));
      const PacketTrain size = tcp_train(Bytes(static_cast<std::int64_t>(random.below(40'000))), {});
      const Duration spread(static_cast<std::int64_t>(random.below(2) * random.below(30'000'000)));
      const LinkVisit visit =
          links.visit(0, {.size = size, .head = now, .tail = size.packets == 1 ? now : now + spread});
      offered += size.bytes;
      passed += visit.out.size.packets == 0 ? Bytes{} : visit.out.size.bytes;
      packets_offered += size.packets;
      packets_lost += visit.lost;
      EXPECT_EQ(visit.out.size.packets + visit.lost, size.packets);
      last = std::max(last, visit.out.tail);
      const LinkCounters counters = links.counters(0, now);
      ASSERT_EQ(counters.offered, offered);
      ASSERT_EQ(counters.sent + counters.dropped + counters.queued, offered);
      ASSERT_EQ(counters.offered - counters.dropped, passed);
      ASSERT_LE(serialization(counters.sent, gbit(25)), now - Time{}) << "sent more than the line rate allows";
      ASSERT_GE(counters.queued, Bytes(0));
    }
    const LinkCounters end = links.counters(0, last + 1s);
    EXPECT_EQ(end.packets_offered, packets_offered);
    EXPECT_EQ(end.packets_dropped, packets_lost);
    EXPECT_EQ(end.queued, Bytes(0));
    EXPECT_EQ(end.busy, serialization(passed, gbit(25)));
    EXPECT_GT(packets_lost, 100U) << "the traffic has to reach the limit";
  }
}

TEST(Link, BookedWorkHoldsBackTrainsAndCountsAsBusy) {
  Links links(chain({10}));
  links.book(0, Time(0ns), Bytes(1000));
  EXPECT_EQ(links.visit(0, at(Time(0ns), equal_packets(1))).wait, serialization(Bytes(1000), gbit(10)));
  EXPECT_EQ(links.busy(0, Time(1ms)), serialization(Bytes(2538), gbit(10)));
}

TEST(Link, ARateOfBitsIsAMistakeInUnits) {
  const std::vector<Link> specs{{.rate = Bandwidth(100), .buffer = Bytes(1 << 20)}};
  EXPECT_THROW(Links{specs}, std::invalid_argument);
}

}  // namespace
}  // namespace knetsim
