#include "app/cli/order_table.h"

#include <fmt/format.h>

#include "app/cli/text_table.h"

namespace knetsim {

void print_orders(std::span<const lab::OrderRelation> orders, bool markdown) {
  if (orders.empty()) return;
  fmt::print("\n{}Order of modes: pairs of measured datapaths that differ in one thing\n{}", markdown ? "### " : "",
             markdown ? "\n" : "");
  TextTable table({"expected", "pairs", "measured so", "reversed", "predicted so"}, {1, 2, 3, 4});
  for (const lab::OrderRelation& one : orders) {
    table.add({one.text, fmt::format("{}", one.pairs), fmt::format("{}", one.measured), fmt::format("{}", one.reversed),
               fmt::format("{}", one.predicted)});
  }
  fmt::print("{}", markdown ? table.markdown() : table.render(2));
}

}  // namespace knetsim
