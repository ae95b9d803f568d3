#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/workload/connection_policy.h"
#include "models/workload/indices.h"
#include "sim/core/fifo.h"
#include "sim/core/hash.h"
#include "sim/core/time.h"
#include "sim/net/network.h"

namespace knetsim {

/// Of a client's pool for an edge.
using PoolIndex = std::uint32_t;

struct Connection {
  static constexpr FlowIndex kNone = ~FlowIndex{0};
  static constexpr PoolIndex kNoPool = ~PoolIndex{0};
  FlowIndex flow = kNone;
  PoolIndex pool = kNoPool;  ///< To which it goes back; kNoPool where the policy keeps none.
  PodIndex server = kNoIndex;
  bool refuses = false;             ///< Dial::refuses
  bool borrowed = false;            ///< A socket of another attempt, from which this one sends too.
  HostId chosen_at = 0;             ///< The node whose proxy chose the server.
  std::uint32_t requests_left = 0;  ///< Meaningless for connections kept for ever.
  std::uint32_t path = 0;           ///< Dial::path
  std::uint32_t holds = 0;          ///< Dial::holds
  std::uint32_t exchanges = 0;      ///< Messages that the client has sent on it, of handshakes too.
  std::uint64_t opened_by = 0;      ///< Serial of the attempt that did.
  bool resumes = false;             ///< Its client has a session of the server.
  Time ends = Time::max();          ///< From here on it is too old for another request.
  bool counted = false;             ///< Among those that its pool's limit is about.
  ClientEnd client_end = ClientEnd::Booked;
};

/// The connections of each client pod for each edge: idle ones, taken last in first out, as Go's and Envoy's pools do,
/// and those who wait where the limit is reached, first in first out. Connections in use are their users'. A caller that
/// picks the server of each request itself has a pool for each server.
class Connections {
 public:
  /// @param policies  shape (edges,)
  explicit Connections(std::vector<ConnectionPolicy> policies) : policies_(std::move(policies)) {}

  enum class Turn : std::uint8_t {
    Reuse,  ///< An idle connection is the caller's now.
    Open,   ///< It may open one.
    Wait,   ///< The limit is reached; it stands in line.
  };
  struct Taken {
    Turn turn = Turn::Open;
    Connection connection{};
  };
  /// An attempt wants a connection. What it is given says which pool it is of, one to wait for too.
  /// @param server  Of a caller that keeps a pool for each; kNoIndex: any.
  Taken take(EdgeIndex edge, PodIndex client, AttemptIndex attempt, std::uint64_t serial, PodIndex server = kNoIndex);

  /// Takes out those idle ones of a client that are too old for another request. @return  Mostly none.
  std::vector<Connection> drop_aged(EdgeIndex edge, PodIndex client, Time now, PodIndex server = kNoIndex);

  /// What becomes of one that its user has done with, and can be used again.
  /// @return  When to ask expire() for this pool, where nobody has been asked to yet.
  std::optional<Time> put_back(const Connection& connection, Time now);
  /// One is gone, or was never opened.
  void gone(const Connection& connection);

  /// Who stands first in line of those who still wait, where there is a connection or room for one; he is out of the
  /// line then, and take()s anew.
  /// @param waits  waits(attempt, serial): this very attempt has not ended.
  template <class Waits>
  std::optional<AttemptIndex> next_in_line(PoolIndex pool, const Waits& waits) {
    if (pool == Connection::kNoPool) return std::nullopt;
    Pool& mine = pools_[pool];
    const ConnectionPolicy& policy = policies_[mine.edge];
    if (policy.limit == 0) return std::nullopt;
    while (!mine.waiting.empty() && !waits(mine.waiting.front().attempt, mine.waiting.front().serial)) {
      mine.waiting.pop();
    }
    if (mine.waiting.empty() || (mine.idle.empty() && mine.open >= policy.limit)) return std::nullopt;
    return mine.waiting.pop().attempt;
  }

  /// Takes out all idle connections to a server that is gone.
  std::vector<Connection> drop(PodIndex server);
  EdgeIndex edge_of(const Connection& connection) const { return pools_[connection.pool].edge; }

  /// Takes out those of the pool that have been idle for too long. @param next  When to ask again, if at all.
  std::vector<Connection> expire(PoolIndex pool, Time now, std::optional<Time>& next);

 private:
  struct Idle {
    Connection connection;
    Time since{};
  };
  struct Waiter {
    AttemptIndex attempt = kNoAttempt;
    std::uint64_t serial = 0;
  };
  struct Pool {
    EdgeIndex edge = 0;
    std::vector<Idle> idle;  ///< In the order in which they were put back: the last is taken, the first is the oldest.
    std::uint32_t open = 0;  ///< Busy and idle; counted where there is a limit.
    bool expiry_armed = false;
    Fifo<Waiter> waiting;
  };

  std::vector<ConnectionPolicy> policies_;
  std::vector<Pool> pools_;
  struct PoolKey {
    std::uint64_t client;  // client_key()
    PodIndex server;
    bool operator==(const PoolKey&) const = default;
  };
  struct PoolKeyHash {
    std::size_t operator()(const PoolKey& key) const { return hash_combine(key.client, key.server); }
  };
  std::unordered_map<PoolKey, PoolIndex, PoolKeyHash> index_;  // looked up, never iterated
};

}  // namespace knetsim
