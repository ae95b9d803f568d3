#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/histogram.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// How a request ended.
enum class Outcome : std::uint8_t { Ok, Error, Timeout };

/// Requests of one edge whose start fell into the measured window. `asked` of them were begun; each ended in exactly
/// one of ok, errors, timeouts, or was unfinished at the end.
struct EdgeStats {
  std::uint64_t asked = 0;
  std::uint64_t ok = 0;
  std::uint64_t errors = 0;    ///< Refused, no endpoint, connect() gave up, or a call further down failed.
  std::uint64_t timeouts = 0;  ///< No attempt was answered in time.
  std::uint64_t retried = 0;   ///< Attempts after the first.
  std::uint64_t unfinished = 0;
  std::uint64_t in_flight_start = 0;
  std::uint64_t in_flight_end = 0;
  std::uint64_t connections = 0;
  std::uint64_t bytes_sent = 0;      ///< Payload of requests sent ...
  std::uint64_t bytes_received = 0;  ///< ... and of answers begun.
  double rules_evaluated = 0;        ///< By the packets that opened those connections, on all nodes.
  Histogram latency_ns;              ///< ok, timeouts, and unfinished ones with their age: nothing is cut off.
  Histogram connect_ns;              ///< connect() of connections opened for those requests.
};

/// Sums of time splits of the requests around one latency.
struct SplitBand {
  std::uint64_t requests = 0;
  TimeSplit sum;
};

/// One interval of a series over simulated time.
struct SeriesPoint {
  std::uint64_t begun = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;  ///< At the end of the interval.
  Histogram latency_ns;         ///< Of requests that ended in it.
};

/// What is kept of a source of requests beyond its edge's numbers.
class SourceRecorder {
 public:
  /// @param intervals  Points of the series over [begin, end).
  SourceRecorder(Time begin, Time end, std::uint32_t intervals);

  void begun(Time at);
  /// @param split  Sums up to the latency.
  void ended(Time begun, Time at, Outcome outcome, const TimeSplit& split);
  void close_series(Time now);

  /// Time splits by latency: bands of 1/32 octave, in ascending order; shape (bands,).
  const std::map<std::uint32_t, SplitBand>& bands() const { return bands_; }
  /// Time of connect() by what it went to, summed over the connections that measured requests opened at their first
  /// attempt: up to the return to the application.
  const TimeSplit& connecting() const { return connecting_; }
  TimeSplit& connecting() { return connecting_; }
  const std::vector<SeriesPoint>& series() const { return series_; }
  Duration interval() const { return interval_; }

  /// Requests in the system, and its time integral over the measured window: Little's law, exactly, in
  /// request-picoseconds.
  std::uint64_t in_flight() const { return in_flight_; }
  Int128 area() const { return area_; }
  Int128 time_in_system() const { return time_in_system_; }
  /// Adds what a request that is still in the system at the end has spent in the window.
  void still_there(Time begun, Time end);

  static std::uint32_t band_of(Duration latency);

 private:
  void advance(Time now);
  SeriesPoint& point(Time at);

  Time begin_, end_;
  Duration interval_{};
  std::vector<SeriesPoint> series_;
  std::map<std::uint32_t, SplitBand> bands_;
  TimeSplit connecting_;
  std::uint64_t in_flight_ = 0;
  Time last_{};
  Int128 area_ = 0;
  Int128 time_in_system_ = 0;
};

}  // namespace knetsim
