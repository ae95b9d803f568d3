#include "models/proxy/maglev.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "sim/core/ensure.h"
#include "sim/core/hash.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();

std::uint64_t key_of(const Endpoint& endpoint) {
  std::uint64_t key = endpoint.port;
  for (const std::uint8_t byte : endpoint.address.bytes()) key = hash_combine(key, byte);
  return endpoint.address.exists() ? key : hash_combine(key, endpoint.pod);
}

class MaglevChooser final : public EndpointChooser {
 public:
  MaglevChooser(std::uint32_t entries, RandomStreams streams) : entries_(entries), random_(random_chooser(streams)) {}

  std::uint32_t choose(const NewConnection& connection, std::span<const Endpoint> endpoints, Time now) override {
    if (!connection.by_nic) return random_->choose(connection, endpoints, now);
    // The local port is drawn for the connection, so that its tuple hashes as its number does.
    return table_for(endpoints).at(mix64(connection.id + 1));
  }

 private:
  const MaglevTable& table_for(std::span<const Endpoint> endpoints) {
    std::uint64_t key = 0;
    for (const Endpoint& endpoint : endpoints) key = hash_combine(key, key_of(endpoint));
    const auto found = tables_.find(key);
    return found != tables_.end() ? found->second : tables_.try_emplace(key, endpoints, entries_).first->second;
  }

  std::uint32_t entries_;
  std::unique_ptr<EndpointChooser> random_;
  std::unordered_map<std::uint64_t, MaglevTable> tables_;  // by the endpoints in their order; looked up, never iterated
};

}  // namespace

MaglevTable::MaglevTable(std::span<const Endpoint> endpoints, std::uint32_t entries) : table_(entries, kFree) {
  KNETSIM_ENSURE(!endpoints.empty());
  struct Turn {
    std::uint64_t key = 0;
    std::uint32_t endpoint = 0;
    std::uint64_t next = 0;  ///< Entry that it asks for next ...
    std::uint64_t skip = 1;  ///< ... and the way from one to the next.
  };
  std::vector<Turn> turns(endpoints.size());
  for (std::uint32_t i = 0; i < turns.size(); ++i) {
    const std::uint64_t key = key_of(endpoints[i]);
    turns[i] = {.key = key,
                .endpoint = i,
                .next = hash_combine(key, 1) % entries,
                .skip = hash_combine(key, 2) % (entries - 1) + 1};
  }
  // The same table whatever order the endpoints come in.
  std::ranges::sort(turns, {}, &Turn::key);
  for (std::uint32_t taken = 0; taken < entries;) {
    for (Turn& turn : turns) {
      while (table_[turn.next] != kFree) turn.next = (turn.next + turn.skip) % entries;
      table_[turn.next] = turn.endpoint;
      if (++taken == entries) break;
    }
  }
}

std::unique_ptr<EndpointChooser> maglev_chooser(std::uint32_t entries, RandomStreams streams) {
  return std::make_unique<MaglevChooser>(entries, streams);
}

}  // namespace knetsim
