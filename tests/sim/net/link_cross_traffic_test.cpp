// Goal: state how far the algebra of link visits is from the truth when many senders' trains meet in a fabric.
// Method: the same random messages once as trains over Links and once packet by packet (packet_reference.h); errors of
// the completion time by size, where a message above 64 KiB goes as skbs, a train each. The bounds are the measured
// errors (printed on failure) rounded up; at 30 and 60 % load of the hosts' links, uplinks faster than them and equal
// to them.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <tuple>
#include <vector>

#include "packet_reference.h"
#include "sim/core/random.h"
#include "sim/net/generators.h"
#include "sim/net/link.h"
#include "sim/net/routing.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::int64_t, 4> kPayload{700, 8'000, 64'000, 256'000};
constexpr std::array<double, 4> kShare{0.5, 0.8, 0.95, 1.0};  // cumulative

struct Traffic {
  Topology topology;
  std::vector<ReferenceMessage> messages;
  std::vector<std::size_t> size_class;
};

Traffic make_traffic(Bandwidth uplink, double load, std::size_t count) {
  Traffic traffic{
      .topology = leaf_spine({.hosts = {.count = 32},
                              .wires = {.delay = 1us, .switch_buffer = Bytes(1 << 30), .host_buffer = Bytes(1 << 30)},
                              .leaves = 4,
                              .spines = 2,
                              .uplink_rate = uplink}),
      .messages = {},
      .size_class = {}};
  const Routing routing(traffic.topology);
  RngStream random = RandomStreams(11).get("cross traffic", 0);
  // Mean wire bytes of a message are about 27 kB at 1538/1448; gaps are uniform, which at this load bunches enough.
  const double mean_bytes = (0.5 * 700 + 0.3 * 8'000 + 0.15 * 64'000 + 0.05 * 256'000) * 1538 / 1448;
  const double mean_gap_ps = mean_bytes * 8 / (load * 32 * 25e9) * 1e12;
  Time now{};
  while (traffic.messages.size() < count) {
    now += Duration(static_cast<std::int64_t>(2 * mean_gap_ps * random.uniform()));
    const double pick = random.uniform();
    const auto cls = static_cast<std::size_t>(
        std::find_if(kShare.begin(), kShare.end(), [&](double s) { return pick < s; }) - kShare.begin());
    const auto src = static_cast<HostId>(random.below(32));
    const auto dst = static_cast<HostId>((src + 1 + random.below(31)) % 32);
    std::array<LinkId, kMaxPathLinks> path{};
    const std::size_t links = routing.path(src, dst, random.next_u64(), path);
    traffic.messages.push_back(
        {.at = now,
         .size = tcp_train(Bytes(kPayload[cls]), {}),
         .path = std::vector<LinkId>(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(links))});
    traffic.size_class.push_back(cls);
  }
  return traffic;
}

// Completion of each message when its trains visit the links in order of their heads.
std::vector<Time> play_trains(const Traffic& traffic, std::uint32_t packets_per_train) {
  struct Event {
    Train train{};
    std::size_t message = 0;
    std::size_t hop = 0;
    std::size_t order = 0;
  };
  const auto later = [](const Event& a, const Event& b) {
    return std::tie(a.train.head, a.order) > std::tie(b.train.head, b.order);
  };
  std::priority_queue<Event, std::vector<Event>, decltype(later)> events(later);
  for (std::size_t i = 0; i < traffic.messages.size(); ++i) {
    const ReferenceMessage& message = traffic.messages[i];
    const auto send = [&](const PacketTrain& piece) {
      events.push(
          {.train = {.size = piece, .head = message.at, .tail = message.at}, .message = i, .order = events.size()});
    };
    PacketTrain rest = message.size;
    while (rest.packets > packets_per_train) {
      send(rest.take_front(packets_per_train));
    }
    send(rest);
  }
  Links links(traffic.topology.links());
  std::vector<Time> arrived(traffic.messages.size());
  while (!events.empty()) {
    Event event = events.top();
    events.pop();
    const std::vector<LinkId>& path = traffic.messages[event.message].path;
    event.train = links.visit(path[event.hop], event.train).out;
    if (++event.hop == path.size()) {
      arrived[event.message] = std::max(arrived[event.message], event.train.tail);
    } else {
      events.push(event);
    }
  }
  return arrived;
}

struct Error {
  double mean = 0;      // relative error of the mean completion time
  double p99 = 0;       // of its 99th percentile
  double absolute = 0;  // mean of |error| of single messages, relative to the mean
};

std::array<Error, 4> compare(Bandwidth uplink, double load, std::uint32_t packets_per_train) {
  const Traffic traffic = make_traffic(uplink, load, 12'000);
  const std::vector<Time> exact = play_packets(traffic.topology.links(), traffic.messages);
  const std::vector<Time> ours = play_trains(traffic, packets_per_train);
  std::array<Error, 4> errors{};
  for (std::size_t cls = 0; cls < 4; ++cls) {
    std::vector<double> truth;
    std::vector<double> model;
    double absolute = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      if (traffic.size_class[i] == cls) {
        truth.push_back(to_nanoseconds(exact[i] - traffic.messages[i].at));
        model.push_back(to_nanoseconds(ours[i] - traffic.messages[i].at));
        absolute += std::abs(model.back() - truth.back());
      }
    }
    double truth_sum = 0;
    double model_sum = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      truth_sum += truth[i];
      model_sum += model[i];
    }
    std::sort(truth.begin(), truth.end());
    std::sort(model.begin(), model.end());
    const std::size_t p99 = truth.size() * 99 / 100;
    errors[cls] = {model_sum / truth_sum - 1, model[p99] / truth[p99] - 1, absolute / truth_sum};
  }
  return errors;
}

void expect_within(const std::array<Error, 4>& errors, const std::array<double, 4>& mean,
                   const std::array<double, 4>& p99) {
  for (std::size_t cls = 0; cls < 4; ++cls) {
    EXPECT_LE(std::abs(errors[cls].mean), mean[cls]) << kPayload[cls] << " bytes: mean " << errors[cls].mean;
    EXPECT_LE(std::abs(errors[cls].p99), p99[cls]) << kPayload[cls] << " bytes: p99 " << errors[cls].p99;
    EXPECT_LE(errors[cls].absolute, mean[cls] + 0.03) << kPayload[cls] << " bytes: absolute " << errors[cls].absolute;
  }
}

TEST(LinkCrossTraffic, AtThirtyPercentWithFastUplinks) {
  expect_within(compare(Bandwidth(100'000'000'000), 0.3, packets_per_skb(Bytes(1448))), {0.005, 0.005, 0.08, 0.03},
                {0.01, 0.01, 0.03, 0.02});
}

TEST(LinkCrossTraffic, AtSixtyPercentWithFastUplinks) {
  expect_within(compare(Bandwidth(100'000'000'000), 0.6, packets_per_skb(Bytes(1448))), {0.005, 0.005, 0.08, 0.04},
                {0.01, 0.01, 0.03, 0.01});
}

TEST(LinkCrossTraffic, WithOversubscribedUplinks) {
  expect_within(compare(Bandwidth(25'000'000'000), 0.15, packets_per_skb(Bytes(1448))), {0.015, 0.01, 0.14, 0.05},
                {0.01, 0.01, 0.09, 0.01});
}

TEST(LinkCrossTraffic, PiecesOfAnInitialWindowAreNearlyExact) {
  expect_within(compare(Bandwidth(100'000'000'000), 0.6, 10), {0.005, 0.01, 0.005, 0.005}, {0.01, 0.01, 0.01, 0.01});
}

}  // namespace
}  // namespace knetsim
