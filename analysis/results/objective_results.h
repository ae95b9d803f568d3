#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// What came of the scenario's objectives, each variant's by themselves: over all of its replicates.
struct ObjectiveResults {
  std::vector<std::string> variant;
  std::vector<std::string> text;
  std::vector<std::int8_t> outcome;
  std::vector<std::int8_t> note;
  std::vector<std::string> quantity;
  std::vector<double> observed;
  std::vector<double> low;
  std::vector<double> high;
  std::vector<double> limit;
};

template <TableOf<ObjectiveResults> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("objective");
  c.column("variant", t.variant, {.meaning = "of which variant"});
  c.column("text", t.text, {.meaning = "as the scenario states it"});
  c.column("outcome", t.outcome,
           {.unit = "1", .meaning = "what the replicates tell of it", .flags = "met missed cannot-tell"});
  c.column("note", t.note,
           {.unit = "1",
            .meaning = "what the figure is: itself; none, since nothing was observed; infinite, since what failed "
                       "reaches it; at least that, since what had not ended reaches it",
            .flags = "figure nothing-observed infinite at-least"});
  c.column("quantity", t.quantity, {.meaning = "unit of the figures: s, 1 (a share) or 1/s"});
  c.column("observed", t.observed, {.meaning = "the figure, of all replicates together"});
  c.column("low", t.low, {.meaning = "lower end of its interval of 95 %"});
  c.column("high", t.high, {.meaning = "upper end of its interval of 95 %"});
  c.column("limit", t.limit, {.meaning = "what it is held against"});
}

}  // namespace knetsim
