#include "models/proxy/ipvs_schedulers.h"

#include <algorithm>
#include <array>

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

// rr takes the next, wrr too while all weights are equal, sh and dh look into a table; the others compare every
// destination (net/netfilter/ipvs/ip_vs_lc.c and its siblings). nq stops at the first idle one: all are counted, its
// worst case. kube-proxy gives every destination the weight 1, so that wrr is rr and wlc is lc, but for lc's and wlc's
// count of inactive connections.
constexpr std::array kSchedulers = {
    IpvsSchedulerInfo{IpvsScheduling::RoundRobin, "rr", "round robin", false},
    IpvsSchedulerInfo{IpvsScheduling::WeightedRoundRobin, "wrr", "weighted round robin", false},
    IpvsSchedulerInfo{IpvsScheduling::LeastConnection, "lc", "least connection", true},
    IpvsSchedulerInfo{IpvsScheduling::WeightedLeastConnection, "wlc", "weighted least connection", true},
    IpvsSchedulerInfo{IpvsScheduling::SourceHash, "sh", "source hashing", false},
    IpvsSchedulerInfo{IpvsScheduling::DestinationHash, "dh", "destination hashing", false},
    IpvsSchedulerInfo{IpvsScheduling::ShortestDelay, "sed", "shortest expected delay", true},
    IpvsSchedulerInfo{IpvsScheduling::NeverQueue, "nq", "never queue", true},
};

class IpvsChooser final : public EndpointChooser {
 public:
  explicit IpvsChooser(const IpvsSchedulerInfo& scheduler) : scheduler_(scheduler) {}
  std::uint32_t choose(const NewConnection& connection, std::span<const Endpoint> endpoints, Time now) override {
    return at(connection.server).choose(endpoints, connection, now);
  }
  double looked_at(std::uint32_t endpoints) const override { return scheduler_.looks_at_all ? endpoints : 1; }
  bool reads_addresses() const override {
    return scheduler_.scheduling == IpvsScheduling::SourceHash ||
           scheduler_.scheduling == IpvsScheduling::DestinationHash;
  }
  void opened(std::uint64_t server, PodIndex endpoint, Transport transport) override {
    at(server).opened(endpoint, transport);
  }
  void closed(std::uint64_t server, PodIndex endpoint, Transport transport, Time now) override {
    at(server).closed(endpoint, transport, now);
  }

 private:
  IpvsScheduler& at(std::uint64_t server) { return servers_.try_emplace(server, scheduler_.scheduling).first->second; }

  const IpvsSchedulerInfo& scheduler_;
  std::unordered_map<std::uint64_t, IpvsScheduler> servers_;  // looked up, never iterated
};

}  // namespace

std::span<const IpvsSchedulerInfo> ipvs_schedulers() { return kSchedulers; }

const IpvsSchedulerInfo& ipvs_scheduler_named(std::string_view name) {
  const auto found = std::ranges::find(kSchedulers, name, &IpvsSchedulerInfo::name);
  KNETSIM_ENSURE(found != kSchedulers.end(), "the scenario's reader refuses unknown names");
  return *found;
}

std::unique_ptr<EndpointChooser> ipvs_chooser(const IpvsSchedulerInfo& scheduler) {
  return std::make_unique<IpvsChooser>(scheduler);
}

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
  return scheduling_ == IpvsScheduling::LeastConnection || scheduling_ == IpvsScheduling::WeightedLeastConnection;
}

bool IpvsScheduler::counts_active() const {
  return counts_inactive() || scheduling_ == IpvsScheduling::ShortestDelay || scheduling_ == IpvsScheduling::NeverQueue;
}

std::uint32_t IpvsScheduler::choose(std::span<const Endpoint> destinations, const NewConnection& connection, Time now) {
  KNETSIM_ENSURE(!destinations.empty(), "a virtual server without destinations chooses none");
  const auto count = static_cast<std::uint32_t>(destinations.size());
  const auto active = [this](PodIndex pod) -> std::uint64_t { return connections_[pod].active; };
  switch (scheduling_) {
    case IpvsScheduling::RoundRobin:
    case IpvsScheduling::WeightedRoundRobin:
      return next_++ % count;
    case IpvsScheduling::LeastConnection:
    case IpvsScheduling::WeightedLeastConnection:
      forget_expired(now);
      return least(destinations, [this](PodIndex pod) {
        const Connections& has = connections_[pod];
        return kActiveWeight * has.active + has.inactive;
      });
    case IpvsScheduling::ShortestDelay:  // (active + 1) / weight
    case IpvsScheduling::NeverQueue:     // the first idle one, else the shortest delay: with equal weights the same
      return least(destinations, active);
    case IpvsScheduling::SourceHash:
      return ipvs_hash_bucket(connection.source) % count;
    case IpvsScheduling::DestinationHash:
      return ipvs_hash_bucket(connection.destination) % count;
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
