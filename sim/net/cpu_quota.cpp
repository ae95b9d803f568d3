#include <algorithm>

#include "sim/net/cpu.h"

// Groups whose quota is spent leave their cores until the next period.

namespace knetsim {

void Cpus::arm_quota(GroupIndex index, Time now) {
  // Spent at the earliest when every running burst of the group makes progress; softirq work only makes it later.
  Group& group = groups_[index];
  Duration left = group.bandwidth.left();
  const Node& node = nodes_[group.node];
  for (CoreIndex core = node.first_core; core < node.first_core + node.cores; ++core) {
    const Core& c = cores_[core];
    if (c.running != kNone && bursts_[c.running].burst.group == index) {
      left -= std::max(Duration{}, unaccounted(c, now) - bursts_[c.running].wake_left);
    }
  }
  const Duration spent_in = Duration((std::max(Duration{}, left).count() + group.running - 1) / group.running);
  scheduler_.schedule(std::max(now, std::min(now + spent_in, group.bandwidth.period_end())), source(group.node),
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
  if (now >= group.bandwidth.period_end()) {
    group.bandwidth.refresh(now);
    if (group.bandwidth.throttled()) {
      group.bandwidth.unthrottle(now);
      if (group.first != kNone) {
        node.ready.push_back(index);
      }
      for (CoreIndex core = node.first_core; core < end && group.first != kNone; ++core) {
        if (cores_[core].running == kNone) {
          start(core, dequeue(index), now);
        }
      }
      arm_tick(group.node, now);
      return;
    }
  } else if (group.bandwidth.left() <= Duration{}) {
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
  group.bandwidth.throttle(now);
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
  scheduler_.schedule(group.bandwidth.period_end(), source(group.node),
                      {handler_, kQuotaEvent, index, ++group.generation});
}

}  // namespace knetsim
