#include "app/experiment/observed.h"

namespace knetsim {
namespace {

void add_parts(const EdgeStats& stats, PartSum EdgePart::*of, Sample& sample) {
  sample.parts.resize(kParts);
  for (std::size_t i = 0; i < kParts; ++i) {
    const PartSum& part = stats.parts[i].*of;
    sample.parts[i].count += part.count;
    sample.parts[i].sum_ns += part.sum_ns;
    sample.parts[i].sum_index += part.sum_index;
  }
}

}  // namespace

void add_latencies(const EdgeStats& stats, Sample& sample) {
  sample.ns.merge(stats.latency_ns);
  sample.failed += stats.failed();
  sample.ages.merge(stats.unfinished_age_ns);
  add_parts(stats, &EdgePart::latency, sample);
}

void add_connects(const EdgeStats& stats, Sample& sample) {
  sample.ns.merge(stats.connect_ns);
  sample.failed += stats.connects_failed;
  sample.ages.merge(stats.connecting_age_ns);
  add_parts(stats, &EdgePart::connect, sample);
}

Sample latencies_of(const EdgeStats& stats) {
  Sample sample;
  add_latencies(stats, sample);
  return sample;
}

Sample connects_of(const EdgeStats& stats) {
  Sample sample;
  add_connects(stats, sample);
  return sample;
}

Asked asked_of(const EdgeStats& stats) { return {.asked = stats.asked, .ok = stats.ok}; }

}  // namespace knetsim
