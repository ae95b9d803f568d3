#include "models/workload/caller_step.h"

#include <algorithm>
#include <utility>

namespace knetsim {

bool is_well_formed(const CallerScript& script) {
  const auto count = [&]<class Step>(std::in_place_type_t<Step>) {
    return std::ranges::count_if(script, [](const CallerStep& step) { return std::holds_alternative<Step>(step); });
  };
  if (count(std::in_place_type<SearchNames>) > 0) return script.size() == 1;
  return std::ranges::is_sorted(script, {}, &CallerStep::index) && count(std::in_place_type<Acquire>) == 1 &&
         count(std::in_place_type<Exchange>) == 1 && count(std::in_place_type<Close>) <= 1;
}

CallerScript plain_script(Exchange exchange, bool awaits_close) {
  CallerScript script{Acquire{}, std::move(exchange)};
  if (awaits_close) script.emplace_back(Close{});
  return script;
}

CallerScript with_step(CallerScript script, CallerStep step) {
  script.insert(std::ranges::upper_bound(script, step.index(), {}, &CallerStep::index), std::move(step));
  return script;
}

double mean_work_seconds(const CallerScript& script, bool new_connection) {
  double seconds = 0;
  for (const CallerStep& step : script) {
    seconds += std::visit([&](const auto& one) { return one.mean_work_seconds(new_connection); }, step);
  }
  return seconds;
}

bool is_search(const CallerScript& script) {
  return script.size() == 1 && std::holds_alternative<SearchNames>(script.front());
}

const Exchange& exchange_of(const CallerScript& script) {
  return std::get<Exchange>(
      *std::ranges::find_if(script, [](const CallerStep& step) { return std::holds_alternative<Exchange>(step); }));
}

bool awaits_close(const CallerScript& script) { return std::holds_alternative<Close>(script.back()); }

}  // namespace knetsim
