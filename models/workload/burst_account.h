#pragma once

#include "sim/net/cpu.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// Adds what a burst waited for, and its wake-up: they came before its work.
inline void account(TimeSplit& split, const BurstReport& report, KindIndex wake_kind) {
  const std::size_t before = split.trace == nullptr ? 0 : split.trace->visits.size();
  {
    const PlaceScope place(&split, {SpanPlace::Kind::Thread, 0});
    split.hold(Wait::RunQueue, report.waited);
    split.hold(Wait::Throttled, report.throttled);
    split.hold(Wait::Preempted, report.stolen);
    split.serve(wake_kind, report.woke);
  }
  if (split.trace != nullptr) {
    split.trace->settle(report.core, split.trace->visits.size() - before);
  }
}

}  // namespace knetsim
