#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cni/cni_model.h"
#include "models/cost/cost_profile.h"
#include "models/proxy/portmap.h"
#include "models/service/dialer.h"
#include "models/workload/runtime.h"
#include "sim/core/digest.h"
#include "sim/experiment/scenario.h"
#include "sim/net/link.h"

namespace knetsim {

/// One variant, bound: what its replicates share and only read.
struct BoundVariant {
  std::string name;
  Scenario scenario;
  Cluster cluster;
  TrafficPlan traffic;
  std::vector<EdgeTarget> targets;  ///< shape (edges,)
  CostProfile profile;
};

struct NodeCpu {
  std::uint32_t cores = 0;
  Duration softirq{};  ///< CPU time in the measured window, all cores.
  Duration application{};
  Duration busiest{};    ///< Of the busiest core, both together.
  Duration throttled{};  ///< Sum over the node's pods.
};

struct LinkUse {
  Bytes sent;
  std::uint64_t packets = 0;
  std::uint64_t drops = 0;
  Duration busy{};
  Bytes queue_max;
};

/// What one replicate of one variant gave.
struct PointResult {
  std::vector<EdgeStats> edges;
  std::vector<SourceRecorder> sources;
  std::vector<std::uint64_t> served_by_pod;
  std::vector<NodeCpu> nodes;
  std::vector<LinkUse> links;
  NetworkCounters network;
  std::uint64_t events = 0;
  std::uint64_t completed = 0;
  double wall_s = 0;
};

/// Told now and then from the thread that runs the point.
class PointObserver {
 public:
  virtual ~PointObserver() = default;
  /// @return false to stop.
  virtual bool on_progress(Time now, Time end, std::uint64_t events) = 0;
};

/// Rules that kube-proxy would have on each node: the cluster's Services and the background ones.
RuleSizes rule_sizes(const BoundVariant& variant);

/// Hosts and switches as the scenario asks for them; host i is node i.
Topology make_topology(const Scenario& scenario, const Cluster& cluster);

/// Models of the variant, as walks are described from them.
struct VariantModels {
  std::unique_ptr<ProxyModel> proxy;
  std::unique_ptr<CniModel> cni;
  PortMap host_ports{0, IptablesBackend::Legacy};
  RuleSizes sizes;
  Datapath datapath() const {
    const PortMap* ports = host_ports.containers() > 0 ? &host_ports : nullptr;
    return {.proxy = *proxy, .cni = *cni, .host_ports = {ports, ports, ports}};
  }
};
VariantModels make_models(const BoundVariant& variant);

/// Names of all kinds of work that time splits count, by KindIndex: the step kinds, then the application's own.
std::vector<std::string> kind_names();
inline constexpr KindIndex kWorkKind = static_cast<KindIndex>(kStepKinds);
inline constexpr KindIndex kSleepKind = static_cast<KindIndex>(kStepKinds + 1);

/// Simulates one replicate. Depends on nothing but its arguments: the same on any thread of any machine.
/// @param order  Takes the key of every event, in the order in which they fire; may be null.
/// @throws InvariantError  A law that has to hold on every run does not.
PointResult simulate(const BoundVariant& variant, std::uint32_t replicate, PointObserver* observer = nullptr,
                     RunDigest* order = nullptr);

}  // namespace knetsim
