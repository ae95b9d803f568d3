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
  if (added) pools_.push_back({.edge = edge, .idle = {}, .waiting = {}, .shared = {}});
  fresh.pool = found->second;
  Pool& mine = pools_[fresh.pool];
  if (policy.shared()) return take_stream(mine, fresh, {attempt, serial});
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
  end_shared(
      pools_[found->second], [now](const Shared& one) { return now >= one.whole.ends; }, aged);
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
    end_shared(
        pool, [server](const Shared& one) { return one.whole.server == server; }, dropped);
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
  next = mine.idle.empty() ? std::optional<Time>{} : mine.idle.front().since + patience;
  if (!mine.shared.empty()) {
    const auto unused = [&](const Shared& one) { return one.busy == 0 && now - one.idle_since >= patience; };
    end_shared(mine, unused, old);
    for (const SharedIndex index : mine.shared) {
      const Shared& one = shared_[index];
      if (!one.established || one.ending || one.busy > 0) continue;
      next = std::min(next.value_or(Time::max()), one.idle_since + patience);
    }
  }
  mine.expiry_armed = next.has_value();
  return old;
}

// ---- requests that share connections

Connections::Taken Connections::take_stream(Pool& mine, Connection fresh, Waiter waiter) {
  const ConnectionPolicy& policy = policies_[mine.edge];
  if (const SharedIndex index = with_room(mine); index != Connection::kNotShared) {
    return {Turn::Reuse, on(index, policy)};
  }
  const bool full = policy.limit != 0 && mine.open >= policy.limit;
  if (full || mine.waiting.size() < room_to_come(mine)) {
    mine.waiting.push(waiter);
    return {Turn::Wait, {.pool = fresh.pool}};
  }
  if (policy.limit != 0) ++mine.open;
  fresh.shared = shared_.take();
  fresh.requests_left = policy.requests;
  Shared& opened = shared_[fresh.shared];
  opened.pool = fresh.pool;
  opened.busy = 1;
  opened.begun = 1;
  mine.shared.push_back(fresh.shared);
  return {Turn::Open, fresh};
}

/// The connection for one request more.
Connection Connections::on(SharedIndex index, const ConnectionPolicy& policy) {
  Shared& one = shared_[index];
  ++one.busy;
  if (policy.requests != 0 && ++one.begun >= policy.requests) one.ending = true;
  Connection stream = one.whole;
  stream.flow = Connection::kNone;
  if (!one.unused.empty()) {
    stream.flow = one.unused.back();
    one.unused.pop_back();
  }
  return stream;
}

SharedIndex Connections::with_room(const Pool& pool) const {
  const std::uint32_t streams = policies_[pool.edge].streams;
  const auto found = std::ranges::find_if(pool.shared, [&](SharedIndex index) {
    const Shared& one = shared_[index];
    return one.established && !one.ending && one.busy < streams;
  });
  return found == pool.shared.end() ? Connection::kNotShared : *found;
}

std::size_t Connections::room_to_come(const Pool& pool) const {
  const auto opening =
      std::ranges::count_if(pool.shared, [&](SharedIndex index) { return !shared_[index].established; });
  return static_cast<std::size_t>(opening) * (policies_[pool.edge].streams - 1);
}

void Connections::established(const Connection& connection) {
  Shared& one = shared_[connection.shared];
  one.whole = connection;
  one.whole.unaccepted = false;  // its place in the accept queue is the opener's request's
  one.established = true;
  const ConnectionPolicy& policy = policies_[pools_[connection.pool].edge];
  if (policy.requests != 0 && one.begun >= policy.requests) one.ending = true;
}

Connections::NewStream Connections::new_stream(SharedIndex shared) {
  Shared& one = shared_[shared];
  return {one.whole.flow, ++one.streams};
}

Connections::StreamLeft Connections::leave_stream(const Connection& connection, bool broken, Time now) {
  Shared& one = shared_[connection.shared];
  Pool& mine = pools_[connection.pool];
  KNETSIM_ENSURE(one.busy > 0);
  --one.busy;
  if (!one.established) {  // its opener has failed
    KNETSIM_ENSURE(one.busy == 0);
    gone(connection);
    return {.closes = connection};
  }
  one.unused.push_back(connection.flow);
  one.ending = one.ending || broken || now >= one.whole.ends;
  if (one.busy > 0) return {};
  if (one.ending) {
    gone(one.whole);
    return {.closes = one.whole};
  }
  one.idle_since = now;
  const std::optional<Duration> patience = policies_[mine.edge].idle_timeout;
  if (!patience || std::exchange(mine.expiry_armed, true)) return {};
  return {.expires = now + *patience};
}

std::vector<FlowIndex> Connections::forget(SharedIndex index) {
  Shared& one = shared_[index];
  KNETSIM_ENSURE(one.busy == 0);
  std::vector<FlowIndex> streams = std::move(one.unused);
  std::erase(streams, one.whole.flow);
  KNETSIM_ENSURE(streams.size() == one.streams);
  std::erase(pools_[one.pool].shared, index);
  shared_.release(index);
  return streams;
}

template <class Ends>
void Connections::end_shared(const Pool& pool, const Ends& ends, std::vector<Connection>& ended) {
  for (const SharedIndex index : pool.shared) {
    Shared& one = shared_[index];
    if (!one.established || one.ending || !ends(one)) continue;
    one.ending = true;
    if (one.busy > 0) continue;
    gone(one.whole);
    ended.push_back(one.whole);
  }
}

}  // namespace knetsim
