#include "models/workload/recorder.h"

#include <algorithm>
#include <bit>

namespace knetsim {

SourceRecorder::SourceRecorder(Time begin, Time end, std::uint32_t intervals)
    : begin_(begin),
      end_(end),
      interval_(std::max(Duration(1), (end - begin) / std::max(1u, intervals))),
      last_(begin) {
  series_.resize(std::max(1u, intervals));
}

std::uint32_t SourceRecorder::band_of(Duration latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(32, latency.count()));
  const auto octave = static_cast<std::uint32_t>(std::bit_width(value) - 1);
  return octave * 32 + static_cast<std::uint32_t>((value >> (octave - 5)) & 31);
}

SeriesPoint& SourceRecorder::point(Time at) {
  const auto index = static_cast<std::size_t>(std::max<std::int64_t>(0, (at - begin_) / interval_));
  return series_[std::min(index, series_.size() - 1)];
}

void SourceRecorder::advance(Time now) {
  const Time to = std::min(now, end_);
  if (to <= last_) {
    return;
  }
  // Intervals that end on the way keep the number that was in the system then.
  for (auto index = static_cast<std::size_t>((last_ - begin_) / interval_); index < series_.size(); ++index) {
    if (begin_ + static_cast<std::int64_t>(index + 1) * interval_ > to) {
      break;
    }
    series_[index].in_flight = in_flight_;
  }
  area_ += Int128{in_flight_} * (to - last_).count();
  last_ = to;
}

void SourceRecorder::begun(Time at) {
  advance(at);
  ++in_flight_;
  if (at >= begin_ && at < end_) {
    ++point(at).begun;
  }
}

void SourceRecorder::ended(Time begun, Time at, Outcome outcome, const TimeSplit& split) {
  advance(at);
  --in_flight_;
  time_in_system_ += in_window(begun, at);
  if (at >= begin_ && at < end_) {
    SeriesPoint& now = point(at);
    ++(outcome == Outcome::Ok ? now.ok : now.failed);
    if (outcome == Outcome::Ok) {
      now.latency_ns.record((at - begun).count() / 1000);
    }
  }
  if (begun >= begin_ && begun < end_ && outcome != Outcome::Error) {
    SplitBand& band = outcome == Outcome::Ok ? bands_[band_of(at - begun)] : timed_out_;
    ++band.requests;
    band.sum += split;
  }
}

void SourceRecorder::close_series(Time now) { advance(now); }

void SourceRecorder::still_there(Time begun) { time_in_system_ += in_window(begun, end_); }

/// Picoseconds of [begun, until) that lie in the window.
std::int64_t SourceRecorder::in_window(Time begun, Time until) const {
  return std::max(Duration::zero(), std::min(until, end_) - std::max(begun, begin_)).count();
}

}  // namespace knetsim
