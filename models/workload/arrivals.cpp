#include "models/workload/arrivals.h"

#include <algorithm>

namespace knetsim {
namespace {

constexpr Purpose kArrivals("traffic.arrivals");
constexpr Purpose kThink("traffic.think");

}  // namespace

ArrivalClock::ArrivalClock(const TrafficPlan& plan, RandomStreams streams)
    : plan_(plan), streams_(streams), begun_(plan.sources.size()) {
  for (TrafficIndex source = 0; source < plan.sources.size(); ++source) {
    gaps_.push_back(streams_.get(kArrivals.of(source), 0));
  }
}

std::optional<Time> ArrivalClock::next(TrafficIndex source, Time now) {
  const Arrivals& arrivals = plan_.sources[source].arrivals;
  if (const auto* poisson = std::get_if<PoissonArrivals>(&arrivals)) {
    return now + from_seconds(Distribution::exponential(1.0 / poisson->per_second).sample(gaps_[source]));
  }
  if (const auto* constant = std::get_if<ConstantArrivals>(&arrivals)) {
    return now + constant->interval;
  }
  if (const auto* listed = std::get_if<ListedArrivals>(&arrivals); listed && begun_[source] < listed->at.size()) {
    return std::max(now, listed->at[begun_[source]]);
  }
  return std::nullopt;
}

std::uint64_t ArrivalClock::begin(TrafficIndex source) {
  return hash_combine(mix64(source + std::uint64_t{1}), begun_[source]++);
}

Duration ArrivalClock::pause(TrafficIndex source, std::uint64_t request) const { return think(source, mix64(request)); }

Duration ArrivalClock::think(TrafficIndex source, std::uint64_t id) const {
  RngStream draw = streams_.get(kThink.of(source), id);
  const auto& loop = std::get<ClosedLoop>(plan_.sources[source].arrivals);
  return from_seconds(std::max(0.0, loop.think_seconds.sample(draw)));
}

}  // namespace knetsim
