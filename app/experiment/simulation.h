#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/scenario/bound_variant.h"
#include "models/service/kernel_tables.h"
#include "models/service/policy_gate.h"
#include "models/workload/recorder.h"
#include "models/workload/span_sampler.h"
#include "sim/core/digest.h"
#include "sim/net/network.h"

namespace knetsim {

/// Intervals into which the series of a run cut its measured window.
inline constexpr std::uint32_t kSeriesIntervals = 60;

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

/// A node's rules have become those of a version of the endpoints.
struct NodeSynced {
  NodeIndex node = 0;
  std::uint64_t version = 0;
  Time at{};
  Duration since_change{};  ///< The first of those that the version has.
};

/// What one replicate of one variant gave.
struct PointResult {
  std::vector<EdgeStats> edges;
  std::vector<SourceRecorder> sources;
  std::vector<std::vector<RequestSpan>> spans;  ///< Whole requests, by source; of the first replicate.
  std::vector<std::uint64_t> served_by_pod;
  Duration proxy_cpu{};            ///< Of kube-proxies' syncs, all nodes, from the start of the run.
  std::vector<NodeSynced> synced;  ///< In order of time; of runs in which something happens to the cluster.
  std::vector<NodeCpu> nodes;
  std::vector<LinkUse> links;
  std::vector<Exhaustion> limits;         ///< Of kernels, that connections met.
  std::vector<DeniedConnections> denied;  ///< By network policies; these are of the variant's models.
  NetworkCounters network;
  std::uint64_t events = 0;
  std::uint64_t completed = 0;
  Duration drained{};  ///< How long the run went on after the window, for the requests that began in it.
  double wall_s = 0;
};

/// Told now and then from the thread that runs the point.
class PointObserver {
 public:
  virtual ~PointObserver() = default;
  /// @return false to stop.
  virtual bool on_progress(Time now, Time end, std::uint64_t events) = 0;
};

/// Simulates one replicate. Depends on nothing but its arguments: the same on any thread of any machine.
/// @param order  Takes the key of every event, in the order in which they fire; may be null.
/// @return  Without edges where the observer stopped it.
/// @throws InvariantError  A law that has to hold on every run does not.
PointResult simulate(const BoundVariant& variant, std::uint32_t replicate, PointObserver* observer = nullptr,
                     RunDigest* order = nullptr);

}  // namespace knetsim
