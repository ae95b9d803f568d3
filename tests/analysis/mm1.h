#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "analysis/effective_sample.h"
#include "analysis/sample.h"

namespace knetsim::testing {

/// One server, first come first served, Poisson arrivals, exponential service, by Lindley's recursion: no code of the
/// simulator. Two servers with the same arrivals and, if wanted, the same service times up to a factor.
struct PairOfQueues {
  double arrivals_per_s = 0;
  double service_s = 0;        ///< Mean, of the first ...
  double other_service_s = 0;  ///< ... and of the second.
  bool same_services = true;
  double warm_up_s = 2;
  double measured_s = 0;

  /// Sojourn times of both, of what arrives in the measured time.
  std::array<Sample, 2> sample(std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    const auto exponential = [&] {
      return -std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1p-53);  // never log(0)
    };
    std::array<Sample, 2> samples;
    for (Sample& sample : samples) sample.parts.resize(kParts);
    std::array<double, 2> sojourn{};
    double now = 0;
    while (true) {
      const double between = exponential() / arrivals_per_s;
      now += between;
      if (now >= warm_up_s + measured_s) return samples;
      const double work = exponential();
      const double other_work = same_services ? work : exponential();
      const std::array<double, 2> service{work * service_s, other_work * other_service_s};
      for (std::size_t i = 0; i < 2; ++i) {
        sojourn[i] = std::max(0.0, sojourn[i] - between) + service[i];
        if (now < warm_up_s) continue;
        const auto ns = static_cast<std::int64_t>(sojourn[i] * 1e9);
        samples[i].ns.record(ns);
        const auto part = static_cast<std::size_t>((now - warm_up_s) / measured_s * static_cast<double>(kParts));
        samples[i].parts[std::min<std::size_t>(part, kParts - 1)].add(ns);
      }
    }
  }

  /// Of the sojourn time, which is exponential: ln(1 / (1 - q)) / (1 / service - arrivals) (Kleinrock, Queueing Systems
  /// I, 1975, 5.62 with exponential service).
  double true_ratio() const { return (1 / service_s - arrivals_per_s) / (1 / other_service_s - arrivals_per_s); }
};

}  // namespace knetsim::testing
