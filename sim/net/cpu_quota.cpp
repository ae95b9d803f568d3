#include <algorithm>

#include "sim/net/cpu.h"

// Groups whose quota is spent leave their cores until the next period.

namespace knetsim {

void Cpus::account_group(GroupIndex index, Time now) {
  const Group& group = groups_[index];
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; group.running > 0 && core < node.first_core + node.cores; ++core) {
    if (runs(cores_[core], index)) account(cores_[core], now);
  }
}

// A burst of the group wants to run: a period may have begun, or nothing be left of this one.
// @source Linux v6.1 kernel/sched/fair.c, check_enqueue_throttle.
void Cpus::ask_for_quota(GroupIndex index, Time now) {
  CfsBandwidth& bandwidth = groups_[index].bandwidth;
  if (bandwidth.throttled()) {
    return;  // the event at the end of the period is armed
  }
  if (bandwidth.due(now)) {
    account_group(index, now);  // what ran until now is the old period's
    bandwidth.refresh(now);
  }
  if (bandwidth.spent()) {
    throttle(index, now);
  }
}

void Cpus::arm_quota(GroupIndex index, Time now) {
  // Spent at the earliest when every running burst makes progress from the moment on at which the first one can: behind
  // the softirq work that is booked and its own wake-up. Softirq work that comes makes it later only.
  Group& group = groups_[index];
  Duration left = group.bandwidth.left();
  Duration held = Duration::max();
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    const Core& c = cores_[core];
    if (runs(c, index)) {
      const Duration beyond_wake = unaccounted(c, now) - bursts_[c.running].wake_left;
      left -= std::max(Duration{}, beyond_wake);
      held = std::min(held, c.softirq.start(now) - now + std::max(Duration{}, -beyond_wake));
    }
  }
  const Duration spent_in = held + Duration((std::max(Duration{}, left).count() + group.running - 1) / group.running);
  scheduler_.schedule(std::max(now, std::min(now + spent_in, group.bandwidth.period_end())), source(group.node),
                      {handler_, kQuotaEvent, index, ++group.generation});
}

void Cpus::quota_event(GroupIndex index, Time now) {
  Group& group = groups_[index];
  account_group(index, now);
  if (group.bandwidth.due(now)) {
    group.bandwidth.refresh(now);
    if (group.bandwidth.throttled()) {
      unthrottle(index, now);
      return;
    }
  }
  if (group.running == 0) {
    return;  // whoever comes next asks
  }
  if (group.bandwidth.spent()) {
    throttle(index, now);
  } else {
    arm_quota(index, now);
  }
}

void Cpus::unthrottle(GroupIndex index, Time now) {
  Group& group = groups_[index];
  Node& node = nodes_[group.node];
  group.bandwidth.unthrottle(now);
  for (Group& leaf : leaves(index)) {
    if (--leaf.holds > 0) continue;  // the other quota is still spent
    leaf.held += now - leaf.held_since;
    place(index_of(leaf), now);
    if (leaf.first != kNone) node.ready.push_back(index_of(leaf));
  }
  // Idle cores take its bursts; busy ones at their next tick (unthrottle_cfs_rq wakes idle CPUs only).
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    if (cores_[core].running != kNone) continue;
    const GroupIndex next = best_ready(node);
    if (next == kNone) break;
    start(core, dequeue(next), now);
  }
  arm_tick(group.node, now);
}

void Cpus::throttle(GroupIndex index, Time now) {
  Group& group = groups_[index];
  const Node& node = nodes_[group.node];
  group.bandwidth.throttle(now);
  for (Group& leaf : leaves(index)) {
    if (leaf.holds++ > 0) continue;
    leaf.held_since = now;
    if (leaf.first == kNone) continue;
    auto& ready = nodes_[group.node].ready;
    ready.erase(std::find(ready.begin(), ready.end(), index_of(leaf)));
  }
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    if (runs(cores_[core], index) && core != ending_.core) {
      stop(core, now, true);
      run_next(core, now);
    }
  }
  scheduler_.schedule(group.bandwidth.period_end(), source(group.node),
                      {handler_, kQuotaEvent, index, ++group.generation});
}

}  // namespace knetsim
