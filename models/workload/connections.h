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
#include "sim/core/pool.h"
#include "sim/core/time.h"
#include "sim/net/network.h"

namespace knetsim {

/// Of a client's pool for an edge.
using PoolIndex = std::uint32_t;
/// Of a connection that requests share.
using SharedIndex = std::uint32_t;

struct Connection {
  static constexpr FlowIndex kNone = ~FlowIndex{0};
  static constexpr PoolIndex kNoPool = ~PoolIndex{0};
  static constexpr SharedIndex kNotShared = ~SharedIndex{0};
  FlowIndex flow = kNone;    ///< Of a request that shares its connection: the stream.
  PoolIndex pool = kNoPool;  ///< To which it goes back; kNoPool where the policy keeps none.
  PodIndex server = kNoIndex;
  bool refuses = false;             ///< Dial::refuses
  bool borrowed = false;            ///< A socket of another attempt, from which this one sends too.
  HostId chosen_at = 0;             ///< The node whose proxy chose the server.
  std::uint32_t requests_left = 0;  ///< Meaningless for connections kept for ever.
  std::uint32_t path = 0;           ///< Dial::path
  std::uint32_t holds = 0;          ///< Dial::holds
  std::uint32_t fits = 0;           ///< Dial::fits
  std::uint32_t exchanges = 0;      ///< Messages that the client has sent on it, of handshakes too.
  std::uint64_t opened_by = 0;      ///< Serial of the attempt that did.
  bool unaccepted = false;          ///< It has a place in its server's accept queue.
  bool turned_away = false;         ///< Its SYN has found that queue full.
  bool resumes = false;             ///< Its client has a session of the server.
  Time ends = Time::max();          ///< From here on it is too old for another request.
  bool counted = false;             ///< Among those that its pool's limit is about.
  SharedIndex shared = kNotShared;  ///< Which requests share it.
  ClientEnd client_end = ClientEnd::Booked;

  /// Whether a message has a packet that is too large for its way: it is sent again and again, and never arrives.
  bool too_large(Bytes message) const { return fits != 0 && message.count() > fits; }
};

/// The connections of each client pod for each edge: idle ones, taken last in first out, as Go's and Envoy's pools do,
/// and those who wait where the limit is reached, first in first out. Connections in use are their users'. A caller that
/// picks the server of each request itself has a pool for each server.
///
/// Where requests share connections (ConnectionPolicy::streams) a pool has them all, busy ones too. A request goes on the
/// oldest that has room; else it waits for one that is being opened, where that will have room, and opens another one only
/// then. @source golang/net http2/client_conn_pool.go, getClientConn, dialCall; Envoy, "Connection pooling", HTTP/2
class Connections {
 public:
  /// @param policies  shape (edges,)
  explicit Connections(std::vector<ConnectionPolicy> policies) : policies_(std::move(policies)) {}

  enum class Turn : std::uint8_t {
    Reuse,  ///< An idle connection is the caller's now, or a stream of one; without a flow it opens that (new_stream()).
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

  // Of connections that requests share:

  /// The one that was opened for `connection` is there, with its handshakes: others may go on it from now on.
  void established(const Connection& connection);
  /// What a new stream of a shared connection is opened beside, and its number.
  struct NewStream {
    FlowIndex beside = Connection::kNone;
    std::uint32_t number = 0;
  };
  NewStream new_stream(SharedIndex shared);
  struct StreamLeft {
    std::optional<Connection> closes{};  ///< Nobody is on the connection, which serves no more; it is gone().
    std::optional<Time> expires{};       ///< As put_back()'s.
  };
  /// A request has done with its stream. @param broken  The connection is of no use to others either.
  StreamLeft leave_stream(const Connection& connection, bool broken, Time now);
  /// It is closed. @return  Its streams' flows beside its own. @pre Nobody is on it.
  std::vector<FlowIndex> forget(SharedIndex shared);

  /// Who stands first in line of those who still wait, where there is a connection or room for one; he is out of the
  /// line then, and take()s anew.
  /// @param waits  waits(attempt, serial): this very attempt has not ended.
  template <class Waits>
  std::optional<AttemptIndex> next_in_line(PoolIndex pool, const Waits& waits) {
    if (pool == Connection::kNoPool) return std::nullopt;
    Pool& mine = pools_[pool];
    const ConnectionPolicy& policy = policies_[mine.edge];
    if (policy.limit == 0 && !policy.shared()) return std::nullopt;
    while (!mine.waiting.empty() && !waits(mine.waiting.front().attempt, mine.waiting.front().serial)) {
      mine.waiting.pop();
    }
    if (mine.waiting.empty()) return std::nullopt;
    const bool may_open = policy.limit == 0 || mine.open < policy.limit;
    const bool turn = policy.shared() ? with_room(mine) != Connection::kNotShared ||
                                            (may_open && mine.waiting.size() > room_to_come(mine))
                                      : !mine.idle.empty() || may_open;
    if (!turn) return std::nullopt;
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
    std::vector<SharedIndex> shared;  ///< In the order in which they were opened.
  };
  /// A connection that requests share.
  struct Shared {
    PoolIndex pool = Connection::kNoPool;
    Connection whole;  ///< As its opener has it, once it is established.
    bool established = false;
    bool ending = false;            ///< Nobody goes on it any more.
    std::uint32_t busy = 0;         ///< Requests on it.
    std::uint32_t begun = 0;        ///< ... and since it was opened.
    std::uint32_t streams = 0;      ///< Flows that were opened beside its own.
    std::vector<FlowIndex> unused;  ///< Flows of streams that are over: the next ones'.
    Time idle_since{};
  };
  Taken take_stream(Pool& mine, Connection fresh, Waiter waiter);
  Connection on(SharedIndex index, const ConnectionPolicy& policy);
  SharedIndex with_room(const Pool& pool) const;
  /// Requests beside their openers' that connections which are being opened will take.
  std::size_t room_to_come(const Pool& pool) const;
  /// Takes those out that nobody is on and that `ends` is true of; others of them take no more requests.
  template <class Ends>
  void end_shared(const Pool& pool, const Ends& ends, std::vector<Connection>& ended);

  std::vector<ConnectionPolicy> policies_;
  std::vector<Pool> pools_;
  knetsim::Pool<Shared> shared_;
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
