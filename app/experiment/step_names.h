#pragma once

#include <string>
#include <vector>

#include "models/cost/step_kind.h"
#include "sim/net/plan.h"

namespace knetsim {

/// Names of all kinds of work that time splits count, by KindIndex: the step kinds, then the application's own.
std::vector<std::string> kind_names();
inline constexpr KindIndex kWorkKind = static_cast<KindIndex>(kStepKinds);
inline constexpr KindIndex kSleepKind = static_cast<KindIndex>(kStepKinds + 1);
static_assert(kStepKinds + 2 <= kMaxKinds);

/// Names of what a request can wait for, by Wait.
std::vector<std::string> wait_names();

}  // namespace knetsim
