#include "models/walk/walk_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "models/walk/step_cost.h"
#include "sim/input/units_text.h"

namespace knetsim {

namespace {

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

bool applies(Condition when, const WalkTableOptions& options) {
  switch (when) {
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

namespace {

/// Picoseconds of each step of a walk that is a scan, by index; 0 for the others. A group's cost is shared out by
/// rules.
std::vector<double> scan_costs(const Walk& walk, const CostProfile& profile, const WalkTableOptions& options) {
  std::vector<double> costs(walk.steps.size(), 0);
  for (const StepRange& stage : stages_of(walk)) {
    std::array<bool, kScanTables> scanned{};
    for (const ScanGroup& group : scan_groups(walk, stage, options.packet, profile)) {
      const double items = value_of(group.rules, options.bindings, stage.node);
      if (items <= 0 || !applies(group.when, options)) continue;
      const bool warm = !options.idle || scanned[group.table];
      scanned[group.table] = true;
      const ScanCurve curve = scan_curve(profile, group.kind);
      const double total = curve.cost_ps(items, value_of(group.bytes, options.bindings, stage.node) / items,
                                         warm ? Duration{} : Duration::max());
      for (const std::size_t i : group.members)
        costs[i] = total * value_of(walk.steps[i].count, options.bindings, stage.node) / items;
    }
  }
  return costs;
}

}  // namespace

WalkTable walk_table(const Walk& walk, const CostProfile& profile, const WalkTableOptions& options) {
  WalkTable table;
  const std::vector<double> scans = scan_costs(walk, profile, options);
  for (std::size_t i = 0; i < walk.steps.size(); ++i) {
    const Step& step = walk.steps[i];
    if (!applies(step.when, options) || (step.passage != Passage::Message && !options.unawaited)) continue;
    const double count = value_of(step.count, options.bindings, step.node);
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
      row.latency_ns = row.cpu_ns = 1e-3 * scans[i];
    } else {
      const UnitCosts costs = unit_costs(step, count, profile);
      const double total_ns = 1e-3 * costs.total_ps(options.size);
      row.latency_ns = costs.latency ? total_ns : 0;
      row.cpu_ns = costs.cpu ? total_ns : 0;
    }
    table.latency_ns += row.latency_ns;
    table.cpu_ns += row.cpu_ns;
    row.running_ns = table.latency_ns;
    if (row.units > 0) table.rows.push_back(std::move(row));
  }
  table.rules = rules_evaluated(walk, options.bindings, {.outer_untracked = options.outer_untracked});
  return table;
}

std::string render(const WalkTable& table) {
  const auto line = [](std::string_view place, std::string_view step, std::string_view count, std::string_view unit,
                       double ns, double cpu_ns, std::string_view sum, std::string_view note) {
    const std::string text = fmt::format("{:<21} {:<16} {:>7} {:<10} {:>9} {:>9} {:>9}  {}", place, step, count, unit,
                                         nanoseconds(ns), nanoseconds(cpu_ns), sum, note);
    return text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  };
  std::string text = fmt::format("{:<21} {:<16} {:>7} {:<10} {:>9} {:>9} {:>9}\n", "place", "step", "count", "unit",
                                 "ns", "CPU ns", "sum ns");
  std::string last;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const WalkRow& row = table.rows[i];
    const std::string here = where(row);
    const std::string_view place = here == last ? std::string_view() : std::string_view(here);
    if (row.passage != Passage::Message) {  // one line for all that nobody waits for
      double cpu_ns = 0;
      for (; i < table.rows.size() && table.rows[i].passage == row.passage && where(table.rows[i]) == here; ++i) {
        cpu_ns += table.rows[i].cpu_ns;
      }
      --i;
      text += line(place, "", "", "", 0, cpu_ns, "",
                   row.passage == Passage::Ack ? "way of the ACKs" : "way of FINs and ACKs");
    } else {
      std::string note = row.note;
      if (row.wire_bytes > 0) note += fmt::format("{}+{} B", note.empty() ? "" : ", ", row.wire_bytes);
      if (row.when == Condition::IdleResource) note += note.empty() ? "if idle" : ", if idle";
      text += line(place, info(row.kind).name, count_text(row.units), name_of(row.unit), row.latency_ns, row.cpu_ns,
                   row.kind == StepKind::Wire ? std::string() : nanoseconds(row.running_ns), std::move(note));
    }
    last = here;
  }
  text += line("sum", "", count_text(table.rules), "rules", table.latency_ns, table.cpu_ns, "", "");
  return text;
}

}  // namespace knetsim
