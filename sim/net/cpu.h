#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/core/time.h"
#include "sim/net/cfs_bandwidth.h"
#include "sim/net/scheduler.h"
#include "sim/net/softirq_fifo.h"
#include "sim/net/topology.h"

namespace knetsim {

using CoreIndex = std::uint32_t;   ///< Over all nodes; a node's cores are consecutive.
using GroupIndex = std::uint32_t;  ///< A control group (cgroup v2), or what runs outside of one.

/// One burst of a thread: from the moment it can run until it blocks again.
struct Burst {
  GroupIndex group = 0;
  Duration cpu{};            ///< CPU time that it needs.
  Duration wake{};           ///< Latency of waking an idle core; paid only where the burst finds one, and no CPU time.
  std::uint64_t cookie = 0;  ///< Given back to the owner.
  CoreIndex last_core = ~CoreIndex{0};  ///< Where the thread ran before, if it did: taken again when idle.
};

/// What became of a burst. waited + woke + ran + stolen is the time from submit() to its end.
struct BurstReport {
  std::uint64_t cookie = 0;
  CoreIndex core = 0;
  Duration woke{};       ///< Wake-up latency paid.
  Duration ran{};        ///< CPU time.
  Duration stolen{};     ///< Softirq work of the same core went first.
  Duration waited{};     ///< In the run queue, other than:
  Duration throttled{};  ///< Held because the group's quota was spent.
};

class BurstOwner {
 public:
  virtual ~BurstOwner() = default;
  virtual void on_burst_done(Time now, const BurstReport& report) = 0;
};

/// Cores of all nodes. Softirq work is FIFO on its core and goes first; threads' bursts run beneath it, one a core,
/// chosen by the least weighted virtual runtime of their groups, sliced when others wait, and held when their group's
/// quota is spent. A group may have groups within it, which share what it gets by their own weights and are bound by
/// its quota as well as by their own; threads then belong to these.
///
/// Departures from Linux (CFS of v6.1, kernel/sched/fair.c), deliberate: one run queue a node instead of one a core
/// with load balancing (as if balancing were perfect and free); groups are two levels deep at most; the quota is taken
/// from one pool exactly instead of in slices of sched_cfs_bandwidth_slice_us; softirq work never moves to ksoftirqd.
class Cpus final : public EventHandler {
 public:
  /// @param first_source  Sources first_source + node are used for each node's events.
  Cpus(Scheduler& scheduler, std::uint32_t first_source) : scheduler_(scheduler), first_source_(first_source) {
    handler_ = scheduler.add(*this);
  }

  /// Of all groups that have none of their own.
  void set_owner(BurstOwner& owner) { owner_ = &owner; }
  void set_owner(GroupIndex group, BurstOwner& owner) { groups_[group].owner = &owner; }

  /// @param cores  1 .. 1024. @throws std::invalid_argument  Out of range.
  HostId add_node(std::uint32_t cores);

  /// @param weight  cpu.shares: 1024 stands for one requested core; at least 2.
  GroupIndex add_group(HostId node, double weight, std::optional<CpuQuota> quota = std::nullopt);
  /// A group within `parent`, which is none itself and gets no bursts of its own. Its weight counts against that of the
  /// others there. Added before groups elsewhere are.
  GroupIndex add_group_within(GroupIndex parent, double weight, std::optional<CpuQuota> quota = std::nullopt);

  std::size_t nodes() const { return nodes_.size(); }
  std::size_t cores() const { return cores_.size(); }
  CoreIndex first_core(HostId node) const { return nodes_[node].first_core; }
  std::uint32_t core_count(HostId node) const { return nodes_[node].cores; }
  HostId node_of_core(CoreIndex core) const { return cores_[core].node; }
  HostId node_of(GroupIndex group) const { return groups_[group].node; }

  // Softirq work of a core (SoftirqFifo).
  Time softirq_start(CoreIndex core, Time now) const { return cores_[core].softirq.start(now); }
  bool softirq_idle(CoreIndex core, Time now) const { return cores_[core].softirq.idle(now); }
  Time book_softirq(CoreIndex core, Time now, Duration work) { return cores_[core].softirq.book(now, work); }

  /// The burst can run from now on; on_burst_done() follows, never from inside this call. Where the owner submits a burst
  /// while it is told of the end of one of the same group, the thread goes on without having slept: it keeps its core
  /// and its slice, and gives way only when that has run out.
  void submit(Time now, const Burst& burst);

  void on_event(Time now, const Event& event) override;

  /// Cumulative to `now`, CPU time of one core.
  Duration softirq_time(CoreIndex core, Time now) const;
  Duration application_time(CoreIndex core, Time now) const;
  /// Cumulative to `now`, of one group.
  Duration group_time(GroupIndex group, Time now) const;
  /// While it was held: its own quota was spent or that of the group around it.
  Duration throttled_time(GroupIndex group, Time now) const;

