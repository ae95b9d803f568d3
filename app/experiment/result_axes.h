#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "app/experiment/simulation.h"

namespace knetsim {

/// Positions of names, in the order in which they were first given.
class NameAxis {
 public:
  /// Position of a name; a new one gets the next.
  std::size_t add(const std::string& name);
  /// Position of a name that was added. @throws std::out_of_range
  std::size_t at(const std::string& name) const { return index_.at(name); }
  const std::vector<std::string>& names() const { return names_; }
  std::size_t size() const { return names_.size(); }

 private:
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> names_;
};

/// The axes of a results file: what any of its variants has, since variants may differ in nodes, links and traffic. A
/// cell of what a run does not have is 0 where it counts, else NaN.
struct ResultAxes {
  NameAxis workloads;
  NameAxis calls;  ///< The workloads' own first.
  NameAxis services;
  NameAxis endpoints;
  NameAxis nodes;
  NameAxis links;

  explicit ResultAxes(const std::vector<BoundVariant>& variants);
};

/// Pods that an edge of the variant can reach, or that have an app, ascending.
std::vector<PodIndex> serving_pods(const BoundVariant& variant);

/// Appends the cells of one run to a column. @return  The first of them.
template <class T>
T* append_row(std::vector<T>& column, std::size_t cells, T none) {
  column.resize(column.size() + cells, none);
  return column.data() + (column.size() - cells);
}

}  // namespace knetsim
