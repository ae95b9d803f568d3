#pragma once

#include <span>
#include <vector>

#include "sim/net/scan_cost.h"

namespace knetsim {

struct Percentiles {
  double p50 = 0, p90 = 0, p99 = 0;
};

/// Percentiles of a connection's first round trip with so many Services, microseconds, as published.
struct FirstPacketRow {
  double services = 0;
  Percentiles us;
};

/// What the first round trip is made of: the path without rules, lognormal with nftables' p50 and p99, and one scan of
/// KUBE-SERVICES to a position that is uniform in 1..services, by a core whose last scan was an exponential time ago.
struct FirstPacketModel {
  double path_p50_us = 0;
  double path_p99_us = 0;
  std::uint32_t rule_bytes = 200;  ///< ipt_entry 112, tcp match 48, jump 40; above 1,000 endpoints no comments
  double warm_ps = 4'000;
  double noise_sigma = 0.1;  ///< Of the scan.
};

/// The three numbers that the rows decide. Of the pause and of the time to forget only the ratio shows.
struct RuleCurveParameters {
  double cold_ps = 0;
  double cache_bytes = 0;
  double pause_in_forgets = 0;  ///< Mean pause between a core's scans over ScanCurve::forget_ps.
};

/// By quadrature over quantiles of position, pause, path and noise.
Percentiles first_packet_us(const FirstPacketModel& model, const RuleCurveParameters& curve, double services);

/// Sum of squared logarithms of model over published, three percentiles a row: each counts by its relative error,
/// since they span a factor of ten.
double misfit(const FirstPacketModel& model, const RuleCurveParameters& curve, std::span<const FirstPacketRow> rows);

/// Least misfit on a grid of 2 ns, powers of two of bytes and steps of a quarter: finer than the rows can tell.
RuleCurveParameters fit_rule_curve(const FirstPacketModel& model, std::span<const FirstPacketRow> rows);

}  // namespace knetsim
