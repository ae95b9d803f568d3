#include "models/workload/caller_step.h"

#include <algorithm>
#include <utility>

namespace knetsim {

bool is_well_formed(const CallerScript& script) {
  const auto count = [&](std::size_t kind) {
    return std::ranges::count_if(script, [&](const CallerStep& step) { return step.index() == kind; });
  };
  const auto in_order = [](const CallerStep& a, const CallerStep& b) { return a.index() < b.index(); };
  constexpr std::size_t kAcquire = 1, kExchange = 3, kClose = 4;
  static_assert(std::is_same_v<std::variant_alternative_t<kAcquire, CallerStep>, Acquire> &&
                std::is_same_v<std::variant_alternative_t<kExchange, CallerStep>, Exchange> &&
                std::is_same_v<std::variant_alternative_t<kClose, CallerStep>, Close>);
  return std::ranges::is_sorted(script, in_order) && count(kAcquire) == 1 && count(kExchange) == 1 &&
         count(kClose) <= 1;
}

CallerScript plain_script(Exchange exchange, bool awaits_close) {
  CallerScript script{Acquire{}, std::move(exchange)};
  if (awaits_close) script.emplace_back(Close{});
  return script;
}

const Exchange& exchange_of(const CallerScript& script) {
  return std::get<Exchange>(
      *std::ranges::find_if(script, [](const CallerStep& step) { return std::holds_alternative<Exchange>(step); }));
}

bool awaits_close(const CallerScript& script) { return std::holds_alternative<Close>(script.back()); }

}  // namespace knetsim
