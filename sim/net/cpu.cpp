#include "sim/net/cpu.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/core/ensure.h"

// Nodes, groups and bursts on cores: progress is what softirq work leaves of the time that passes.

namespace knetsim {

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
    group.bandwidth = CfsBandwidth(*quota);
  }
  groups_.push_back(group);
  return static_cast<GroupIndex>(groups_.size() - 1);
}

GroupIndex Cpus::add_group_within(GroupIndex parent, double weight, std::optional<CpuQuota> quota) {
  if (parent >= groups_.size() || groups_[parent].parent != kNone ||
      parent + 1 + groups_[parent].members != groups_.size()) {
    throw std::invalid_argument("groups within one follow it, two levels deep at most");
  }
  const GroupIndex group = add_group(groups_[parent].node, weight, quota);
  groups_[group].parent = parent;
  ++groups_[parent].members;
  return group;
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
  KNETSIM_ENSURE(group.members == 0);
  if (group.running == 0 && group.first == kNone) {
    place(burst.group, now);
  }
  for (GroupIndex bound = burst.group; bound != kNone; bound = groups_[bound].parent) {
    if (groups_[bound].bandwidth.limited()) ask_for_quota(bound, now);
  }
  bursts_[index].throttle_mark = throttled_time(burst.group, now);
  if (goes_on(burst.group)) {
    ending_.next = index;
    return;
  }
  if (node.idle > 0 && group.holds == 0) {
    bursts_[index].wake_left = burst.wake;
    start(idle_core(node, burst.last_core, now), index, now);
    return;
  }
  enqueue(index, false);
  if (group.holds == 0 && !preempt_for(burst.group, now)) {
    arm_tick(group.node, now);
  }
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
  core.softirq_at_since = core.softirq.executed(now);
  --nodes_[group.node].idle;
  for (GroupIndex g = live.burst.group; g != kNone; g = groups_[g].parent) ++groups_[g].running;
  arm(index, now);
  for (GroupIndex g = live.burst.group; g != kNone; g = groups_[g].parent) {
    if (groups_[g].bandwidth.limited()) arm_quota(g, now);
  }
}

void Cpus::arm(CoreIndex index, Time now) {
  // Softirq work that is booked already goes first; what comes later makes the event fire early, and it moves itself
  // on.
  Core& core = cores_[index];
  const Live& live = bursts_[core.running];
  const Time end = core.softirq.start(now) + live.wake_left + live.cpu_left;
  scheduler_.schedule(end, source(core.node), {handler_, kCoreEvent, index, ++core.generation});
}

void Cpus::account(Core& core, Time now) {
  Live& live = bursts_[core.running];
  const Duration executed = core.softirq.executed(now);
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
  for (GroupIndex g = live.burst.group; g != kNone; g = groups_[g].parent) {
    Group& group = groups_[g];
    group.time += progress;
    group.vruntime += static_cast<std::int64_t>((Int128{progress.count()} * group.per_ps_q20) >> 20);
    if (group.bandwidth.limited()) group.bandwidth.use(progress);
  }
}

void Cpus::stop(CoreIndex index, Time now, bool to_front) {
  Core& core = cores_[index];
  account(core, now);
  const std::uint32_t burst = core.running;
  core.running = kNone;
  ++core.generation;
  ++nodes_[core.node].idle;
  for (GroupIndex g = bursts_[burst].burst.group; g != kNone; g = groups_[g].parent) --groups_[g].running;
  bursts_[burst].ready_since = now;
  bursts_[burst].throttle_mark = throttled_time(bursts_[burst].burst.group, now);
  enqueue(burst, to_front);
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
  const GroupIndex ran = live.burst.group;
  Node& node = nodes_[core.node];
  // The thread holds its core until it blocks: what it has to do next is known when the owner has been told.
  ending_ = {.core = index};
  (groups_[ran].owner != nullptr ? *groups_[ran].owner : *owner_).on_burst_done(now, report);
  const std::uint32_t next = std::exchange(ending_, {}).next;
  for (GroupIndex g = ran; g != kNone; g = groups_[g].parent) --groups_[g].running;
  core.running = kNone;
  ++node.idle;
  free_bursts_.push_back(burst);
  const GroupIndex waiting = best_ready(node);
  const std::int64_t reached = groups_[top(ran)].vruntime;
  node.min_vruntime =
      std::max(node.min_vruntime, waiting == kNone ? reached : std::min(reached, groups_[top(waiting)].vruntime));
  advance_least(ran);
  if (next != kNone && groups_[ran].holds == 0) {
    const Time started = core.started;  // it was not chosen anew, so its slice runs on
    start(index, next, now);
    core.started = started;
    return;
  }
  if (next != kNone) enqueue(next, false);
  run_next(index, now);
}

Duration Cpus::softirq_time(CoreIndex core, Time now) const { return cores_[core].softirq.executed(now); }

Duration Cpus::application_time(CoreIndex index, Time now) const {
  const Core& core = cores_[index];
  if (core.running == kNone) {
    return core.app_time;
  }
  const Duration progress = unaccounted(core, now);
  return core.app_time + std::max(Duration{}, progress - bursts_[core.running].wake_left);
}

Duration Cpus::group_time(GroupIndex index, Time now) const {
  const Group& group = groups_[index];
  Duration time = group.time;
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; group.running > 0 && core < node.first_core + node.cores; ++core) {
    if (runs(cores_[core], index)) {
      time += application_time(core, now) - cores_[core].app_time;
    }
  }
  return time;
}

Duration Cpus::throttled_time(GroupIndex index, Time now) const {
  const Group& group = groups_[index];
  return group.held + (group.holds > 0 ? now - group.held_since : Duration{});
}

}  // namespace knetsim
