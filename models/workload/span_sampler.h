#pragma once

#include <cstdint>
#include <vector>

#include "models/workload/indices.h"
#include "sim/core/pool.h"
#include "sim/net/span_trace.h"

namespace knetsim {

/// A request whose every visit was kept. The visits' spans add up to its latency.
struct RequestSpan {
  std::uint64_t rank = 0;
  Time start{};
  Duration latency{};
  std::vector<SpanVisit> visits;
};

/// Chooses which requests carry a trace: of each source those `keep` whose identifiers hash lowest, so that the choice
/// depends neither on the order of requests nor on how they fare, and variants keep the same ones. Of n requests about
/// keep (1 + ln(n / keep)) are traced on the way; one that is still under way at the end is not kept.
class SpanSampler {
 public:
  /// Of requests that begin in [from, to).
  SpanSampler(std::size_t sources, std::uint32_t keep, Time from, Time to)
      : keep_(keep), from_(from), to_(to), sources_(sources) {}

  /// A request begins. @return Its trace; null for one that is not kept.
  SpanTrace* begin(TrafficIndex source, std::uint64_t id, Time now) {
    return keep_ == 0 || now < from_ || now >= to_ ? nullptr : consider(source, id);
  }
  /// Another trace for a call that the request makes, or for its next attempt; null where `whole` is.
  SpanTrace* part_of(const SpanTrace* whole) { return whole == nullptr ? nullptr : take(whole->rank); }
  /// The request has ended; the trace is still the caller's to release.
  void ended(TrafficIndex source, const SpanTrace& trace, Time start, Duration latency);
  /// @param trace  May be null.
  void release(const SpanTrace* trace) {
    if (trace != nullptr) {
      traces_.release(trace->slot);
    }
  }

  /// What was kept of a source, in the order of start.
  std::vector<RequestSpan> kept(TrafficIndex source) const;

 private:
  struct Source {
    std::vector<std::uint64_t> lowest;  // a heap, highest first
    std::vector<RequestSpan> ended;
  };
  SpanTrace* consider(TrafficIndex source, std::uint64_t id);
  SpanTrace* take(std::uint64_t rank);

  std::size_t keep_;
  Time from_, to_;
  std::vector<Source> sources_;
  Pool<SpanTrace> traces_;
};

}  // namespace knetsim
