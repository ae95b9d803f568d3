#include "app/experiment/compare_variants.h"

#include <algorithm>

#include "app/experiment/observed.h"

namespace knetsim {
namespace {

template <class T>
std::vector<T> by_replicate(const BoundVariant& variant, const std::vector<PointResult>& points,
                            std::string_view workload, T (*of)(const EdgeStats&)) {
  std::vector<T> all;
  const TrafficSpec* source = workload_named(variant, workload);
  if (source == nullptr) return all;
  for (const PointResult& point : points) {
    if (!point.edges.empty()) all.push_back(of(point.edges[source->edge]));
  }
  return all;
}

}  // namespace

const TrafficSpec* workload_named(const BoundVariant& variant, std::string_view name) {
  const auto& sources = variant.traffic.sources;
  const auto found = std::ranges::find(sources, name, &TrafficSpec::name);
  return found == sources.end() ? nullptr : &*found;
}

std::vector<Sample> samples_of(const BoundVariant& variant, const std::vector<PointResult>& points,
                               std::string_view workload, Sample (*of)(const EdgeStats&)) {
  return by_replicate(variant, points, workload, of);
}

std::vector<VariantComparison> compare_variants(const std::vector<BoundVariant>& variants,
                                                const ExperimentOutcome& outcome) {
  constexpr double kQuantile = 0.99;
  std::vector<VariantComparison> all;
  const BoundVariant& base = variants.front();
  for (const TrafficSpec& source : base.traffic.sources) {
    const std::string_view w = source.name;
    const std::vector<Sample> base_connects = samples_of(base, outcome.points[0], w, connects_of);
    const std::vector<Sample> base_latencies = samples_of(base, outcome.points[0], w, latencies_of);
    const std::vector<Asked> base_asked = by_replicate(base, outcome.points[0], w, asked_of);
    for (std::size_t v = 1; v < variants.size(); ++v) {
      const auto& points = outcome.points[v];
      all.push_back(
          {.connect_p99 = compare_quantile(base_connects, samples_of(variants[v], points, w, connects_of), kQuantile),
           .request_p99 = compare_quantile(base_latencies, samples_of(variants[v], points, w, latencies_of), kQuantile),
           .availability = compare_availability(base_asked, by_replicate(variants[v], points, w, asked_of))});
    }
  }
  judge(all);
  return all;
}

}  // namespace knetsim
