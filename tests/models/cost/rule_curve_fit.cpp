#include "rule_curve_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace knetsim {
namespace {

constexpr int kPositions = 100, kPauses = 20, kPaths = 12, kNoises = 5;

double normal_quantile(double p) {  // bisection on erfc: a test may be slow
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::numbers::sqrt2) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::vector<double> lognormal_quantiles(double median, double sigma, int cells) {
  std::vector<double> values;
  for (int i = 0; i < cells; ++i) values.push_back(median * std::exp(sigma * normal_quantile((i + 0.5) / cells)));
  return values;
}

}  // namespace

Percentiles first_packet_us(const FirstPacketModel& model, const RuleCurveParameters& parameters, double services) {
  const double path_sigma = std::log(model.path_p99_us / model.path_p50_us) / normal_quantile(0.99);
  const std::vector<double> paths = lognormal_quantiles(model.path_p50_us, path_sigma, kPaths);
  const std::vector<double> noises = lognormal_quantiles(1, model.noise_sigma, kNoises);
  const ScanCurve curve{model.warm_ps, parameters.cold_ps, parameters.cold_ps, parameters.cache_bytes, 1e9};
  std::vector<double> all;
  all.reserve(std::size_t{kPositions} * kPauses * kPaths * kNoises);
  for (int j = 0; j < kPauses; ++j) {
    const double pause_ps = -std::log((j + 0.5) / kPauses) * parameters.pause_in_forgets * curve.forget_ps;
    for (int i = 0; i < kPositions; ++i) {
      const double scan_us = 1e-6 * curve.cost_ps(services * (i + 0.5) / kPositions, model.rule_bytes,
                                                  Duration(static_cast<std::int64_t>(pause_ps)));
      for (const double path : paths) {
        for (const double noise : noises) all.push_back(path + scan_us * noise);
      }
    }
  }
  const auto at = [&](double p) {
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(p * static_cast<double>(all.size()));
    std::nth_element(all.begin(), place, all.end());
    return *place;
  };
  return {at(0.50), at(0.90), at(0.99)};
}

double misfit(const FirstPacketModel& model, const RuleCurveParameters& curve, std::span<const FirstPacketRow> rows) {
  double sum = 0;
  for (const FirstPacketRow& row : rows) {
    const Percentiles got = first_packet_us(model, curve, row.services);
    for (const double ratio : {got.p50 / row.us.p50, got.p90 / row.us.p90, got.p99 / row.us.p99}) {
      sum += std::log(ratio) * std::log(ratio);
    }
  }
  return sum;
}

RuleCurveParameters fit_rule_curve(const FirstPacketModel& model, std::span<const FirstPacketRow> rows) {
  RuleCurveParameters best;
  double least = std::numeric_limits<double>::infinity();
  for (double cold_ns = 16; cold_ns <= 36; cold_ns += 2) {
    for (double cache_mib = 1; cache_mib <= 64; cache_mib *= 2) {
      for (double pause = 0.25; pause <= 3; pause += 0.25) {
        const RuleCurveParameters here{cold_ns * 1e3, cache_mib * 1048576, pause};
        if (const double sum = misfit(model, here, rows); sum < least) {
          least = sum;
          best = here;
        }
      }
    }
  }
  return best;
}

}  // namespace knetsim
