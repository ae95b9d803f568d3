#pragma once

#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Figures of the cost profiles in force that nobody has measured.
struct AssumptionResults {
  std::vector<std::string> profile;
  std::vector<std::string> key;
  std::vector<std::string> value;
  std::vector<std::string> basis;
};

template <TableOf<AssumptionResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("assumption");
  c.column("profile", t.profile, {.meaning = "name of the cost profile"});
  c.column("key", t.key, {.meaning = "path of the figure in it"});
  c.column("value", t.value, {.meaning = "the figure"});
  c.column("basis", t.basis, {.meaning = "what makes it plausible"});
}

}  // namespace knetsim
