#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/workload/request.h"
#include "models/workload/split_bands.h"
#include "sim/core/histogram.h"
#include "sim/core/part_sum.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// What ended in the measured window, whenever it had begun: the account that throughput is taken from, since capacity
/// is what leaves in a time and not what also came in it.
struct Throughput {
  std::uint64_t ok = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t bytes = 0;  ///< Payload of the ok ones, both directions.
};

/// One of the kParts equal parts of the window.
struct EdgePart {
  std::uint64_t asked = 0;       ///< Requests that began in it, ...
  PartSum latency;               ///< ... of them the ok ones, ...
  PartSum connect;               ///< ... and connect() of the connections opened for them.
  std::uint64_t ended_well = 0;  ///< Requests that ended in it, whenever they had begun.
};

/// Requests of one edge whose start fell into the measured window, followed beyond its end until they ended or the
/// drain was over. `asked` of them were begun; each ended in exactly one of ok, errors, timeouts, or was unfinished.
struct EdgeStats {
  std::uint64_t asked = 0;
  std::uint64_t ok = 0;
  std::uint64_t errors = 0;    ///< Refused, no endpoint, connect() gave up, or a call further down failed.
  std::uint64_t timeouts = 0;  ///< No attempt was answered in time.
  std::uint64_t retried = 0;   ///< Attempts after the first.
  std::uint64_t unfinished = 0;
  Throughput in_window;  ///< Of whatever ended in the window.
  std::uint64_t in_flight_start = 0;
  std::uint64_t in_flight_end = 0;
  std::uint64_t connections = 0;
  std::uint64_t bytes_sent = 0;       ///< Payload of requests sent ...
  std::uint64_t bytes_received = 0;   ///< ... and of answers begun.
  double rules_evaluated = 0;         ///< By the packets that opened those connections, on all nodes.
  Histogram latency_ns;               ///< Of the ok ones; shape (ok,).
  Histogram unfinished_age_ns;        ///< What the unfinished ones had lasted when they were last seen.
  Histogram connect_ns;               ///< connect() of connections opened for those requests, where it succeeded.
  Histogram connecting_age_ns;        ///< Of those connect()s that had not returned when they were last seen.
  std::uint64_t connects_failed = 0;  ///< Refused, or given up before connect() returned.
  /// Attempts pile up, of this edge or of the calls made for it: more is asked for than can be served
  /// (Backlog::grows()).
  bool backlog_grows = false;
  std::array<EdgePart, kParts> parts{};

  std::array<std::uint64_t, static_cast<std::size_t>(Failure::kCount)> errors_by_failure{};
  std::uint64_t stale_choices = 0;  ///< Connections that were sent to what is no endpoint any more.

  /// By zone_way(), what of it is known: of `bytes_sent` and `bytes_received`, attempt by attempt. What crosses zones
  /// twice, to the node that is asked and from there, counts once.
  struct Zoned {
    std::uint64_t answers = 0;  ///< Begun.
    std::uint64_t bytes = 0;
  };
  Zoned same_zone, cross_zone;

  std::uint64_t failed() const { return errors + timeouts; }
};

/// One interval of a series over simulated time.
struct SeriesPoint {
  std::uint64_t begun = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;  ///< At the end of the interval.
  Histogram latency_ns;         ///< Of the ok ones.
};

/// What is kept of a source of requests beyond its edge's numbers.
class SourceRecorder {
 public:
  /// @param intervals  Points of the series over [begin, end).
  SourceRecorder(Time begin, Time end, std::uint32_t intervals);

  void begun(Time at);
  /// A pod has taken up an attempt at a measured request.
  void taken_up(PodIndex server) {
    if (server >= taken_up_.size()) [[unlikely]] {
      taken_up_.resize(std::size_t{server} + 1, 0);
    }
    ++taken_up_[server];
  }
  /// @param split  Sums up to the latency.
  void ended(Time begun, Time at, Outcome outcome, const TimeSplit& split);
  void close_series(Time now);

  /// Time splits by latency of requests of the window that ended well.
  const SplitBands& bands() const { return bands_; }
  /// The same of those that timed out, together.
  const SplitBand& timed_out() const { return timed_out_; }
  /// Time of connect() by what it went to, summed over the connections that measured requests opened at their first
  /// attempt: up to the return to the application.
  const TimeSplit& connecting() const { return connecting_; }
  TimeSplit& connecting() { return connecting_; }
  const std::vector<SeriesPoint>& series() const { return series_; }
  Duration interval() const { return interval_; }

  /// Attempts at measured requests that each pod took up; shape (pods,) or shorter, the rest being 0.
  const std::vector<std::uint32_t>& taken_up() const { return taken_up_; }

  /// Requests in the system, and its time integral over the measured window: Little's law, exactly, in
  /// request-picoseconds.
  std::uint64_t in_flight() const { return in_flight_; }
  Int128 area() const { return area_; }
  Int128 time_in_system() const { return time_in_system_; }
  /// Adds what a request that never ended has spent in the window.
  void still_there(Time begun);

 private:
  void advance(Time now);
  /// The interval in which the last moment lies that was advanced to; the last one holds what remains of the window too.
  SeriesPoint& latest() { return series_[std::min(current_, series_.size() - 1)]; }
  std::int64_t in_window(Time begun, Time until) const;

  Time begin_, end_;
  Duration interval_{};
  std::vector<SeriesPoint> series_;
  std::size_t current_ = 0;  // the interval in which last_ lies ...
  Time current_end_{};       // ... and its end
  SplitBands bands_;
  SplitBand timed_out_;
  TimeSplit connecting_;
  std::vector<std::uint32_t> taken_up_;
  std::uint64_t in_flight_ = 0;
  Time last_{};
  Int128 area_ = 0;
  Int128 time_in_system_ = 0;
};

}  // namespace knetsim
