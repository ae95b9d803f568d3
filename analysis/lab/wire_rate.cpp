#include "analysis/lab/wire_rate.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim::lab {
namespace {

// Written out, not taken from sim/net/link_framing.h: a wire of this rate is there to check that.
constexpr int kFrame = 14 + 1500;    // as veth has it: Ethernet header and MTU
constexpr int kAround = 8 + 4 + 12;  // what veth lacks: preamble, frame check, gap
constexpr int kQueue = 1 << 20;      // as a scenario's `topology.buffer` has it by default

}  // namespace

// How a token bucket counts (Linux v6.12, net/sched/sch_tbf.c): tbf_dequeue() takes skb->len, which has the Ethernet
// header and a tunnel's outer ones, and the rate's `overhead` off its tokens. An skb above the bucket's max_size is cut
// into its wire packets by tbf_segment(), and each counts by itself; an aggregate below it would pass whole, with one
// overhead for all its packets. So max_size has to be one frame. The smaller of `burst` and of a peak rate's `mtu` is
// max_size (tbf_change()). A burst of one frame would lose whatever a timer is late, so the `mtu` of a peak rate that
// limits nothing sets it.
//
// A size table (`stab overhead 24`) would not do: tbf_segment() gives what it cuts the length skb->len again, and an
// inner qdisc may not have a table (qdisc_graft(): "STAB not supported on a non root"). Padding to 64 bytes is not
// counted: TCP's packets, with timestamps, are longer.
std::string wire_rate_command(std::string_view device, std::uint32_t mbit) {
  // Two milliseconds: so late may a CPU be without the wire's having been idle.
  const std::int64_t burst = std::max<std::int64_t>(kFrame, std::int64_t{mbit} * 1'000'000 / 8 / 500);
  return fmt::format("tc qdisc replace dev {} root tbf rate {}mbit overhead {} burst {} limit {} peakrate 1tbit mtu {}",
                     device, mbit, kAround, burst, kQueue, kFrame);
}

}  // namespace knetsim::lab
