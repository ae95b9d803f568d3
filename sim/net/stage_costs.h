#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/interruptions.h"
#include "sim/net/noise.h"
#include "sim/net/plan.h"
#include "sim/net/scan_cost.h"
#include "sim/net/time_split.h"

namespace knetsim {

/// What plans refer to by index.
struct PlanTables {
  std::vector<NoiseShape> shapes;
  std::vector<ScanCurve> curves;
  KindIndex wire_kind = 0;  ///< Kind under which serialization and propagation on links is counted.
  std::optional<InterruptionLaw> interruptions{};
};

/// What one visit of a message to a stage costs.
struct StageCost {
  Duration latency{};   ///< Delays the message; LatencyAndCpu work included.
  Duration cpu{};       ///< Occupies the core while it delays the message.
  Duration cpu_only{};  ///< Occupies the core afterwards.
  Duration wake{};      ///< Of a receiving thread: to be paid where its core is idle.
  KindIndex wake_kind = 0;
};

/// A visit: who, where, when.
struct StageVisit {
  const Plan& plan;
  const Stage& stage;
  const MessageSize& size;
  const FlowSymbols& symbols;
  const MachineSymbols& machine;  ///< Of the machine of the stage.
  bool outer_untracked = false;   ///< The tunnel's outer tuple is new to conntrack.
  CoreIndex core = 0;             ///< Whose cache a rule scan meets.
  double factor = 1;              ///< On every CPU cost of the machine.
  bool idle = false;              ///< The core had nothing to do.
  Time now{};
};

/// Puts numbers on stages: medians times drawn factors, and scans by what each core's cache still holds.
class StageCosts {
 public:
  /// @param tables  Outlives this. A curve for each kind of work, at most kMaxKinds.
  StageCosts(const PlanTables& tables, std::size_t cores);

  /// @param noise  The message's own stream: one draw a shape and visit.
  StageCost evaluate(const StageVisit& visit, RngStream& noise);
  /// The same, and all of it is accounted for by kind of work. @param split  May be null.
  StageCost spend(const StageVisit& visit, RngStream& noise, TimeSplit* split);

  /// Accounts for the visit evaluated last by kind of work. A train's work overlaps with its arrival: of the `whole`
  /// latency only `visible` shows, and is shared out in proportion. @param split  May be null.
  void commit(TimeSplit* split, Duration whole, Duration visible) const;

 private:
  /// @param note  Takes what delays the message, kind by kind.
  template <class Note>
  StageCost work_out(const StageVisit& visit, RngStream& noise, const Note& note);

  struct Part {
    KindIndex kind = 0;
    Duration span{};
  };

  const PlanTables& tables_;
  std::vector<std::array<Time, kScanTables>> last_scan_;  // shape (cores,)
  std::array<Part, 2 * kMaxKinds> parts_{};               // of the visit evaluated last
  std::size_t parts_count_ = 0;
  TimeSplit unread_;  // of messages that nobody accounts for
};

}  // namespace knetsim
