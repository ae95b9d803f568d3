#include "analysis/results/append_runs.h"

#include <limits>
#include <set>
#include <variant>
#include <vector>

#include "analysis/results/visit_results.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

std::string_view outermost(std::string_view dims) { return dims.substr(0, dims.find(' ')); }
bool is_along_runs(std::string_view dims) { return outermost(dims) == "run"; }

/// Visitor that fills every column along runs up to the length that its axes give.
class EmptyCells {
 public:
  void group(std::string_view, std::string_view) {}
  template <class Cell>
  void column(const ColumnAt& at, std::vector<Cell>& cells) {
    if (!is_along_runs(at.dims)) return;
    if constexpr (std::is_same_v<Cell, double>) {
      const bool is_sum = at.path.ends_with("_sum") || at.path.ends_with("_sum_sq");
      cells.resize(at.cells, is_sum ? 0 : std::numeric_limits<double>::quiet_NaN());
    } else {
      cells.resize(at.cells);
    }
  }
  template <class Value>
  void column(const ColumnAt&, Value&) {}
  void index(const ColumnAt&, std::size_t) {}
  void mean(const ColumnAt&, const MetricState&) {}
};

using AnyColumn =
    std::variant<const std::vector<double>*, const std::vector<std::int64_t>*, const std::vector<std::uint64_t>*,
                 const std::vector<std::int8_t>*, const std::vector<std::string>*, const std::string*,
                 const std::int64_t*, const std::uint64_t*>;

/// Visitor that lists columns; both results have the same, in the same order.
struct ListColumns {
  std::vector<AnyColumn> columns{};
  void group(std::string_view, std::string_view) {}
  template <class Member>
  void column(const ColumnAt&, const Member& member) {
    columns.emplace_back(&member);
  }
  void index(const ColumnAt&, std::size_t) {}
  void mean(const ColumnAt&, const MetricState&) {}
};

class Append {
 public:
  Append(std::vector<AnyColumn> more, std::int64_t runs) : more_(std::move(more)), runs_(runs) {}

  void group(std::string_view, std::string_view) {}
  template <class Cell>
  void column(const ColumnAt& at, std::vector<Cell>& cells) {
    const auto& more = *std::get<const std::vector<Cell>*>(more_[next_++]);
    if (!done_.insert(&cells).second) return;  // labels of runs and axes stand in several groups
    if (grows_with_runs(outermost(at.dims))) {
      const std::size_t before = cells.size();
      cells.insert(cells.end(), more.begin(), more.end());
      if constexpr (std::is_same_v<Cell, std::int64_t>) {
        if (at.info.merge == Merge::PositionOfRun) {
          for (std::size_t i = before; i < cells.size(); ++i) cells[i] += runs_;
        }
      }
    } else if (cells.empty()) {
      cells = more;
    } else {
      KNETSIM_ENSURE(cells == more || more.empty(), at.path);
    }
  }
  template <class Value>
  void column(const ColumnAt&, Value& value) {
    const Value& more = *std::get<const Value*>(more_[next_++]);
    if (value == Value{}) value = more;
  }
  void index(const ColumnAt&, std::size_t) {}
  void mean(const ColumnAt&, const MetricState&) {}

 private:
  std::vector<AnyColumn> more_;
  std::int64_t runs_;
  std::size_t next_ = 0;
  std::set<const void*> done_;
};

}  // namespace

void add_empty_run(ExperimentResults& results, const std::string& variant, std::int64_t replicate) {
  results.variant.push_back(variant);
  results.replicate.push_back(replicate);
  visit_results(results, EmptyCells());
}

void append_runs(ExperimentResults& results, const ExperimentResults& more) {
  ListColumns list;
  visit_results(more, list);
  visit_results(results, Append(std::move(list.columns), static_cast<std::int64_t>(results.runs())));
}

}  // namespace knetsim
