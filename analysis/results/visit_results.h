#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/results/results.h"

namespace knetsim {

/// What is known of a column when it is visited.
struct ColumnAt {
  std::string path;       ///< "/summary/goodput"
  std::string_view dims;  ///< "run workload", outermost first; "" for one value. An axis lies along itself.
  ColumnInfo info;        ///< Its texts last as long as the visit.
  std::size_t cells = 1;  ///< That it has by the lengths of its axes, where these are known already.
};

/// Turns what the tables say of themselves into one call a column, in the order of the file.
template <class Visitor>
class ResultsWalk {
 public:
  explicit ResultsWalk(Visitor& visitor) : visitor_(visitor) {}

  template <class Table, class... Axes>
  void group(std::string_view path, std::string_view meaning, Table& table, const Axes&... axes) {
    begin(path, meaning);
    (axis(axes), ...);
    describe(table, *this);
  }

  template <class Results, class Table, class... Axes>
  void group_of_runs(std::string_view path, std::string_view meaning, Results& r, Table& table, const Axes&... axes) {
    begin(path, meaning);
    axis(IndexAxis{"run", r.runs(), {.meaning = "position of the run; a run is one variant with one replicate"}});
    (axis(axes), ...);
    along("run");
    column("variant", r.variant, {.meaning = "name of the run's variant; the first run's is the base of comparisons"});
    column("replicate", r.replicate,
           {.meaning = "replicate, from 0; equal replicates of two variants drew the same random numbers"});
    describe(table, *this);
  }

  // What describe() of a table calls.

  void along(std::string_view dims) { dims_ = dims; }

  template <class Member>
  void column(std::string_view name, Member& member, const ColumnInfo& info) {
    visitor_.column(at(name, {}, info), member);
  }

  /// The parts of a metric in seconds, and their mean.
  template <TableOf<MetricState> State>
  void metric(std::string_view name, State& state, std::string_view of) {
    const auto part = [&](std::string_view suffix, auto& cells, std::string_view unit, std::string_view what) {
      const std::string meaning = std::string(of) + ": " + std::string(what);
      visitor_.column(at(name, suffix, {.unit = unit, .meaning = meaning}), cells);
    };
    part("_n", state.n, "1", "observations");
    part("_sum", state.sum, "s", "sum");
    part("_sum_sq", state.sum_sq, "s2", "sum of squares");
    part("_min", state.min, "s", "least");
    part("_max", state.max, "s", "greatest");
    const std::string meaning = std::string(of) + ": sum / n";
    visitor_.mean(at(name, "_mean", {.unit = "s", .meaning = meaning}), state);
  }

 private:
  void begin(std::string_view path, std::string_view meaning) {
    path_ = path;
    lengths_.clear();
    visitor_.group(path_, meaning);
  }
  void axis(const IndexAxis& axis) {
    lengths_.emplace_back(axis.name, axis.length);
    dims_ = axis.name;
    visitor_.index(at(axis.name, {}, axis.info), axis.length);
  }
  template <class Cells>
  void axis(const LabelAxis<Cells>& axis) {
    lengths_.emplace_back(axis.name, axis.cells.size());
    dims_ = axis.name;
    visitor_.column(at(axis.name, {}, axis.info), axis.cells);
  }
  ColumnAt at(std::string_view name, std::string_view suffix, const ColumnInfo& info) const {
    ColumnAt at{std::string(path_), dims_, info};
    at.path.append("/").append(name).append(suffix);
    for (std::string_view rest = dims_; !rest.empty();) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      for (const auto& [axis, length] : lengths_) at.cells *= axis == rest.substr(0, space) ? length : 1;
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    return at;
  }

  Visitor& visitor_;
  std::string_view path_;
  std::string_view dims_;
  std::vector<std::pair<std::string_view, std::size_t>> lengths_;  // of the group's axes
};

/// Pairs every column of a results file with its member, once for both directions, with
///   visit.group(path, meaning)   before its columns;
///   visit.column(at, member)     a vector, or a single value (std::string, std::int64_t, std::uint64_t);
///   visit.index(at, length)      an axis that only counts: 0, 1, ... length - 1;
///   visit.mean(at, state)        what the writer derives and the reader need not read.
/// @tparam Results  ExperimentResults, const for writing.
template <TableOf<ExperimentResults> Results, class Visitor>
void visit_results(Results& results, Visitor&& visit) {
  ResultsWalk walk(visit);
  describe(results, walk);
}

}  // namespace knetsim
