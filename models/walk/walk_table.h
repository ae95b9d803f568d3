#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/cost/cost_profile.h"
#include "models/walk/bindings.h"
#include "models/walk/walk.h"
#include "sim/net/plan.h"

namespace knetsim {

/// One step of a walk with its cost, as `trace` shows it.
struct WalkRow {
  Place place{};
  NodeRole node{};
  StepKind kind{};
  Condition when{};
  Passage passage{};
  CostUnit unit{};
  double units = 0;              ///< How many units are paid: rules, bytes, skbs ...
  std::uint32_t rule_bytes = 0;  ///< Bytes of table that one rule of a scan takes; 0 elsewhere.
  std::uint32_t wire_bytes = 0;
  double latency_ns = 0;  ///< What the step adds to the message's way; 0 for CPU that nobody waits for.
  double cpu_ns = 0;
  double running_ns = 0;  ///< Sum of latency_ns up to here.
  std::string note;
};

struct WalkTable {
  std::vector<WalkRow> rows;
  double latency_ns = 0;
  double cpu_ns = 0;
  double rules = 0;  ///< Rules that the packet evaluates.
};

struct WalkTableOptions {
  PacketClass packet = PacketClass::Request;
  MessageSize size{};  ///< Of the message whose walk it is.
  Bindings bindings{};
  bool idle = true;             ///< Every resource idle and every table cold; else busy ones, and tables warm.
  bool outer_untracked = true;  ///< The tunnel's outer tuple is new, as it is for a connection's first packets.
  bool unawaited = true;        ///< With the packets that nobody waits for.
};

/// The walk with its median costs. Links are left out: their time depends on the topology.
WalkTable walk_table(const Walk& walk, const CostProfile& profile, const WalkTableOptions& options);

/// "client CPU", "server softirq", "wire" ...
std::string_view name_of(Place place);
std::string_view name_of(NodeRole node);
std::string_view name_of(Condition when);
std::string_view name_of(PacketClass packet);

/// The table as text: a heading, one line a step, a sum. Costs in ns with thousands separators. At most 120 columns:
/// notes are cut.
std::string render(const WalkTable& table);

}  // namespace knetsim
