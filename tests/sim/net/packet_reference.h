#pragma once

#include <algorithm>
#include <cstddef>
#include <queue>
#include <span>
#include <tuple>
#include <vector>

#include "sim/net/link_framing.h"
#include "sim/net/topology.h"

namespace knetsim {

/// A message for the reference: all its packets join the first link's queue at `at`.
struct ReferenceMessage {
  Time at{};
  PacketTrain size{};
  std::vector<LinkId> path{};
};

/// The truth that link visits are measured against: every packet of every message is an event at every hop, each link a
/// plain FIFO of packets without a limit. Returns when the last packet of each message has arrived, shape (messages,).
inline std::vector<Time> play_packets(std::span<const Link> links, const std::vector<ReferenceMessage>& messages) {
  struct Event {
    Time at{};
    std::size_t message = 0;
    std::uint32_t packet = 0;
    std::size_t hop = 0;
  };
  const auto later = [](const Event& a, const Event& b) {
    return std::tie(a.at, a.message, a.packet) > std::tie(b.at, b.message, b.packet);
  };
  std::priority_queue<Event, std::vector<Event>, decltype(later)> events(later);
  std::vector<Time> free_at(links.size());
  std::vector<Time> arrived(messages.size());
  const auto send = [&](Event event) {
    const ReferenceMessage& message = messages[event.message];
    const Link& link = links[message.path[event.hop]];
    const bool last = event.packet + 1 == message.size.packets;
    Time& free = free_at[message.path[event.hop]];
    free = std::max(free, event.at) + serialization(last ? message.size.last : message.size.first, link.rate);
    event.at = free + link.delay;
    ++event.hop;
    events.push(event);
  };
  for (std::size_t i = 0; i < messages.size(); ++i) {
    events.push({messages[i].at, i, 0, 0});
  }
  while (!events.empty()) {
    Event event = events.top();
    events.pop();
    const ReferenceMessage& message = messages[event.message];
    if (event.hop == message.path.size()) {
      arrived[event.message] = event.at;
    } else if (event.hop == 0) {
      for (event.packet = 0; event.packet < message.size.packets; ++event.packet) {
        send(event);
      }
    } else {
      send(event);
    }
  }
  return arrived;
}

}  // namespace knetsim
