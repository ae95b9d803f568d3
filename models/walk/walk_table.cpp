#include "models/walk/walk_table.h"

#include <fmt/format.h>

#include <cmath>

#include "models/walk/step_cost.h"
#include "sim/input/units_text.h"

namespace knetsim {

namespace {

constexpr std::size_t kNoteWidth = 44;

double units_of(const Step& step, double count, const MessageSize& size) {
  if (step.passage == Passage::Ack) return count * size.acks;
  if (step.passage == Passage::Unawaited) return count;
  switch (info(step.kind).unit) {
    case CostUnit::Skb:
      return count * size.skbs;
    case CostUnit::WirePacket:
      return count * size.packets;
    case CostUnit::Ack:
      return count * size.acks;
    case CostUnit::Byte:
      return count * static_cast<double>(size.payload.count());
    default:
      return count;
  }
}

bool applies(const Step& step, const WalkTableOptions& options) {
  if (step.passage != Passage::Message && !options.unawaited) return false;
  switch (step.when) {
    case Condition::Always:
      return true;
    case Condition::IdleResource:
      return options.idle;
    case Condition::OuterUntracked:
      return options.outer_untracked;
  }
  return true;
}

std::string nanoseconds(double ns) {
  if (ns == 0) return "-";
  return ns < 10 ? fmt::format("{:.2f}", ns) : with_commas(std::llround(ns));
}

std::string count_text(double count) {
  return count == std::floor(count) ? with_commas(static_cast<std::int64_t>(count)) : fmt::format("{:.1f}", count);
}

std::string where(const WalkRow& row) { return fmt::format("{} {}", name_of(row.node), name_of(row.place)); }

}  // namespace

std::string_view name_of(Place place) {
  switch (place) {
    case Place::SendingCpu:
      return "sending CPU";
    case Place::SoftirqCore:
      return "softirq";
    case Place::ReceivingCpu:
      return "receiving CPU";
    case Place::Nic:
      return "NIC";
    case Place::Wire:
      return "wire";
  }
  return "";
}

std::string_view name_of(NodeRole node) {
  switch (node) {
    case NodeRole::Client:
      return "client";
    case NodeRole::Ingress:
      return "ingress";
    case NodeRole::Server:
      return "server";
  }
  return "";
}

std::string_view name_of(Condition when) {
  switch (when) {
    case Condition::Always:
      return "always";
    case Condition::IdleResource:
      return "idle";
    case Condition::OuterUntracked:
      return "outer-untracked";
  }
  return "";
}

std::string_view name_of(PacketClass packet) {
  switch (packet) {
    case PacketClass::First:
      return "first";
    case PacketClass::SynAck:
      return "syn-ack";
    case PacketClass::Request:
      return "request";
    case PacketClass::Response:
      return "response";
    case PacketClass::kCount:
      break;
  }
  return "";
}

WalkTable walk_table(const Walk& walk, const CostProfile& profile, const WalkTableOptions& options) {
  WalkTable table;
  for (const Step& step : walk.steps) {
    if (!applies(step, options)) continue;
    const double count = value_of(step.count, options.bindings);
    WalkRow row{.place = step.place,
                .node = step.node,
                .kind = step.kind,
                .when = step.when,
                .passage = step.passage,
                .unit = info(step.kind).unit,
                .units = units_of(step, count, options.size),
                .rule_bytes = step.rule_bytes,
                .wire_bytes = step.wire_bytes,
                .note = step.note};
    if (is_scan(step, options.packet)) {
      const double per_rule = options.idle ? 0 : profile[step.kind].median_ps;
      row.latency_ns = 1e-3 * (options.idle ? cold_scan_ps(step, options.bindings, profile) : count * per_rule);
      row.cpu_ns = row.latency_ns;
    } else {
      const UnitCosts costs = unit_costs(step, count, profile);
      const double total_ns = 1e-3 * costs.total_ps(options.size);
      row.latency_ns = costs.latency ? total_ns : 0;
      row.cpu_ns = costs.cpu ? total_ns : 0;
    }
    table.latency_ns += row.latency_ns;
    table.cpu_ns += row.cpu_ns;
    row.running_ns = table.latency_ns;
    table.rows.push_back(std::move(row));
  }
  table.rules = rules_evaluated(walk, options.bindings, {.outer_untracked = options.outer_untracked});
  return table;
}

std::string render(const WalkTable& table) {
  std::string text = fmt::format("{:<22} {:<17} {:>8} {:<10} {:>9} {:>9} {:>9}  {}\n", "place", "step", "count", "unit",
                                 "ns", "CPU ns", "sum ns", "");
  std::string last;
  for (const WalkRow& row : table.rows) {
    const std::string here = where(row);
    std::string note = row.note;
    if (row.wire_bytes > 0) note += fmt::format("{}+{} B on the wire", note.empty() ? "" : ", ", row.wire_bytes);
    if (row.when == Condition::IdleResource) note += note.empty() ? "if idle" : ", if idle";
    if (note.size() > kNoteWidth) note = note.substr(0, kNoteWidth - 3) + "...";
    const std::string line =
        fmt::format("{:<22} {:<17} {:>8} {:<10} {:>9} {:>9} {:>9}  {}", here == last ? "" : here, info(row.kind).name,
                    count_text(row.units), name_of(row.unit), nanoseconds(row.latency_ns), nanoseconds(row.cpu_ns),
                    row.kind == StepKind::Wire ? "" : nanoseconds(row.running_ns), note);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    last = here;
  }
  text += fmt::format("{:<22} {:<17} {:>8} {:<10} {:>9} {:>9}\n", "sum", "", count_text(table.rules), "rules",
                      nanoseconds(table.latency_ns), nanoseconds(table.cpu_ns));
  return text;
}

}  // namespace knetsim
