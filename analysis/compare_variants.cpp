#include "analysis/compare_variants.h"

#include <string_view>

namespace knetsim {

std::vector<VariantComparison> compare_variants(const Recorded& recorded) {
  constexpr double kQuantile = 0.99;
  std::vector<VariantComparison> all;
  const auto& variants = recorded.variants();
  if (variants.empty()) return all;
  for (const std::string_view workload : recorded.workloads_of(variants[0])) {
    const auto samples = [&](std::size_t v, Timed timed) { return recorded.samples(variants[v], workload, timed); };
    const std::vector<Sample> base_connects = samples(0, Timed::Connect);
    const std::vector<Sample> base_latencies = samples(0, Timed::Latency);
    const std::vector<Asked> base_asked = recorded.asked(variants[0], workload);
    for (std::size_t v = 1; v < variants.size(); ++v) {
      all.push_back({.connect_p99 = compare_quantile(base_connects, samples(v, Timed::Connect), kQuantile),
                     .request_p99 = compare_quantile(base_latencies, samples(v, Timed::Latency), kQuantile),
                     .availability = compare_availability(base_asked, recorded.asked(variants[v], workload))});
    }
  }
  judge(all);
  return all;
}

}  // namespace knetsim
