#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/recorded.h"
#include "sim/core/histogram.h"

namespace knetsim {

/// What stayed within zones and what crossed them, where that is known: answers, and the payload of requests and answers.
struct ZoneTraffic {
  std::int64_t same_answers = 0;
  std::int64_t same_bytes = 0;
  std::int64_t cross_answers = 0;
  std::int64_t cross_bytes = 0;
  bool any() const { return same_answers > 0 || same_bytes > 0 || cross_answers > 0 || cross_bytes > 0; }
};

/// One workload of one variant, all of its runs together. Latencies are of requests that ended well.
struct WorkloadSummary {
  std::size_t runs = 0;    ///< That have the workload.
  double measured_s = 0;   ///< Of all of them.
  std::int64_t asked = 0;  ///< Requests that began in the window; of these:
  std::int64_t ok = 0;
  std::int64_t failed = 0;  ///< Errors and timeouts.
  std::int64_t unfinished = 0;
  std::int64_t failed_refused = 0;  ///< Errors by what they came from; likewise
  std::int64_t failed_unreachable = 0;
  std::int64_t failed_reset = 0;
  std::int64_t failed_call = 0;
  std::int64_t failed_local_ports = 0;
  std::int64_t choices_stale = 0;  ///< Connections sent to what was no endpoint any more.
  ZoneTraffic zones;               ///< Of its own requests, without the calls made for them.
  std::int64_t servers = 0;        ///< Pods that may answer, in the run that has most of them.
  double servers_unused = 0;       ///< Of those, took up none: mean over the runs.
  /// What part of the attempts the busiest of them took up; shape (runs that took up any,).
  std::vector<double> busiest_server_shares;
  /// Requests that failed, by the interval of the window in which they ended; shape (intervals,), empty where unknown.
  std::vector<std::int64_t> failed_over_time;
  double programming_max = 0;    ///< Longest of the runs until a node's rules had a change; 0 where nothing changed.
  std::int64_t ended_ok = 0;     ///< Ended well in the window, whenever they began.
  std::int64_t connections = 0;  ///< Opened.
  double rules_evaluated = 0;    ///< For all of these.
  double busiest_core = 0;       ///< Utilisation of the busiest core of all nodes, mean over the runs.
  double drained_s = 0;          ///< Longest of the runs.
  bool unstable = false;         ///< In any of them.
  Histogram latency_ns;
  Histogram unfinished_age_ns;
  Histogram connect_ns;
  Histogram connecting_age_ns;

  /// Mean over the runs; 0 where nothing was taken up.
  double busiest_server_share() const;
  /// Whether that is more than an even choice among the servers gives by chance.
  bool spreads_unevenly() const;
  double ok_share() const { return asked == 0 ? 0 : static_cast<double>(ok) / static_cast<double>(asked); }
};

WorkloadSummary summarise(const Recorded& recorded, std::string_view variant, std::string_view workload);

/// Of all calls of a variant, workloads' own, those that apps make for them and look-ups.
ZoneTraffic zones_of_all_calls(const Recorded& recorded, std::string_view variant);

/// What part of a sum of times went to a step or a wait.
struct TimeShare {
  std::string_view step;
  double share = 0;
};
/// Where the time of a workload's requests went, or that of its connect()s, greatest first; empty where there is none.
std::vector<TimeShare> time_shares(const Recorded& recorded, std::string_view variant, std::string_view workload,
                                   Timed timed);

}  // namespace knetsim
