#include "analysis/lab/measurement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>

#include "analysis/lab/lab_datapath.h"
#include "sim/core/hash.h"
#include "sim/core/histogram.h"

namespace knetsim::lab {
namespace {

// Read from end to end between cold operations: more than any private cache and the share of a shared one that a
// neighbourly machine leaves to one core.
constexpr std::size_t kSweepBytes = std::size_t{64} << 20;
constexpr std::size_t kCacheLine = 64;

class CacheSweep {
 public:
  CacheSweep() : bytes_(kSweepBytes, 1) {}
  void operator()() {
    for (std::size_t i = 0; i < bytes_.size(); i += kCacheLine) sum_ = sum_ + static_cast<unsigned char>(bytes_[i]++);
  }

 private:
  std::vector<char> bytes_;
  volatile unsigned sum_ = 0;
};

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[Histogram::nearest_rank(q, sorted.size()) - 1];
}

/// Quantiles of the rounds of one case.
struct Rounds {
  std::vector<double> p50, p90, p99;
  double min = 1e300;
  std::uint32_t samples = 0;

  void add(Samples round) {
    std::sort(round.begin(), round.end());
    p50.push_back(quantile(round, 0.5));
    p90.push_back(quantile(round, 0.9));
    p99.push_back(quantile(round, 0.99));
    min = std::min(min, round.front());
    samples += static_cast<std::uint32_t>(round.size());
  }
};

}  // namespace

std::vector<std::size_t> order_of_round(std::size_t count, std::uint32_t round) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t index) { return hash_combine(round, index); });
  return order;
}

Estimate median_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  // The number of values below the median is binomial(n, 1/2): its central 95 % range, by the normal approximation.
  const double half = 0.98 * std::sqrt(n);
  const auto at = [&](double rank) { return values[static_cast<std::size_t>(std::clamp(rank, 0.0, n - 1))]; };
  return {.value = at(std::floor(n / 2)), .low = at(std::floor(n / 2 - half)), .high = at(std::ceil(n / 2 + half))};
}

double noise_floor(const std::vector<Measured>& measured) {
  double sum = 0;
  for (const Measured& one : measured) sum += (one.p50.high - one.p50.low) / 2 / one.p50.value;
  return measured.empty() ? 0 : sum / static_cast<double>(measured.size());
}

std::vector<Measured> measure(const std::vector<LabCase>& cases, const MeasurementOptions& options) {
  const auto tell = [&](double fraction, const std::string& what) {
    if (options.on_progress) options.on_progress(fraction, what);
  };
  std::map<LabSetup, std::unique_ptr<LabDatapath>> datapaths;
  for (const LabCase& one : cases) {
    auto& datapath = datapaths[one.setup];
    if (!datapath) {
      tell(0, "sets up " + one.name());
      datapath = std::make_unique<LabDatapath>(one.setup);
    }
  }
  CacheSweep sweep;
  std::vector<Rounds> rounds(cases.size());
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    const std::vector<std::size_t> order = order_of_round(cases.size(), round);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const std::size_t index = order[i];
      const LabCase& one = cases[index];
      tell((round + static_cast<double>(i) / static_cast<double>(cases.size())) / options.rounds, one.name());
      const std::uint32_t samples = one.cold                                ? options.cold
                                    : one.operation == Operation::RoundTrip ? options.round_trips
                                    : one.operation == Operation::Session   ? options.sessions
                                                                            : options.connects;
      rounds[index].add(datapaths.at(one.setup)->measure(one, options.cpus, samples,
                                                         one.cold ? std::function<void()>(std::ref(sweep)) : nullptr));
    }
  }
  std::vector<Measured> measured;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    measured.push_back({.lab_case = cases[i],
                        .min_ns = rounds[i].min,
                        .p50 = median_of(rounds[i].p50),
                        .p90 = median_of(rounds[i].p90),
                        .p99 = median_of(rounds[i].p99),
                        .samples = rounds[i].samples});
  }
  return measured;
}

}  // namespace knetsim::lab
