#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/random.h"
#include "sim/net/cpu.h"

namespace knetsim {

struct ProxySyncOptions {
  Duration period = std::chrono::seconds(30);
  Duration cpu{};                      ///< Of one sync, rule building and loading together.
  std::uint64_t cookie = 0;            ///< Of its bursts, which nobody waits for.
  std::vector<std::uint64_t> nodes{};  ///< Keys of the nodes' names: each one's instant is drawn by it, shape (nodes,).
};

/// kube-proxy's periodic sync: one burst of CPU time on each node in each period, at an instant of the node's own, in a
/// control group that weighs as a request of 100m does. Left out: the xtables lock, and that rules change while it
/// runs.
class ProxySync final : public EventHandler {
 public:
  /// @param first_source  Sources first_source + node are used for each node's events.
  ProxySync(Scheduler& scheduler, Cpus& cpus, RandomStreams streams, const ProxySyncOptions& options,
            std::uint32_t first_source);

  /// Offset of a node's syncs within the period: syncs are at `period` multiples less this.
  static Duration phase(RandomStreams streams, std::uint64_t node_key, Duration period);

  void start(Time now);
  /// What a sync costs from the next one on.
  void set_cpu(Duration cpu) { options_.cpu = cpu; }
  void on_event(Time now, const Event& event) override;

 private:
  Scheduler& scheduler_;
  Cpus& cpus_;
  RandomStreams streams_;
  ProxySyncOptions options_;
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;
  std::vector<GroupIndex> groups_;
};

}  // namespace knetsim
