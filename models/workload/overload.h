#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "models/workload/spec.h"
#include "sim/core/time.h"

namespace knetsim {

/// Requests in flight at a time, those that wait and those whose caller gave up among them: about 1.3 GB of a point. A
/// cluster that is asked for more than it can do, without a timeout that lets go, comes to any number.
inline constexpr std::size_t kMostInFlight = 1'000'000;

/// Attempts at a time at which a drain is ended: where a backlog has doubled since the window, those that stand behind it
/// would not end, and its memory has an end.
inline std::size_t most_in_drain(std::size_t at_windows_end) {
  constexpr std::size_t kFew = 100'000;  // some 130 MB
  return std::max(kFew, 2 * at_windows_end);
}

/// The bound was met; no figure of such a run means anything, as its length decides them.
class TooManyInFlight : public std::runtime_error {
 public:
  TooManyInFlight(TrafficIndex source, Time at)
      : std::runtime_error(std::to_string(kMostInFlight) + " requests in flight"), source_(source), at_(at) {}
  TrafficIndex source() const { return source_; }  ///< Whose request was one too many.
  Time at() const { return at_; }

 private:
  TrafficIndex source_;
  Time at_;
};

}  // namespace knetsim
