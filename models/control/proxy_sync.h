#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/random.h"
#include "sim/net/cpu.h"

namespace knetsim {

/// Is told when the rules of a node have become those of a later version of the endpoints.
class ProxySyncOwner {
 public:
  virtual ~ProxySyncOwner() = default;
  virtual void on_synced(HostId node, std::uint64_t version, Time now) = 0;
};

struct ProxySyncOptions {
  Duration period = std::chrono::seconds(30);
  Duration min_period = std::chrono::seconds(1);  ///< From the start of a sync to that of the next, at least.
  Duration cpu{};  ///< Of one sync, rule building and loading together; zero: rules are written at once. Of every node.
  /// Of the nodes that have a kube-proxy, the machines' first ones: keys of their names, each one's instant is drawn by it;
  /// shape (nodes,).
  std::vector<std::uint64_t> nodes{};
};

/// kube-proxy's sync loop on each node, in a control group that weighs as a request of 100m does.
///
/// One thread of kube-proxy or of the tool that it waits for works at a time (k/k pkg/proxy/runner/
/// bounded_frequency_runner.go, Loop; pkg/util/async up to 1.33), so that syncs take a core at most and never overlap.
/// A sync is due `period` after the start of the last one: something has changed by then, by assumption. News of the
/// endpoints bring one at once, or `min_period` after the start of the last (minSyncPeriod). What is due while a sync
/// runs begins when that one ends, once for all that has changed: a sync writes what was known at its start. The rules
/// change as a whole at the end of a sync. Runs begin in the midst of this: each node at an instant of its own, some of them in a sync.
/// Left out: the xtables lock, and packets that wait while rules are replaced.
class ProxySync final : public EventHandler, public BurstOwner {
 public:
  /// @param first_source  Sources first_source + node are used for each node's events.
  ProxySync(Scheduler& scheduler, Cpus& cpus, RandomStreams streams, const ProxySyncOptions& options,
            std::uint32_t first_source);

  /// How long ago, at the start of a run, a node's last sync began: uniform in a period.
  static Duration phase(RandomStreams streams, std::uint64_t node_key, Duration period);
  /// Syncs of a node that ended by `now` where they take no time.
  static std::uint64_t rewrites(RandomStreams streams, std::uint64_t node_key, Duration period, Time now);

  void start(Time now);
  /// Who hears of versions; nobody where nothing is said. @param owner  Outlives this.
  void set_owner(ProxySyncOwner& owner) { owner_ = &owner; }
  /// The node's kube-proxy hears of a version of the endpoints; nothing where it has heard of it, or of a later one.
  void news(HostId node, std::uint64_t version, Time now);
  /// What a sync of the node costs from the next one on. Before start() either all nodes' cost something or none's.
  void set_cpu(HostId node, Duration cpu) { nodes_[node].cpu = cpu; }
  /// CPU time of the syncs that have begun, all nodes together.
  Duration cpu_spent() const { return cpu_spent_; }
  /// Syncs of a node that ended by `now`, which is the present.
  std::uint64_t rewrites(HostId node, Time now) const;

  void on_event(Time now, const Event& event) override;
  void on_burst_done(Time now, const BurstReport& report) override;

 private:
  struct NodeLoop {
    GroupIndex group = 0;
    Duration cpu{};  ///< Of its next sync.
    Time started{};  ///< The sync that runs or ran last.
    std::uint64_t rewrites = 0;
    bool running = false;
    std::uint64_t known = 0;    ///< Version of which it has heard, ...
    std::uint64_t writing = 0;  ///< ... that the sync under way writes, ...
    std::uint64_t written = 0;  ///< ... and of its rules.
    std::uint64_t turn = 0;     ///< Of the event that begins its next sync; earlier ones are void.
  };

  void sync(HostId node, Time now, Duration cpu);
  void ended(HostId node, Time now);
  void next_at(HostId node, Time at);

  Scheduler& scheduler_;
  Cpus& cpus_;
  RandomStreams streams_;
  ProxySyncOptions options_;
  ProxySyncOwner* owner_ = nullptr;
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;
  bool takes_time_ = false;  ///< Set by start(): the rules are written by loops, not by arithmetic.
  std::vector<NodeLoop> nodes_;
  Duration cpu_spent_{};
};

}  // namespace knetsim
