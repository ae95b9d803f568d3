#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "analysis/summary.h"

namespace knetsim {

/// All replicates of one variant together, in the units of published tables. Of its workloads the first is meant.
class PublishedMeasure {
 public:
  /// @param recorded  Outlives this.
  PublishedMeasure(const Recorded& recorded, std::string_view variant);

  /// Empty for an unknown measure or node. Measures, NODE being a node's name or `all` for the sum over all:
  /// - connect.p50, latency.p99.9, latency.mean: of connect(), of whole requests, in ms;
  /// - rate: answered requests, 1/s;
  /// - goodput: payload of answered requests, Gbit/s;
  /// - packets: requests and answers of a packet each, million/s;
  /// - cpu.NODE: busy cores; threads.NODE: of these, without softirq; work.NODE: CPU time of an answered request, us;
  /// - busy.NODE, free.NODE: per cent of the node's cores.
  std::optional<double> of(std::string_view measure) const;

 private:
  std::optional<double> quantile(std::string_view what, std::string_view which) const;
  std::optional<double> of_node(std::string_view what, std::string_view node) const;

  const ExperimentResults& results_;
  std::vector<std::size_t> runs_;
  WorkloadSummary summary_;
  double answered_per_s_ = 0;
  double bytes_per_request_ = 0;
};

}  // namespace knetsim
