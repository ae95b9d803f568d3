#include "models/service/client_affinity.h"

#include <tuple>

namespace knetsim {

std::optional<PodIndex> ClientAffinity::endpoint_of(std::uint64_t address, Time now, Duration timeout) const {
  const auto known = clients_.find(address);
  if (known == clients_.end() || now - known->second.seen >= timeout) return std::nullopt;
  return known->second.endpoint;
}

void ClientAffinity::connected(std::uint64_t address, PodIndex endpoint, Time now, std::uint32_t capacity) {
  const auto [known, is_new] = clients_.try_emplace(address);
  if (is_new || known->second.endpoint != endpoint) {
    if (!is_new) --list_lengths_[known->second.endpoint];
    known->second = {endpoint, now};
    if (++list_lengths_[endpoint] > capacity) forget_oldest_of(endpoint, address);
  }
  known->second.seen = now;
}

// Of clients seen at the same time the one of the lowest address goes: a hash table's order decides nothing.
void ClientAffinity::forget_oldest_of(PodIndex endpoint, std::uint64_t newest) {
  auto oldest = clients_.end();
  for (auto one = clients_.begin(); one != clients_.end(); ++one) {
    if (one->second.endpoint != endpoint || one->first == newest) continue;
    if (oldest == clients_.end() ||
        std::tie(one->second.seen, one->first) < std::tie(oldest->second.seen, oldest->first)) {
      oldest = one;
    }
  }
  clients_.erase(oldest);
  --list_lengths_[endpoint];
}

}  // namespace knetsim
