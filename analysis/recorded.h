#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "analysis/comparison.h"
#include "analysis/results/results.h"
#include "analysis/sample.h"

namespace knetsim {

/// A cell of a column that a file may not have: nothing there.
template <class Cell>
Cell cell_of(const std::vector<Cell>& column, std::size_t cell) {
  return cell < column.size() ? column[cell] : Cell{};
}

/// Which of the two times of a call.
enum class Timed : std::uint8_t { Latency, Connect };

/// Results by what statistics take: samples of a call in one run, the runs of a variant. A run that stopped or failed
/// counts as not there.
class Recorded {
 public:
  /// @param results  Outlive this. Columns that are missing are taken for "nothing observed".
  explicit Recorded(const ExperimentResults& results);

  const ExperimentResults& results() const { return results_; }
  /// Variants in the order of their first runs.
  const std::vector<std::string_view>& variants() const { return variants_; }
  /// Runs of a variant that ended, in the order of the file.
  std::vector<std::size_t> runs_of(std::string_view variant) const;
  /// Workloads that any run of the variant has, in the order of the file.
  std::vector<std::string_view> workloads_of(std::string_view variant) const;
  /// The call of this name; its number where there is none.
  std::size_t call_named(std::string_view name) const;
  /// Whether the run has the call at all; variants may differ in traffic.
  bool has(std::size_t run, std::size_t call) const;

  /// Of one call in one run; what failed is infinitely late.
  Sample sample(std::size_t run, std::size_t call, Timed timed) const;
  /// Adds a call to what was observed of others in the same run.
  void add(std::size_t run, std::size_t call, Timed timed, Sample& sample) const;
  Asked asked(std::size_t run, std::size_t call) const;
  /// Samples of one call by the runs that have it.
  std::vector<Sample> samples(std::string_view variant, std::string_view call, Timed timed) const;
  std::vector<Asked> asked(std::string_view variant, std::string_view call) const;

  /// Cell (run, call) of a column; 0 where the file has it not.
  template <class Cell>
  Cell at(const std::vector<Cell>& column, std::size_t run, std::size_t call) const {
    return cell_of(column, run * results_.calls.size() + call);
  }

 private:
  /// Where each row's buckets begin.
  using Starts = std::vector<std::size_t>;
  static Starts starts_of(const HistogramResults& histogram);
  void add(const HistogramResults& histogram, const Starts& starts, std::size_t cell, Histogram& ns) const;

  const ExperimentResults& results_;
  std::vector<std::string_view> variants_;
  Starts latency_, connect_, unfinished_, connecting_;
};

}  // namespace knetsim
