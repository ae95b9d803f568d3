#pragma once

#include <optional>

#include "models/workload/request.h"
#include "sim/core/units.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// How connect() returned.
struct ConnectReturn {
  Duration took{};
  bool in_time = true;  ///< Its caller had not given up yet.
  const BurstReport& burst;
  KindIndex wake_kind = 0;  ///< Of that burst.
};

struct Ending {
  Outcome outcome{};
  Failure failure{};       ///< Of an error.
  Bytes payload{};         ///< Of request and answer, of its last attempt.
  const TimeSplit& split;  ///< Of a source's request it sums up to its latency.
};

/// Who answers an attempt, and who has chosen that.
struct ServedBy {
  HostId chosen_at = 0;  ///< Dial::chosen_at
  PodIndex server = kNoIndex;
};

/// Is told what happens to requests and attempts, of every edge and from the start of the run. It changes nothing.
class AttemptObserver {
 public:
  virtual ~AttemptObserver() = default;
  /// @param for_edge  Of the request that it is made for, where it is a call.
  virtual void request_begun(const Request& request, std::optional<EdgeIndex> for_edge, Time now) = 0;
  virtual void request_ended(const Request& request, const Ending& ending, Time now) = 0;
  /// At the end of the run. @param connecting_since  Where it is in connect().
  virtual void request_unfinished(const Request& request, std::optional<Time> connecting_since, Time now) = 0;

  virtual void attempt_begun(const Request& request, Time now) = 0;
  /// Those whose caller has given up end too. @param unqueued  Of its time, what it did not spend in a queue.
  virtual void attempt_ended(const Request& request, Duration unqueued, Time now) = 0;

  /// An endpoint was chosen. @param stale  It was none any more.
  virtual void endpoint_chosen(const Request& request, bool stale) = 0;
  /// @param rules  Evaluated by the packets that open it, expected.
  virtual void connection_opened(const Request& request, double rules) = 0;
  /// The SYN-ACK has woken the caller. @param so_far  Where the attempt's time went.
  /// @param before  The part of it before connect(); null where there is none.
  virtual void syn_answered(const Request& request, const TimeSplit& so_far, const TimeSplit* before) = 0;
  virtual void connected(const Request& request, const ConnectReturn& how) = 0;
  virtual void connect_failed(const Request& request) = 0;

  virtual void request_sent(const Request& request, Bytes payload, const ServedBy& by) = 0;
  /// A worker of the server has taken it up.
  virtual void taken_up(const Request& request, PodIndex server) = 0;
  virtual void answer_begun(const Request& request, Bytes payload, const ServedBy& by) = 0;
};

}  // namespace knetsim
