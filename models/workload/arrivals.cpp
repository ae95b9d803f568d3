#include "models/workload/arrivals.h"

#include <algorithm>

#include "models/workload/drawn.h"

namespace knetsim {
namespace {

constexpr Purpose kArrivals("traffic.arrivals");
constexpr Purpose kThink("traffic.think");

constexpr double kLastSecond = 9e6;  // what a Time holds, 106 days, less a bit

}  // namespace

ArrivalClock::ArrivalClock(const TrafficPlan& plan, RandomStreams streams) : plan_(plan), streams_(streams) {
  for (const TrafficSpec& spec : plan.sources) {
    const std::uint64_t key = hash_text(spec.name);
    Source& source = sources_.emplace_back(
        Source{.think = kThink.of(key), .gaps = streams_.get(kArrivals.of(key), 0), .key = mix64(key)});
    if (std::holds_alternative<ConstantArrivals>(spec.arrivals)) source.phase = source.gaps.uniform();
  }
}

std::optional<Time> ArrivalClock::next(TrafficIndex index, Time now) {
  const Arrivals& arrivals = plan_.sources[index].arrivals;
  Source& source = sources_[index];
  if (const auto* poisson = std::get_if<PoissonArrivals>(&arrivals)) {
    return now + drawn_span(Distribution::exponential(1.0 / poisson->per_second).sample(source.gaps));
  }
  if (const auto* constant = std::get_if<ConstantArrivals>(&arrivals)) {
    // Each by its number: rounded intervals would add up.
    const double seconds = (static_cast<double>(source.begun) + source.phase) / constant->per_second;
    return seconds < kLastSecond ? std::optional(std::max(now, kTimeZero + from_seconds(seconds))) : std::nullopt;
  }
  if (const auto* listed = std::get_if<ListedArrivals>(&arrivals); listed && source.begun < listed->at.size()) {
    return std::max(now, listed->at[source.begun]);
  }
  return std::nullopt;
}

std::uint64_t ArrivalClock::begin(TrafficIndex index) {
  Source& source = sources_[index];
  return hash_combine(source.key, source.begun++);
}

Duration ArrivalClock::offset(TrafficIndex source, std::uint32_t user) const {
  RngStream draw = streams_.get(sources_[source].think, user);
  return drawn_span(std::get<ClosedLoop>(plan_.sources[source].arrivals).think_seconds.sample_residual(draw));
}

Duration ArrivalClock::pause(TrafficIndex source, std::uint64_t request) const {
  RngStream draw = streams_.get(sources_[source].think, mix64(request));
  return drawn_span(std::get<ClosedLoop>(plan_.sources[source].arrivals).think_seconds.sample(draw));
}

}  // namespace knetsim