  /// Bursts that wait or run now, for conservation checks.
  std::size_t live_bursts() const { return bursts_.size() - free_bursts_.size(); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  enum Kind : std::uint16_t { kCoreEvent, kTick, kQuotaEvent };

  struct Core {
    SoftirqFifo softirq{};
    Duration softirq_at_since{};  ///< softirq executed when `since` was set
    Duration app_time{};
    Time since{};    ///< progress of the running burst is accounted up to here
    Time started{};  ///< when it was given the core
    std::uint32_t running = kNone;
    std::uint32_t generation = 0;  ///< of the armed completion; an older event is stale
    HostId node = 0;
  };
  struct Node {
    CoreIndex first_core = 0;
    std::uint32_t cores = 0;
    std::uint32_t idle = 0;
    std::int64_t min_vruntime = 0;
    Time min_at{};  ///< when that was looked at last
    bool tick_armed = false;
    std::vector<GroupIndex> ready;  ///< Groups with bursts that wait and may run.
  };
  struct Live {  // a burst in the system
    Burst burst;
    Duration wake_left{};
    Duration cpu_left{};
    Duration ran{}, woke{}, stolen{}, waited{}, throttled{};
    Time ready_since{};
    Duration throttle_mark{};
    std::uint32_t next = kNone;
  };
  struct Group {
    HostId node = 0;
    BurstOwner* owner = nullptr;                ///< null: that of all
    GroupIndex parent = kNone;                  ///< the group that it is within
    std::uint32_t members = 0;                  ///< groups within it: those that follow it
    std::int64_t least = 0;                     ///< min_vruntime among them
    std::int64_t vruntime = 0;                  ///< ps * 1024 / weight
    std::int64_t per_ps_q20 = 0;                ///< 1024 / weight in 2^-20 units
    std::uint32_t first = kNone, last = kNone;  ///< FIFO of waiting bursts
    std::uint32_t running = 0;                  ///< bursts on cores, those of groups within it included
    Duration time{};
    CfsBandwidth bandwidth{};
    std::uint32_t holds = 0;  ///< quotas that are spent, its own and its parent's
    Time held_since{};
    Duration held{};               ///< before that
    std::uint32_t generation = 0;  ///< of the armed quota event; an older one is stale
  };

  /// CPU time of the running burst since it was accounted for, its wake-up included.
  static Duration unaccounted(const Core& core, Time now) {
    return (now - core.since) - (core.softirq.executed(now) - core.softirq_at_since);
  }
  std::uint32_t source(HostId node) const { return first_source_ + node; }
  /// The group that competes with others of the node on its behalf.
  GroupIndex top(GroupIndex group) const { return groups_[group].parent == kNone ? group : groups_[group].parent; }
  /// The burst on this core is of the group or of one within it.
  bool runs(const Core& core, GroupIndex group) const {
    if (core.running == kNone) return false;
    const GroupIndex of = bursts_[core.running].burst.group;
    return of == group || groups_[of].parent == group;
  }
  /// A burst of the group that is submitted now is the next one of the thread whose burst ends.
  bool goes_on(GroupIndex group) const {
    return ending_.core != kNone && ending_.next == kNone && bursts_[cores_[ending_.core].running].burst.group == group;
  }
  /// The groups that have bursts of their own: the group itself, or those within it.
  std::span<Group> leaves(GroupIndex group) {
    const std::uint32_t members = groups_[group].members;
    return std::span(groups_).subspan(members > 0 ? group + 1 : group, members > 0 ? members : 1);
  }
  GroupIndex index_of(const Group& group) const { return static_cast<GroupIndex>(&group - groups_.data()); }
  std::uint32_t take_burst();

  struct Ending {
    CoreIndex core = kNone;      ///< its burst is done, and the owner is being told
    std::uint32_t next = kNone;  ///< the burst with which its thread goes on
  };

  // cpu.cpp: bursts on cores
  void start(CoreIndex core, std::uint32_t burst, Time now);
  void arm(CoreIndex core, Time now);
  void account(Core& core, Time now);
  void stop(CoreIndex core, Time now, bool to_front);
  void core_event(CoreIndex core, Time now);

  // cpu_run_queue.cpp: who is next
  void advance_min_vruntime(Node& node, Time now);
  std::int64_t ahead(GroupIndex group, GroupIndex other) const;
  void place(GroupIndex group, Time now);
  void advance_least(GroupIndex group);
  void enqueue(std::uint32_t burst, bool to_front);
  std::uint32_t dequeue(GroupIndex group);
  bool goes_before(GroupIndex group, GroupIndex other) const;
  GroupIndex best_ready(const Node& node) const;
  void run_next(CoreIndex core, Time now);
  CoreIndex idle_core(const Node& node, CoreIndex hint, Time now) const;
  bool preempt_for(GroupIndex group, Time now);
  void tick(HostId node, Time now);
  void arm_tick(HostId node, Time now);

  // cpu_quota.cpp: groups that may not run
  void account_group(GroupIndex group, Time now);
  void ask_for_quota(GroupIndex group, Time now);
  void arm_quota(GroupIndex group, Time now);
  void quota_event(GroupIndex group, Time now);
  void throttle(GroupIndex group, Time now);
  void unthrottle(GroupIndex group, Time now);

  Scheduler& scheduler_;
  BurstOwner* owner_ = nullptr;
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;
  std::vector<Core> cores_;
  std::vector<Node> nodes_;
  std::vector<Group> groups_;
  std::vector<Live> bursts_;
  std::vector<std::uint32_t> free_bursts_;
  Ending ending_;
};

}  // namespace knetsim
