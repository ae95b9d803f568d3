#include "app/experiment/span_results.h"

#include <fmt/format.h>

#include "app/experiment/step_names.h"

namespace knetsim {
namespace {

/// "worker-1/cpu3"
std::string core_name(const BoundVariant& variant, const PointResult& point, CoreIndex core) {
  for (std::size_t node = 0; node < point.nodes.size(); ++node) {
    if (core < point.nodes[node].cores) {
      return fmt::format("{}/cpu{}", variant.cluster->nodes[node].name, core);
    }
    core -= point.nodes[node].cores;
  }
  return {};
}

std::string place_name(const BoundVariant& variant, const PointResult& point, const Topology& topology,
                       SpanPlace place) {
  switch (place.kind) {
    case SpanPlace::Kind::Core:
      return core_name(variant, point, place.index);
    case SpanPlace::Kind::Link:
      return topology.link_name(place.index);
    case SpanPlace::Kind::Owner:
      return fmt::format("{}/{}", variant.cluster->pods[place.index].ns, variant.cluster->pods[place.index].name);
    case SpanPlace::Kind::None:
    case SpanPlace::Kind::Thread:
      break;
  }
  return {};
}

}  // namespace

void add_spans(SpanResults& results, std::int64_t run, const BoundVariant& variant, const PointResult& point,
               const Topology& topology) {
  const std::vector<std::string> kinds = kind_names();
  const std::vector<std::string> waits = wait_names();
  for (std::size_t source = 0; source < point.spans.size(); ++source) {
    for (const RequestSpan& span : point.spans[source]) {
      results.run_index.push_back(run);
      results.workload.push_back(variant.traffic.sources[source].name);
      results.start.push_back(span.start.time_since_epoch().count());
      results.latency.push_back(span.latency.count());
      results.row_size.push_back(static_cast<std::int64_t>(span.visits.size()));
      Time at = span.start;
      for (const SpanVisit& visit : span.visits) {
        const bool is_wait = visit.step >= kMaxKinds;
        results.step.push_back(is_wait ? waits[visit.step - kMaxKinds] : kinds[visit.step]);
        results.place.push_back(place_name(variant, point, topology, visit.place));
        results.at.push_back(at.time_since_epoch().count());
        results.wait.push_back(is_wait ? visit.span.count() : 0);
        results.service.push_back(is_wait ? 0 : visit.span.count());
        at += visit.span;
      }
    }
  }
}

}  // namespace knetsim
