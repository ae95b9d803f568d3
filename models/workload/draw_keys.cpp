#include "models/workload/draw_keys.h"

namespace knetsim {
namespace {

constexpr Purpose kServiceTime("app.work");
constexpr Purpose kSleepTime("app.sleep");

}  // namespace

DrawKeys::DrawKeys(const TrafficPlan& plan) {
  for (const EdgeSpec& edge : plan.edges) edges_.push_back(hash_text(edge.name));
  for (const AppSpec& app : plan.apps) {
    std::vector<Step>& steps = steps_.emplace_back();
    std::uint32_t works = 0;
    std::uint32_t pauses = 0;
    for (const AppStep& step : app.steps) {
      steps.push_back({.work = kServiceTime.of(works), .pause = kSleepTime.of(pauses)});
      works += step.work_seconds ? 1U : 0U;
      pauses += step.sleep_seconds ? 1U : 0U;
    }
  }
}

}  // namespace knetsim
