#include "sim/net/cpu.h"

#include <algorithm>
#include <stdexcept>

#include "sim/core/ensure.h"

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
// A waking thread takes a core from a running one only when that one is this far ahead (wakeup_granularity).
constexpr std::int64_t kWakeupGranularity = Duration(4ms).count();

}  // namespace

HostId Cpus::add_node(std::uint32_t cores) {
  if (cores < 1 || cores > 1024) {
    throw std::invalid_argument("a node has 1 to 1024 cores");
  }
  const auto node = static_cast<HostId>(nodes_.size());
  nodes_.push_back({.first_core = static_cast<CoreIndex>(cores_.size()), .cores = cores, .idle = cores, .ready = {}});
  cores_.resize(cores_.size() + cores, Core{.node = node});
  return node;
}

GroupIndex Cpus::add_group(HostId node, double weight, std::optional<CpuQuota> quota) {
  if (!(weight >= 2) || node >= nodes_.size()) {
    throw std::invalid_argument("a group's weight is at least 2, and its node exists");
  }
  Group group{.node = node};
  group.per_ps_q20 = static_cast<std::int64_t>(1024.0 / weight * 1048576.0 + 0.5);
  if (quota) {
    if (quota->quota <= Duration{} || quota->period <= Duration{}) {
      throw std::invalid_argument("a quota and its period are above zero");
    }
    group.limited = true;
    group.quota = *quota;
  }
  groups_.push_back(group);
  return static_cast<GroupIndex>(groups_.size() - 1);
}

std::uint32_t Cpus::take_burst() {
  if (free_bursts_.empty()) {
    bursts_.emplace_back();
    return static_cast<std::uint32_t>(bursts_.size() - 1);
  }
  const std::uint32_t index = free_bursts_.back();
  free_bursts_.pop_back();
  return index;
}

void Cpus::submit(Time now, const Burst& burst) {
  const std::uint32_t index = take_burst();
  bursts_[index] = Live{.burst = burst, .cpu_left = burst.cpu, .ready_since = now};
  Group& group = groups_[burst.group];
  Node& node = nodes_[group.node];
  if (group.limited) {
    refresh_period(group, now);
  }
  if (group.running == 0 && group.first == kNone) {
    group.vruntime = std::max(group.vruntime, node.min_vruntime - kSleeperCredit);
  }
  bursts_[index].throttle_mark = throttled_time(burst.group, now);
  if (node.idle > 0 && !group.throttled) {
    bursts_[index].wake_left = burst.wake;
    start(idle_core(node, burst.last_core, now), index, now);
    return;
  }
  enqueue(index, now, false);
  if (!group.throttled && !preempt_for(burst.group, now)) {
    arm_tick(group.node, now);
  }
}

CoreIndex Cpus::idle_core(const Node& node, CoreIndex hint, Time now) const {
  // As select_idle_sibling: the thread's last core when it is idle, else another idle one; one that softirq work keeps
  // busy only when there is no better.
  const CoreIndex end = node.first_core + node.cores;
  if (hint >= node.first_core && hint < end && cores_[hint].running == kNone && cores_[hint].softirq_free <= now) {
    return hint;
  }
  CoreIndex best = kNone;
  for (CoreIndex core = node.first_core; core < end; ++core) {
    if (cores_[core].running != kNone) {
      continue;
    }
    if (cores_[core].softirq_free <= now) {
      return core;
    }
    if (best == kNone || cores_[core].softirq_free < cores_[best].softirq_free) {
      best = core;
    }
  }
  return best;
}

void Cpus::start(CoreIndex index, std::uint32_t burst, Time now) {
  Core& core = cores_[index];
  Live& live = bursts_[burst];
  Group& group = groups_[live.burst.group];
  const Duration throttled = throttled_time(live.burst.group, now) - live.throttle_mark;
  live.throttled += throttled;
  live.waited += (now - live.ready_since) - throttled;
  core.running = burst;
  core.since = now;
  core.started = now;
  core.softirq_at_since = softirq_executed(core, now);
  --nodes_[group.node].idle;
  ++group.running;
  arm(index, now);
  if (group.limited) {
    arm_quota(live.burst.group, now);
  }
}

void Cpus::arm(CoreIndex index, Time now) {
  // Softirq work that is booked already goes first; what comes later makes the event fire early, and it moves itself
  // on.
  Core& core = cores_[index];
  const Live& live = bursts_[core.running];
  const Time end = std::max(now, core.softirq_free) + live.wake_left + live.cpu_left;
  scheduler_.schedule(end, source(core.node), {handler_, kCoreEvent, index, ++core.generation});
}

