#include "models/service/ipvs_scheduler.h"

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Duration kTimeWait = std::chrono::minutes(2);    // tcp_timeouts[IP_VS_TCP_S_TIME_WAIT]
constexpr Duration kUdpTimeout = std::chrono::minutes(5);  // udp_timeouts[IP_VS_UDP_S_NORMAL]
constexpr std::uint32_t kTableBits = 8;                    // IP_VS_SH_TAB_BITS, IP_VS_DH_TAB_BITS
constexpr std::uint32_t kGoldenRatio = 0x61C88647;         // GOLDEN_RATIO_32
constexpr std::uint64_t kActiveWeight = 256;               // ip_vs_dest_conn_overhead()

/// The first of the least: the kernel compares with "less than" while it goes through the list.
template <class Cost>
std::uint32_t least(std::span<const Endpoint> destinations, const Cost& cost) {
  std::uint32_t best = 0;
  std::uint64_t lowest = cost(destinations[0].pod);
  for (std::uint32_t i = 1; i < destinations.size(); ++i) {
    if (const std::uint64_t one = cost(destinations[i].pod); one < lowest) {
      best = i;
      lowest = one;
    }
  }
  return best;
}

}  // namespace

std::uint32_t ipvs_hash_bucket(const IpAddress& address) {
  const std::size_t words = address.family() == IpFamily::V6 ? 4 : 1;
  std::uint32_t folded = 0;
  for (std::size_t word = 0; word < words; ++word) {
    std::uint32_t value = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) value = (value << 8) | address.bytes()[4 * word + byte];
    folded ^= value;
  }
  return (folded * kGoldenRatio) >> (32 - kTableBits);
}

bool IpvsScheduler::counts_inactive() const {
  return selection_ == Selection::LeastConnection || selection_ == Selection::WeightedLeastConnection;
}

bool IpvsScheduler::counts_active() const {
  return counts_inactive() || selection_ == Selection::ShortestDelay || selection_ == Selection::NeverQueue;
}

std::uint32_t IpvsScheduler::choose(std::span<const Endpoint> destinations, const Packet& packet, Time now) {
  KNETSIM_ENSURE(!destinations.empty(), "a virtual server without destinations chooses none");
  const auto count = static_cast<std::uint32_t>(destinations.size());
  const auto active = [this](PodIndex pod) -> std::uint64_t { return connections_[pod].active; };
  switch (selection_) {
    case Selection::RoundRobin:
    case Selection::WeightedRoundRobin:
      return next_++ % count;
    case Selection::LeastConnection:
    case Selection::WeightedLeastConnection:
      forget_expired(now);
      return least(destinations, [this](PodIndex pod) {
        const Connections& has = connections_[pod];
        return kActiveWeight * has.active + has.inactive;
      });
    case Selection::ShortestDelay:  // (active + 1) / weight
    case Selection::NeverQueue:     // the first idle one, else the shortest delay: with equal weights the same
      return least(destinations, active);
    case Selection::SourceHash:
      return ipvs_hash_bucket(packet.source) % count;
    case Selection::DestinationHash:
      return ipvs_hash_bucket(packet.destination) % count;
    case Selection::Random:
      break;
  }
  KNETSIM_ENSURE(false, "no scheduler of IPVS");
  return 0;
}

void IpvsScheduler::opened(PodIndex destination, Transport transport) {
  if (transport == Transport::Tcp && counts_active()) ++connections_[destination].active;
  if (transport == Transport::Udp && counts_inactive()) ++connections_[destination].inactive;
}

void IpvsScheduler::closed(PodIndex destination, Transport transport, Time now) {
  const bool tcp = transport == Transport::Tcp;
  if (tcp && counts_active()) {
    Connections& has = connections_[destination];
    KNETSIM_ENSURE(has.active > 0);
    --has.active;
    has.inactive += counts_inactive() ? 1U : 0U;
  }
  if (!counts_inactive()) return;
  forget_expired(now);
  closed_.push_back({now + (tcp ? kTimeWait : kUdpTimeout), destination});
}

void IpvsScheduler::forget_expired(Time now) {
  for (; !closed_.empty() && closed_.front().gone <= now; closed_.pop_front()) {
    --connections_[closed_.front().destination].inactive;
  }
}

}  // namespace knetsim
