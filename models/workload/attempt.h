#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "models/workload/calls.h"
#include "models/workload/connections.h"
#include "models/workload/request.h"
#include "sim/net/network.h"
#include "sim/net/time_split.h"

namespace knetsim {

// The states of an attempt, in the order in which one passes them. What a state holds is meaningful in it alone.

/// Has not begun: the pause before a retry.
struct Pausing {};
/// A call that the caller's script makes has to end first.
struct Resolving {
  CallGroup calls;
};
/// Questions of a look-up are open.
struct AskingNames {
  /// How the questions of a round are sent.
  enum class Mode : std::uint8_t {
    Together,   ///< At the same time, from one socket.
    OneByOne,   ///< The second when the first is answered, from that socket ...
    Reopening,  ///< ... and from a socket of its own.
  };
  CallGroup calls;
  std::uint16_t round = 0;
  std::uint8_t attempt = 0;  ///< At the round.
  std::uint8_t place = 0;    ///< In the round, of the first question of `calls`.
  Mode mode = Mode::Together;
  // Of this attempt at the round, a bit for each of its questions:
  std::uint8_t answered = 0;   ///< There are records, or none.
  std::uint8_t rejected = 0;   ///< The server would not or could not say.
  bool failed_there = false;   ///< One of them because it could not (SERVFAIL).
  bool refused = false;        ///< Nobody listens, as the socket was told.
  bool got_somewhere = false;  ///< An attempt at the round, be it this one, ended in another way.
  static constexpr std::uint32_t kNoSocket = ~std::uint32_t{0};
  std::uint32_t socket = kNoSocket;  ///< That questions leave from, where it is open; a place in the runtime's sockets.
};
/// In line for a connection of the caller's pool.
struct AwaitingConnection {};
/// The caller's thread is in connect(), before the SYN has left.
struct Connecting {
  Time since{};
};
/// The SYN or its answer is under way, or is sent again.
struct SynSent {
  Time since{};
};
/// The SYN was answered by a reset or an ICMP error, which is due soon.
struct Refused {
  std::optional<Time> connecting_since{};  ///< Nothing for a datagram; likewise
};
/// Nothing will come: a datagram or its answer is gone, or SYNs are dropped. The caller's timeout ends that, or the
/// kernel's SYN schedule.
struct Unanswered {
  std::optional<Time> connecting_since{};
};
/// The caller's thread sends; where the connection is new, connect() returns in the same burst.
struct Sending {
  Duration cpu{};                          ///< Part of the burst, its last, that the sending takes.
  std::optional<Time> connecting_since{};  ///< Where connect() returns in it.
};
/// The message is on its way to the server.
struct RequestUnderWay {};
/// At the server, which has no free worker.
struct Queued {};
/// A worker is at this step of its application.
struct Working {
  std::uint32_t step = 0;
};
struct Sleeping {
  std::uint32_t step = 0;
};
/// Calls of this step are open.
struct Calling {
  std::uint32_t step = 0;
  CallGroup calls;
};
/// The server's thread sends the answer.
struct Answering {};
struct ResponseUnderWay {};
/// The caller's thread works on the last answer.
struct Receiving {};

using AttemptState =
    std::variant<Pausing, Resolving, AskingNames, AwaitingConnection, Connecting, SynSent, Refused, Unanswered, Sending,
                 RequestUnderWay, Queued, Working, Sleeping, Calling, Answering, ResponseUnderWay, Receiving>;

/// Since when the attempt has been in connect(); nothing where it is not.
std::optional<Time> connecting_since(const AttemptState& state);
/// Whether the attempt is at its server: it has arrived there and its answer has not left.
bool at_server(const AttemptState& state);
/// Whether the attempt's message is the network's.
bool in_network(const AttemptState& state);

// What attempts are told of.

struct BurstDone {
  const BurstReport& report;
};
struct Arrived {
  MessageIndex message = 0;
};
/// The network has given the message up.
struct Lost {};
/// A timer of the state's own.
struct Due {};
struct WorkerFree {};
struct ConnectionFree {};
struct CallsEnded {
  bool failed = false;
};

/// One attempt at a request, from the caller's first step to its last.
struct Attempt {
  Request request;
  std::uint64_t serial = 0;  ///< Of all attempts of a run; 0 where none is.
  bool abandoned = false;    ///< The caller has given up; the callee does not know.
  bool swallowed = false;    ///< Its server's machine left the network before it answered, or a packet is too large.
  Outcome outcome{};         ///< Error once a call further down has failed.
  Failure failure = Failure::Call;  ///< Of an error.
  std::uint32_t step = 0;           ///< Of the caller's script.
  std::uint32_t round = 0;          ///< Of a handshake.
  Time begun{};
  Connection connection;
  MessageIndex message = ~MessageIndex{0};
  KindIndex wake_kind = 0;  ///< Under which the wake-up of the burst under way is counted.
  CoreIndex server_core = ~CoreIndex{0};
  std::uint64_t socket = 0;  ///< Of a resolver, that its datagram left from: ResolverSocket::serial.
  Bytes payload{};           ///< Of request and answer, as far as they have been drawn ...
  Bytes answer{};            ///< ... and of the answer alone; none where none was sent.
  AttemptState state;
  TimeSplit split;
  std::unique_ptr<TimeSplit> before_connect;  ///< What of it had been when connect() was called; null: nothing.
};

}  // namespace knetsim
