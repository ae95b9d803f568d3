#include <algorithm>
#include <limits>

#include "sim/net/cpu.h"

// The run queue of a node: which group is next, on which core, and who gives way.

namespace knetsim {
namespace {

using namespace std::chrono_literals;

// base_slice of a machine with eight or more cores (0.75 ms scaled by 1 + log2(cpus), at most 3 ms): how long a burst
// keeps a core that others wait for. Linux v6.1 kernel/sched/fair.c, sysctl_sched_min_granularity and
// get_update_sysctl_factor.
constexpr Duration kSlice = 3ms;
// A sleeper's virtual runtime is set at most this far behind the least of its node (place_entity: half of
// sched_latency).
constexpr std::int64_t kSleeperCredit = Duration(12ms).count();
constexpr Duration kJiffy = 1ms;  // CONFIG_HZ = 1000
// A waking thread takes a core from a running one only when that one is this far ahead (wakeup_granularity).
constexpr std::int64_t kWakeupGranularity = Duration(4ms).count();

}  // namespace

CoreIndex Cpus::idle_core(const Node& node, CoreIndex hint, Time now) const {
  // As select_idle_sibling: the thread's last core when it is idle, else another idle one; one that softirq work keeps
  // busy only when there is no better.
  const CoreIndex end = node.first_core + node.cores;
  if (hint >= node.first_core && hint < end && cores_[hint].running == kNone && cores_[hint].softirq.idle(now)) {
    return hint;
  }
  CoreIndex best = kNone;
  for (CoreIndex core = node.first_core; core < end; ++core) {
    if (cores_[core].running != kNone) {
      continue;
    }
    if (cores_[core].softirq.idle(now)) {
      return core;
    }
    if (best == kNone || cores_[core].softirq.free_at() < cores_[best].softirq.free_at()) {
      best = core;
    }
  }
  return best;
}

// The least virtual runtime of those who run or wait never falls; kept to a jiffy, as update_curr() at the tick does.
void Cpus::advance_min_vruntime(Node& node, Time now) {
  node.min_at = now;
  const GroupIndex waiting = best_ready(node);
  std::int64_t least = waiting == kNone ? std::numeric_limits<std::int64_t>::max() : groups_[top(waiting)].vruntime;
  bool any = waiting != kNone;
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    if (cores_[core].running != kNone) {
      account(cores_[core], now);
      least = std::min(least, groups_[top(bursts_[cores_[core].running].burst.group)].vruntime);
      any = true;
    }
  }
  if (any) {
    node.min_vruntime = std::max(node.min_vruntime, least);
  }
}

// A group that did not want to run, or was not allowed to, does not get back what it missed.
void Cpus::place(GroupIndex index, Time now) {
  Group& group = groups_[index];
  Node& node = nodes_[group.node];
  if (now - node.min_at >= kJiffy) {
    advance_min_vruntime(node, now);
  }
  if (group.parent == kNone) {
    group.vruntime = std::max(group.vruntime, node.min_vruntime - kSleeperCredit);
    return;
  }
  Group& parent = groups_[group.parent];
  bool alone = true;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const Group& other : leaves(group.parent)) {
    if (&other == &group || (other.running == 0 && other.first == kNone)) continue;
    alone = false;
    least = std::min(least, other.vruntime);
  }
  if (alone) {
    parent.vruntime = std::max(parent.vruntime, node.min_vruntime - kSleeperCredit);
  } else {
    parent.least = std::max(parent.least, least);
  }
  group.vruntime = std::max(group.vruntime, parent.least - kSleeperCredit);
}

/// As advance_min_vruntime(), within the group around this one, which has just run.
void Cpus::advance_least(GroupIndex index) {
  if (groups_[index].parent == kNone) return;
  std::int64_t least = groups_[index].vruntime;
  for (const Group& other : leaves(groups_[index].parent)) {
    if (other.running > 0 || other.first != kNone) least = std::min(least, other.vruntime);
  }
  Group& parent = groups_[groups_[index].parent];
  parent.least = std::max(parent.least, least);
}

/// By how much `group` has run more than `other`: of groups within one, they themselves; else those around them.
std::int64_t Cpus::ahead(GroupIndex group, GroupIndex other) const {
  if (top(group) == top(other)) return groups_[group].vruntime - groups_[other].vruntime;
  return groups_[top(group)].vruntime - groups_[top(other)].vruntime;
}

