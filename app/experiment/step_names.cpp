#include "app/experiment/step_names.h"

#include "sim/net/time_split.h"

namespace knetsim {

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const StepKindInfo& kind : step_kinds()) {
    names.emplace_back(kind.name);
  }
  names.resize(kNamedKinds);
  names[kWorkKind] = "app.work";
  names[kSleepKind] = "app.sleep";
  names[kHandshakeKind] = "tls.handshake";
  names[kRecordsKind] = "tls.records";
  return names;
}

std::vector<std::string> wait_names() {
  static_assert(kWaits == 11);
  return {"wait.run-queue", "wait.preempted", "wait.throttled", "wait.worker",   "wait.connection", "wait.lookup",
          "wait.softirq",   "wait.link",      "wait.window",    "wait.recovery", "wait.timeout"};
}

}  // namespace knetsim
