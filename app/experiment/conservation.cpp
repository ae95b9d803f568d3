#include "app/experiment/conservation.h"

#include <fmt/format.h>

#include "sim/core/ensure.h"

namespace knetsim {

void ensure_conserved(const RunCounts& counts) {
  const NetworkCounters& network = counts.network;
  KNETSIM_ENSURE(network.sent == network.delivered + network.lost + counts.under_way,
                 fmt::format("messages: {} sent, {} delivered, {} lost, {} under way", network.sent, network.delivered,
                             network.lost, counts.under_way));
  const Duration elapsed = counts.now - kTimeZero;
  std::int64_t bytes = 0;
  std::uint64_t dropped = 0;
  for (const LinkCounters& link : counts.links) {
    bytes += (link.sent + link.dropped + link.queued).count();
    dropped += link.packets_dropped;
    KNETSIM_ENSURE(link.busy >= Duration::zero() && link.busy <= elapsed,
                   fmt::format("a link was busy for {} of {} ps", link.busy.count(), elapsed.count()));
  }
  KNETSIM_ENSURE(network.bytes_offered == bytes,
                 fmt::format("bytes: {} offered to links, {} sent, dropped and held", network.bytes_offered, bytes));
  KNETSIM_ENSURE(network.packets_dropped == dropped,
                 fmt::format("packets: {} lost by messages, {} dropped by links", network.packets_dropped, dropped));
  for (const Duration busy : counts.core_busy) {
    KNETSIM_ENSURE(busy >= Duration::zero() && busy <= elapsed,
                   fmt::format("a core was busy for {} of {} ps", busy.count(), elapsed.count()));
  }
}

}  // namespace knetsim
