#include "models/workload/span_sampler.h"

#include <algorithm>

#include "sim/core/ensure.h"
#include "sim/core/hash.h"

namespace knetsim {
namespace {

constexpr std::uint64_t kRank = hash_text("spans.rank");

}  // namespace

SpanTrace* SpanSampler::consider(TrafficIndex source, std::uint64_t id) {
  const std::uint64_t rank = hash_combine(kRank, id);
  std::vector<std::uint64_t>& lowest = sources_[source].lowest;
  if (lowest.size() == keep_) {
    if (rank >= lowest.front()) {
      return nullptr;
    }
    std::pop_heap(lowest.begin(), lowest.end());
    lowest.pop_back();
  }
  lowest.push_back(rank);
  std::push_heap(lowest.begin(), lowest.end());
  return take(rank);
}

SpanTrace* SpanSampler::take(std::uint64_t rank) {
  const std::uint32_t slot = traces_.take();
  SpanTrace& trace = traces_[slot];
  trace.rank = rank;
  trace.slot = slot;
  return &trace;
}

void SpanSampler::ended(TrafficIndex source, const SpanTrace& trace, Time start, Duration latency) {
  Duration sum{};
  for (const SpanVisit& visit : trace.visits) {
    sum += visit.span;
  }
  KNETSIM_ENSURE(sum == latency);
  Source& of = sources_[source];
  if (trace.rank <= of.lowest.front()) {
    of.ended.push_back({trace.rank, start, latency, trace.visits});
  }
}

std::vector<RequestSpan> SpanSampler::kept(TrafficIndex source) const {
  const Source& of = sources_[source];
  std::vector<RequestSpan> kept;
  for (const RequestSpan& span : of.ended) {
    if (span.rank <= of.lowest.front()) {
      kept.push_back(span);
    }
  }
  std::sort(kept.begin(), kept.end(), [](const RequestSpan& a, const RequestSpan& b) { return a.start < b.start; });
  return kept;
}

}  // namespace knetsim
