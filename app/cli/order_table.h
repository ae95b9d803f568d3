#pragma once

#include <span>

#include "analysis/lab/mode_order.h"

namespace knetsim {

/// The order of modes, of what was measured and of what a profile says. @param markdown  As a page's table.
void print_orders(std::span<const lab::OrderRelation> orders, bool markdown);

}  // namespace knetsim
