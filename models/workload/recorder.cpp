#include "models/workload/recorder.h"

#include <algorithm>

namespace knetsim {

SourceRecorder::SourceRecorder(Time begin, Time end, std::uint32_t intervals)
    : begin_(begin),
      end_(end),
      interval_(std::max(Duration(1), (end - begin) / std::max(1u, intervals))),
      current_end_(begin + interval_),
      last_(begin) {
  series_.resize(std::max(1u, intervals));
}

void SourceRecorder::advance(Time now) {
  const Time to = std::min(now, end_);
  if (to <= last_) {
    return;
  }
  // Intervals that end on the way keep the number that was in the system then.
  for (; current_end_ <= to && current_ < series_.size(); ++current_, current_end_ += interval_) {
    series_[current_].in_flight = in_flight_;
  }
  area_ += Int128{in_flight_} * (to - last_).count();
  last_ = to;
}

void SourceRecorder::begun(Time at) {
  advance(at);
  ++in_flight_;
  if (at >= begin_ && at < end_) {
    ++latest().begun;
  }
}

void SourceRecorder::ended(Time begun, Time at, Outcome outcome, const TimeSplit& split) {
  advance(at);
  --in_flight_;
  time_in_system_ += in_window(begun, at);
  if (at >= begin_ && at < end_) {
    SeriesPoint& now = latest();
    ++(outcome == Outcome::Ok ? now.ok : now.failed);
    if (outcome == Outcome::Ok) {
      now.latency_ns.record((at - begun).count() / 1000);
    }
  }
  if (begun >= begin_ && begun < end_ && outcome != Outcome::Error) {
    if (outcome == Outcome::Ok) {
      bands_.add(at - begun, split);
    } else {
      timed_out_.add(split);
    }
  }
}

void SourceRecorder::close_series(Time now) { advance(now); }

void SourceRecorder::still_there(Time begun) { time_in_system_ += in_window(begun, end_); }

/// Picoseconds of [begun, until) that lie in the window.
std::int64_t SourceRecorder::in_window(Time begun, Time until) const {
  return std::max(Duration::zero(), std::min(until, end_) - std::max(begun, begin_)).count();
}

}  // namespace knetsim
