#include "models/service/kernel_tables.h"

#include <algorithm>
#include <functional>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kCollectorPhase("conntrack.gc.phase");
constexpr Purpose kCollectorPick("conntrack.gc.pick");

constexpr Duration kShortestPass = std::chrono::seconds(1);   // GC_SCAN_INTERVAL_MIN
constexpr Duration kLongestPass = std::chrono::seconds(60);   // GC_SCAN_INTERVAL_MAX
constexpr Duration kLongestLeft = std::chrono::seconds(300);  // GC_SCAN_INTERVAL_CLAMP
constexpr double kAtFirst = 100;                              // GC_SCAN_INITIAL_COUNT, of kLongestPass each

// nf_conntrack_proto_tcp.c, tcp_timeouts: TIME_WAIT is the client's after_close; CLOSE follows a reset.
constexpr Duration kConntrackReset = std::chrono::seconds(10);

/// How long a place stays taken.
Duration lasting(const TableNeed& need, ConnectionEnd how) {
  switch (need.limit) {
    case KernelLimit::LocalPorts:  // who closes first waits
      return how == ConnectionEnd::ByClient ? need.after_close : Duration{};
    case KernelLimit::NatPorts:
    case KernelLimit::Conntrack:
    case KernelLimit::GatewayPorts:
      return how == ConnectionEnd::ByReset ? std::min(kConntrackReset, need.after_close) : need.after_close;
    case KernelLimit::AcceptQueue:  // the runtime's (Servers)
    case KernelLimit::kCount:
      break;
  }
  return {};
}

}  // namespace

KernelTables::Table& KernelTables::table_of(const TableNeed& need, Time now) {
  Table& table = tables_[static_cast<std::size_t>(need.limit)][need.table];
  while (!table.ends.empty() && table.ends.front() <= now) {
    std::ranges::pop_heap(table.ends, std::greater<>());
    table.ends.pop_back();
  }
  if (need.limit == KernelLimit::Conntrack) {
    if (!table.collects) {  // it has passed since the node's start, which nobody knows
      RngStream draw = streams_.get(kCollectorPhase, need.table);
      table.collects = kTimeZero + from_seconds(draw.uniform() * to_seconds(kLongestPass));
    }
    while (*table.collects <= now) collect(table, need, *table.collects);
  }
  return table;
}

void KernelTables::collect(Table& table, const TableNeed& need, Time now) {
  const auto most = std::size_t{need.room} / 100 * 95;
  if (table.dropped) {
    RngStream draw = streams_.get(kCollectorPick,
                                  hash_combine(need.table, static_cast<std::uint64_t>(now.time_since_epoch().count())));
    while (!table.ends.empty() && table.open + table.ends.size() >= most) {
      std::swap(table.ends[draw.below(table.ends.size())], table.ends.back());  // in the order of their hashes
      table.ends.pop_back();
    }
    std::ranges::make_heap(table.ends, std::greater<>());
    table.dropped = false;
  }
  double left = kAtFirst * to_seconds(kLongestPass) + table.open * to_seconds(kLongestLeft);
  for (const Time end : table.ends) left += to_seconds(std::clamp<Duration>(end - now, kShortestPass, kLongestLeft));
  const double mean = left / (kAtFirst + static_cast<double>(table.open) + static_cast<double>(table.ends.size()));
  table.collects = now + std::clamp(from_seconds(mean), kShortestPass, kLongestPass);
}

std::variant<std::uint32_t, KernelLimit> KernelTables::take(std::span<const TableNeed> needs, EdgeIndex edge,
                                                            PodIndex client, Time now) {
  KNETSIM_ENSURE(needs.size() <= kMostNeeds);
  if (needs.empty()) return std::uint32_t{0};
  for (const TableNeed& need : needs) {
    Table& table = table_of(need, now);
    if (table.open + table.ends.size() < need.room) continue;
    table.dropped = true;
    tell(need, edge, client, now);
    return need.limit;
  }
  for (const TableNeed& need : needs) ++tables_[static_cast<std::size_t>(need.limit)][need.table].open;
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(held_.size());
    held_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Held& held = held_[index];
  held.count = static_cast<std::uint32_t>(needs.size());
  std::ranges::copy(needs, held.needs.begin());
  return index;
}

void KernelTables::release(std::uint32_t holds, ConnectionEnd how, Time now) {
  const Held& held = held_[holds];
  for (const TableNeed& need : std::span(held.needs).first(held.count)) {
    Table& table = tables_[static_cast<std::size_t>(need.limit)][need.table];
    KNETSIM_ENSURE(table.open > 0);
    --table.open;
    const Duration lasts = lasting(need, how);
    if (lasts == Duration{}) continue;
    table.ends.push_back(now + lasts);
    std::ranges::push_heap(table.ends, std::greater<>());
  }
  free_.push_back(holds);
}

void KernelTables::tell(const TableNeed& need, EdgeIndex edge, PodIndex client, Time now) {
  const auto known = std::ranges::find_if(
      exhausted_, [&](const Exhaustion& one) { return one.limit == need.limit && one.edge == edge; });
  if (known != exhausted_.end()) {
    ++known->connections;
    return;
  }
  exhausted_.push_back({.limit = need.limit,
                        .edge = edge,
                        .client = client,
                        .node = need.node,
                        .room = need.room,
                        .after_close = need.after_close,
                        .connections = 1,
                        .since = now});
}

}  // namespace knetsim
