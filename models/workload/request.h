#pragma once

#include <cstdint>

#include "models/cluster/cluster.h"
#include "models/workload/indices.h"
#include "models/workload/name_lookup.h"
#include "sim/core/time.h"
#include "sim/net/cpu.h"

namespace knetsim {

/// How a request ended.
enum class Outcome : std::uint8_t { Ok, Error, Timeout };

/// What an error came from.
enum class Failure : std::uint8_t {
  Refused,      ///< connect(): no endpoint, or nobody listens; or the server answered that it will not.
  Unreachable,  ///< connect() gave up, or was told that there is no such host; or what was sent was never acknowledged.
  Reset,        ///< The server's process ended under the connection.
  LocalPorts,   ///< connect(): the client's address has no port left.
  Call,         ///< A call that was made for it failed.
  kCount
};

/// What somebody asks for, whatever number of attempts it takes: a request of a source, or a call that an attempt's
/// server or its caller makes for it.
struct Request {
  EdgeIndex edge = 0;
  TrafficIndex source = kNoSource;       ///< kNoSource for a call ...
  AttemptIndex caller = kNoAttempt;      ///< ... that this attempt makes.
  std::uint32_t user = 0;                ///< Of a closed loop.
  std::uint32_t attempt = 0;             ///< 0 for the first.
  QuestionIndex question = kNoQuestion;  ///< Of a request to a name server.
  std::uint64_t id = 0;                  ///< Keys all that is drawn for it ...
  std::uint64_t sizes = 0;  ///< ... but the sizes of its messages: of its own, or of the request that is passed on.
  Time begun{};
  PodIndex client = kNoIndex;
  GroupIndex client_group = 0;
  CoreIndex client_core = ~CoreIndex{0};  ///< Where the caller's thread ran last; ~0 before it has run.

  /// Time before this attempt: in queues, as far as that is known ...
  struct Before {
    Duration worker{};      ///< For the caller's thread, and for callees' workers.
    Duration connection{};  ///< For a connection of the pool.
    Duration given_up{};    ///< ... and the rest of the attempts that came to nothing.
  } before;

  bool of_source() const { return source != kNoSource; }
};

}  // namespace knetsim