void Cpus::account(Core& core, Time now) {
  Live& live = bursts_[core.running];
  Group& group = groups_[live.burst.group];
  const Duration executed = softirq_executed(core, now);
  const Duration stolen = executed - core.softirq_at_since;
  Duration progress = (now - core.since) - stolen;
  const Duration woke = std::min(progress, live.wake_left);
  live.wake_left -= woke;
  live.woke += woke;
  progress -= woke;
  live.cpu_left -= progress;
  live.ran += progress;
  live.stolen += stolen;
  core.app_time += progress;
  core.since = now;
  core.softirq_at_since = executed;
  group.time += progress;
  group.vruntime += static_cast<std::int64_t>((Int128{progress.count()} * group.per_ps_q20) >> 20);
  if (group.limited) {
    group.left -= progress;
  }
}

void Cpus::stop(CoreIndex index, Time now, bool to_front) {
  Core& core = cores_[index];
  account(core, now);
  const std::uint32_t burst = core.running;
  Group& group = groups_[bursts_[burst].burst.group];
  core.running = kNone;
  ++core.generation;
  ++nodes_[core.node].idle;
  --group.running;
  bursts_[burst].ready_since = now;
  bursts_[burst].throttle_mark = throttled_time(bursts_[burst].burst.group, now);
  enqueue(burst, now, to_front);
}

void Cpus::enqueue(std::uint32_t index, Time, bool to_front) {
  Live& live = bursts_[index];
  const GroupIndex group_index = live.burst.group;
  Group& group = groups_[group_index];
  if (group.first == kNone) {
    live.next = kNone;
    group.first = group.last = index;
    if (!group.throttled) {
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

std::uint32_t Cpus::dequeue(GroupIndex group_index, Time) {
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
    if (best == kNone || groups_[group].vruntime < groups_[best].vruntime ||
        (groups_[group].vruntime == groups_[best].vruntime && group < best)) {
      best = group;
    }
  }
  return best;
}

void Cpus::run_next(CoreIndex core, Time now) {
  Node& node = nodes_[cores_[core].node];
  const GroupIndex group = best_ready(node);
  if (group == kNone) {
    return;
  }
  node.min_vruntime = std::max(node.min_vruntime, groups_[group].vruntime);
  start(core, dequeue(group, now), now);
}

bool Cpus::preempt_for(GroupIndex group, Time now) {
  const Node& node = nodes_[groups_[group].node];
  CoreIndex victim = kNone;
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    const GroupIndex running = bursts_[cores_[core].running].burst.group;
    if (running == group) {
      continue;
    }
    account(cores_[core], now);
    if (victim == kNone || groups_[running].vruntime > groups_[bursts_[cores_[victim].running].burst.group].vruntime) {
      victim = core;
    }
  }
  if (victim == kNone) {
    return false;
  }
  const Group& ahead = groups_[bursts_[cores_[victim].running].burst.group];
  const Group& woken = groups_[group];
  const auto granularity = static_cast<std::int64_t>((Int128{kWakeupGranularity} * woken.per_ps_q20) >> 20);
  if (ahead.vruntime - woken.vruntime <= granularity) {
    return false;
  }
  const std::uint32_t burst = dequeue(group, now);
  stop(victim, now, true);
  start(victim, burst, now);
  arm_tick(woken.node, now);
  return true;
}

void Cpus::on_event(Time now, const Event& event) {
  switch (event.kind) {
    case kCoreEvent:
      if (cores_[event.a].generation == event.b) {
        core_event(event.a, now);
      }
      break;
    case kTick:
      tick(event.a, now);
      break;
    case kQuotaEvent:
      if (groups_[event.a].generation == event.b) {
        quota_event(event.a, now);
      }
      break;
    default:
      KNETSIM_ENSURE(false);
  }
}

void Cpus::core_event(CoreIndex index, Time now) {
  Core& core = cores_[index];
  account(core, now);
  const std::uint32_t burst = core.running;
  Live& live = bursts_[burst];
  if (live.wake_left + live.cpu_left > Duration{}) {
    arm(index, now);
    return;
  }
  const BurstReport report{.cookie = live.burst.cookie,
                           .core = index,
                           .woke = live.woke,
                           .ran = live.ran,
                           .stolen = live.stolen,
                           .waited = live.waited,
                           .throttled = live.throttled};
  Group& group = groups_[live.burst.group];
  Node& node = nodes_[core.node];
  --group.running;
  core.running = kNone;
  ++node.idle;
  const GroupIndex waiting = best_ready(node);
  node.min_vruntime = std::max(node.min_vruntime,
                               waiting == kNone ? group.vruntime : std::min(group.vruntime, groups_[waiting].vruntime));
  free_bursts_.push_back(burst);
  run_next(index, now);
  owner_->on_burst_done(now, report);
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
  for (CoreIndex core = node.first_core; core < end; ++core) {
    if (cores_[core].running != kNone) {
      account(cores_[core], now);
    }
  }
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
      const std::int64_t vruntime = groups_[bursts_[cores_[core].running].burst.group].vruntime;
      if (vruntime >= groups_[waiting].vruntime &&
          (victim == kNone || vruntime > groups_[bursts_[cores_[victim].running].burst.group].vruntime)) {
        victim = core;
      }
    }
    if (victim == kNone) {
      break;
    }
    const std::uint32_t burst = dequeue(waiting, now);
    stop(victim, now, false);
    start(victim, burst, now);
  }
  arm_tick(index, now);
}

