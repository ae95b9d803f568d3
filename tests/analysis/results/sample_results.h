#pragma once

#include <cstddef>
#include <string>

#include "analysis/results/results.h"
#include "analysis/results/results_schema.h"
#include "analysis/results/visit_results.h"
#include "sim/core/ensure.h"

namespace knetsim {

/// Results in which every column of the schema is present and every cell is known: cell i of the k-th row of the schema
/// holds 1000 k + i (integers), k + i / 1024 (floats, exact), i mod 2 (flags) or "<name> <i>" (text), whatever its
/// meaning. A reader in any language can recompute them from the schema.
class SampleFiller {
 public:
  explicit SampleFiller(const ExperimentResults& axes) : r_(axes) {}

  void group(std::string_view, std::string_view) const {}
  template <class Cell>
  void column(const ColumnAt& at, std::vector<Cell>& cells) const {
    if (!cells.empty()) return;  // an axis, or set by hand
    const SchemaRow* row = find_schema_row(at.path);
    KNETSIM_ENSURE(row != nullptr, at.path);
    cells.resize(cells_of(*row));
    for (std::size_t i = 0; i < cells.size(); ++i) fill(*row, i, cells[i]);
  }
  template <class Cell>
  void column(const ColumnAt& at, Cell& cell) const {
    fill(*find_schema_row(at.path), 0, cell);
  }
  void index(const ColumnAt&, std::size_t) const {}
  void mean(const ColumnAt&, const MetricState&) const {}

 private:
  static std::size_t position(const SchemaRow& row) { return static_cast<std::size_t>(&row - results_schema().data()); }
  static void fill(const SchemaRow& row, std::size_t i, std::int64_t& cell) {
    cell = static_cast<std::int64_t>(1000 * position(row) + i);
  }
  static void fill(const SchemaRow& row, std::size_t i, std::uint64_t& cell) { cell = 1000 * position(row) + i; }
  static void fill(const SchemaRow& row, std::size_t i, double& cell) {
    cell = static_cast<double>(position(row)) + static_cast<double>(i) / 1024;
  }
  static void fill(const SchemaRow&, std::size_t i, std::int8_t& cell) { cell = static_cast<std::int8_t>(i % 2); }
  static void fill(const SchemaRow& row, std::size_t i, std::string& cell) {
    cell = row.path.substr(row.path.rfind('/') + 1) + " " + std::to_string(i);
  }

  std::size_t length(std::string_view axis) const {
    if (axis == "run") return r_.runs();
    if (axis == "workload") return r_.workloads.size();
    if (axis == "quantile") return r_.quantiles.size();
    if (axis == "call") return r_.calls.size();
    if (axis == "part") return kParts;
    if (axis == "service") return r_.services.size();
    if (axis == "exposure") return r_.exposures.size();
    if (axis == "endpoint") return r_.endpoints.size();
    if (axis == "node") return r_.nodes.size();
    if (axis == "reason") return r_.reasons.size();
    if (axis == "link") return r_.links.size();
    if (axis == "step") return r_.steps.size();
    if (axis == "band") return r_.bands.size();
    if (axis == "sim_time") return r_.series.sim_time.size();
    if (axis == "bucket") return 11;
    if (axis == "request") return r_.spans.row_size.size();
    if (axis == "visit") return 5;
    if (axis == "limit" || axis == "denial") return 2;
    if (axis == "override" || axis == "input") return 2;
    if (axis == "objective" || axis == "assumption") return 3;
    fail_invariant(__FILE__, __LINE__, "a known axis", axis);
  }
  std::size_t cells_of(const SchemaRow& row) const {
    std::size_t cells = 1;
    std::string_view rest = row.dims;
    while (!rest.empty()) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      cells *= length(rest.substr(0, space));
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    return cells;
  }

  const ExperimentResults& r_;
};

inline ExperimentResults sample_results() {
  ExperimentResults r;
  r.provenance = {.title = "größte Probe",
                  .knetsim_version = "0.1.0",
                  .git_sha1 = "0123456789abcdef0123456789abcdef01234567",
                  .git_dirty = true};
  r.variant = {"iptables", "iptables", "nftables", "nftables"};
  r.replicate = {0, 1, 0, 1};
  r.workloads = {"browse", "zahlen-für-Müller", ""};
  r.quantiles = {0.5, 0.9, 0.99, 0.999};
  r.calls = {"browse", "zahlen-für-Müller", "frontend > cart"};
  r.services = {"default/frontend", "default/cart"};
  r.exposures = {"podIP", "clusterIP"};
  r.endpoints = {"default/frontend-0:8080", "default/cart-0:7070", "default/cart-1:7070"};
  r.nodes = {"node-0", "node-1", "node-2"};
  r.reasons = {"link queue full", "conntrack table full"};
  r.links = {"node-0>leaf-0", "leaf-0>node-0"};
  r.steps = {"rules", "conntrack", "wire"};
  r.bands = {"p50", "p99", "p99.9"};
  r.series.sim_time = {0, 1'000'000'000'000, 2'000'000'000'000, 3'000'000'000'001};
  r.latency_histogram.row_size = {0, 3, 1, 0, 0, 2, 0, 0, 0, 1, 4, 0};
  r.connect_histogram.row_size = {11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  r.unfinished_histogram.row_size = {0, 0, 7, 0, 0, 0, 0, 4, 0, 0, 0, 0};
  r.connecting_histogram.row_size = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11};
  r.spans.row_size = {2, 0, 3};
  r.spans.run_index = {0, 3, 1};
  visit_results(r, SampleFiller(r));
  return r;
}

}  // namespace knetsim