bool Cpus::goes_before(GroupIndex group, GroupIndex other) const {
  const std::int64_t lead = ahead(group, other);
  return lead != 0 ? lead < 0 : group < other;
}

void Cpus::enqueue(std::uint32_t index, bool to_front) {
  Live& live = bursts_[index];
  const GroupIndex group_index = live.burst.group;
  Group& group = groups_[group_index];
  if (group.first == kNone) {
    live.next = kNone;
    group.first = group.last = index;
    if (group.holds == 0) {
      nodes_[group.node].ready.push_back(group_index);
    }
  } else if (to_front) {
    live.next = group.first;
    group.first = index;
  } else {
    live.next = kNone;
    bursts_[group.last].next = index;
    group.last = index;
  }
}

std::uint32_t Cpus::dequeue(GroupIndex group_index) {
  Group& group = groups_[group_index];
  const std::uint32_t index = group.first;
  group.first = bursts_[index].next;
  if (group.first == kNone) {
    group.last = kNone;
    auto& ready = nodes_[group.node].ready;
    ready.erase(std::find(ready.begin(), ready.end(), group_index));
  }
  return index;
}

GroupIndex Cpus::best_ready(const Node& node) const {
  GroupIndex best = kNone;
  for (const GroupIndex group : node.ready) {
    if (best == kNone || goes_before(group, best)) best = group;
  }
  return best;
}

void Cpus::run_next(CoreIndex core, Time now) {
  Node& node = nodes_[cores_[core].node];
  const GroupIndex group = best_ready(node);
  if (group == kNone) {
    return;
  }
  node.min_vruntime = std::max(node.min_vruntime, groups_[top(group)].vruntime);
  start(core, dequeue(group), now);
}

bool Cpus::preempt_for(GroupIndex group, Time now) {
  const Node& node = nodes_[groups_[group].node];
  CoreIndex victim = kNone;
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    const GroupIndex running = bursts_[cores_[core].running].burst.group;
    if (running == group || core == ending_.core) {
      continue;
    }
    account(cores_[core], now);
    if (victim == kNone || ahead(running, group) > ahead(bursts_[cores_[victim].running].burst.group, group)) {
      victim = core;
    }
  }
  if (victim == kNone) {
    return false;
  }
  const GroupIndex running = bursts_[cores_[victim].running].burst.group;
  const Group& woken = groups_[top(running) == top(group) ? group : top(group)];
  const auto granularity = static_cast<std::int64_t>((Int128{kWakeupGranularity} * woken.per_ps_q20) >> 20);
  if (ahead(running, group) <= granularity) {
    return false;
  }
  const std::uint32_t burst = dequeue(group);
  stop(victim, now, true);
  start(victim, burst, now);
  arm_tick(woken.node, now);
  return true;
}

void Cpus::arm_tick(HostId index, Time now) {
  Node& node = nodes_[index];
  if (!node.tick_armed && !node.ready.empty()) {
    node.tick_armed = true;
    scheduler_.schedule(now + kSlice, source(index), {handler_, kTick, index, 0});
  }
}

void Cpus::tick(HostId index, Time now) {
  Node& node = nodes_[index];
  node.tick_armed = false;
  const CoreIndex end = node.first_core + node.cores;
  advance_min_vruntime(node, now);
  // At most one change a core: the running burst that is furthest ahead of the best waiting one gives way.
  for (std::uint32_t changes = 0; changes < node.cores; ++changes) {
    const GroupIndex waiting = best_ready(node);
    if (waiting == kNone) {
      return;
    }
    CoreIndex victim = kNone;
    for (CoreIndex core = node.first_core; core < end; ++core) {
      if (cores_[core].running == kNone || now - cores_[core].started < kSlice) {
        continue;
      }
      const std::int64_t lead = ahead(bursts_[cores_[core].running].burst.group, waiting);
      if (lead >= 0 && (victim == kNone || lead > ahead(bursts_[cores_[victim].running].burst.group, waiting))) {
        victim = core;
      }
    }
    if (victim == kNone) {
      break;
    }
    const std::uint32_t burst = dequeue(waiting);
    stop(victim, now, false);
    start(victim, burst, now);
  }
  arm_tick(index, now);
}

}  // namespace knetsim