void Cpus::refresh_period(Group& group, Time now) {
  if (!group.ever_ran) {  // the period timer starts with the first use
    group.ever_ran = true;
    group.period_start = now;
    group.left = group.quota.quota;
    return;
  }
  const std::int64_t passed = (now - group.period_start) / group.quota.period;
  if (passed > 0) {
    group.period_start += passed * group.quota.period;
    group.left = group.quota.quota;
  }
}

void Cpus::arm_quota(GroupIndex index, Time now) {
  // Spent at the earliest when every running burst of the group makes progress; softirq work only makes it later.
  Group& group = groups_[index];
  Duration left = group.left;
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    const Core& c = cores_[core];
    if (c.running != kNone && bursts_[c.running].burst.group == index) {
      const Duration progress = (now - c.since) - (softirq_executed(c, now) - c.softirq_at_since);
      left -= std::max(Duration{}, progress - bursts_[c.running].wake_left);
    }
  }
  const Time period_end = group.period_start + group.quota.period;
  const Duration spent_in = Duration((std::max(Duration{}, left).count() + group.running - 1) / group.running);
  scheduler_.schedule(std::max(now, std::min(now + spent_in, period_end)), source(group.node),
                      {handler_, kQuotaEvent, index, ++group.generation});
}

void Cpus::quota_event(GroupIndex index, Time now) {
  Group& group = groups_[index];
  Node& node = nodes_[group.node];
  const CoreIndex end = node.first_core + node.cores;
  for (CoreIndex core = node.first_core; core < end; ++core) {
    if (cores_[core].running != kNone && bursts_[cores_[core].running].burst.group == index) {
      account(cores_[core], now);  // what ran until now is the old period's
    }
  }
  if (now >= group.period_start + group.quota.period) {
    refresh_period(group, now);
    if (group.throttled) {
      group.throttled_total += now - group.throttled_since;
      group.throttled = false;
      if (group.first != kNone) {
        node.ready.push_back(index);
      }
      for (CoreIndex core = node.first_core; core < end && group.first != kNone; ++core) {
        if (cores_[core].running == kNone) {
          start(core, dequeue(index, now), now);
        }
      }
      arm_tick(group.node, now);
      return;
    }
  } else if (group.left <= Duration{}) {
    throttle(index, now);
    return;
  }
  if (group.running > 0) {
    arm_quota(index, now);
  }
}

void Cpus::throttle(GroupIndex index, Time now) {
  Group& group = groups_[index];
  const Node& node = nodes_[group.node];
  group.throttled = true;
  group.throttled_since = now;
  if (group.first != kNone) {
    auto& ready = nodes_[group.node].ready;
    ready.erase(std::find(ready.begin(), ready.end(), index));
  }
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    if (cores_[core].running != kNone && bursts_[cores_[core].running].burst.group == index) {
      stop(core, now, true);
      run_next(core, now);
    }
  }
  scheduler_.schedule(group.period_start + group.quota.period, source(group.node),
                      {handler_, kQuotaEvent, index, ++group.generation});
}

Duration Cpus::softirq_time(CoreIndex core, Time now) const { return softirq_executed(cores_[core], now); }

Duration Cpus::application_time(CoreIndex index, Time now) const {
  const Core& core = cores_[index];
  if (core.running == kNone) {
    return core.app_time;
  }
  const Duration progress = (now - core.since) - (softirq_executed(core, now) - core.softirq_at_since);
  return core.app_time + std::max(Duration{}, progress - bursts_[core.running].wake_left);
}

Duration Cpus::group_time(GroupIndex index, Time now) const {
  const Group& group = groups_[index];
  Duration time = group.time;
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; group.running > 0 && core < node.first_core + node.cores; ++core) {
    if (cores_[core].running != kNone && bursts_[cores_[core].running].burst.group == index) {
      time += application_time(core, now) - cores_[core].app_time;
    }
  }
  return time;
}

Duration Cpus::throttled_time(GroupIndex index, Time now) const {
  const Group& group = groups_[index];
  return group.throttled_total + (group.throttled ? now - group.throttled_since : Duration{});
}

}  // namespace knetsim
