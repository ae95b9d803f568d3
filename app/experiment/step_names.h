#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "models/cost/step_kind.h"
#include "sim/net/plan.h"

namespace knetsim {

/// Names of all kinds of work that time splits count, by KindIndex: the step kinds, then the application's own.
std::vector<std::string> kind_names();
inline constexpr KindIndex kWorkKind = static_cast<KindIndex>(kStepKinds);
inline constexpr KindIndex kSleepKind = static_cast<KindIndex>(kStepKinds + 1);
inline constexpr KindIndex kHandshakeKind = static_cast<KindIndex>(kStepKinds + 2);
inline constexpr KindIndex kRecordsKind = static_cast<KindIndex>(kStepKinds + 3);
inline constexpr std::size_t kNamedKinds = kStepKinds + 4;
static_assert(kNamedKinds <= kMaxKinds);

/// Names of what a request can wait for, by Wait.
std::vector<std::string> wait_names();

}  // namespace knetsim
