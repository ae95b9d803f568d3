#pragma once

#include <cstdint>
#include <span>

#include "sim/core/time.h"
#include "sim/net/link.h"
#include "sim/net/network.h"

namespace knetsim {

/// What several parts of a run counted each for themselves, at one instant.
struct RunCounts {
  NetworkCounters network;
  std::uint64_t under_way = 0;          ///< Messages that their senders launched and nobody has seen since.
  std::span<const LinkCounters> links;  ///< shape (links,)
  std::span<const Duration> core_busy;  ///< Softirq and application time of each core, shape (cores,).
  Time now{};
};

/// Laws that hold at every instant of every run, over counts that are kept apart from each other:
/// - messages sent = delivered + lost + under way, as threads count the last;
/// - bytes that messages offered to links = bytes that links sent, dropped and hold;
/// - packets that messages lost = packets that links dropped;
/// - no link and no core was busy for longer than the time that has passed.
/// That requests are conserved and obey Little's law, TrafficRuntime::finish() checks.
/// @throws InvariantError
void ensure_conserved(const RunCounts& counts);

}  // namespace knetsim
