#include "models/workload/connections.h"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.h"

namespace knetsim {

Connections::Taken Connections::take(EdgeIndex edge, PodIndex client, AttemptIndex attempt, std::uint64_t serial,
                                     PodIndex server) {
  const ConnectionPolicy& policy = policies_[edge];
  Connection fresh{.requests_left = policy.requests, .counted = policy.limit != 0};
  if (!policy.pooled()) return {Turn::Open, fresh};
  const auto [found, added] =
      index_.try_emplace(PoolKey{client_key(edge, client), server}, static_cast<PoolIndex>(pools_.size()));
  if (added) pools_.push_back({.edge = edge, .idle = {}, .waiting = {}});
  fresh.pool = found->second;
  Pool& mine = pools_[fresh.pool];
  if (!mine.idle.empty()) {
    const Connection connection = mine.idle.back().connection;
    mine.idle.pop_back();
    return {Turn::Reuse, connection};
  }
  if (policy.limit != 0) {
    if (mine.open >= policy.limit) {
      mine.waiting.push({attempt, serial});
      return {Turn::Wait, {.pool = fresh.pool}};
    }
    ++mine.open;
  }
  return {Turn::Open, fresh};
}

std::vector<Connection> Connections::drop_aged(EdgeIndex edge, PodIndex client, Time now, PodIndex server) {
  std::vector<Connection> aged;
  const auto found = index_.find(PoolKey{client_key(edge, client), server});
  if (found == index_.end()) return aged;
  std::erase_if(pools_[found->second].idle, [&](const Idle& one) {
    if (now < one.connection.ends) return false;
    aged.push_back(one.connection);
    gone(one.connection);
    return true;
  });
  return aged;
}

std::optional<Time> Connections::put_back(const Connection& connection, Time now) {
  Pool& mine = pools_[connection.pool];
  mine.idle.push_back({connection, now});
  const std::optional<Duration> patience = policies_[mine.edge].idle_timeout;
  if (!patience || std::exchange(mine.expiry_armed, true)) return std::nullopt;
  return now + *patience;
}

void Connections::gone(const Connection& connection) {
  if (!connection.counted) return;
  Pool& mine = pools_[connection.pool];
  KNETSIM_ENSURE(mine.open > 0);
  --mine.open;
}

std::vector<Connection> Connections::drop(PodIndex server) {
  std::vector<Connection> dropped;
  for (Pool& pool : pools_) {
    std::erase_if(pool.idle, [&](const Idle& one) {
      if (one.connection.server != server) return false;
      dropped.push_back(one.connection);
      gone(one.connection);
      return true;
    });
  }
  return dropped;
}

std::vector<Connection> Connections::expire(PoolIndex pool, Time now, std::optional<Time>& next) {
  Pool& mine = pools_[pool];
  const Duration patience = policies_[mine.edge].idle_timeout.value_or(Duration::max());
  const auto fresh = std::ranges::find_if(mine.idle, [&](const Idle& one) { return now - one.since < patience; });
  std::vector<Connection> old;
  for (auto it = mine.idle.begin(); it != fresh; ++it) {
    old.push_back(it->connection);
    gone(it->connection);
  }
  mine.idle.erase(mine.idle.begin(), fresh);
  mine.expiry_armed = !mine.idle.empty();
  next = mine.idle.empty() ? std::optional<Time>{} : mine.idle.front().since + patience;
  return old;
}

}  // namespace knetsim
