#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "models/cluster/endpoints.h"
#include "sim/core/time.h"
#include "sim/input/document.h"

namespace knetsim {

// What changes about a cluster in a run: what somebody asks for, and what comes of it. The control plane's delays are
// numbers, so that all of it is known before a run begins, and so are all pods that will ever live.

/// A Deployment has another number of pods.
struct ScaleDeployment {
  std::string deployment;  ///< NAME or NAMESPACE/NAME; likewise
  std::uint32_t replicas = 1;
};
/// A Deployment's template changes: its pods are replaced.
struct RolloutDeployment {
  std::string deployment;
};
struct DeletePod {
  std::string pod;
};
/// A pod's readiness probe fails, or succeeds again.
struct SetPodReady {
  std::string pod;
  bool value = true;
};
/// A machine is gone from the network, with all that runs on it; or is back.
struct SetNodeDown {
  std::string name;
  bool down = true;
};

/// Something that happens to the cluster.
struct TimelineEntry {
  Duration at{};  ///< Since the start of the run, warm-up included.
  std::variant<ScaleDeployment, RolloutDeployment, DeletePod, SetPodReady, SetNodeDown> what;
  Node place{};  ///< For messages.
};

/// How long the control plane takes.
struct ControlTimes {
  Duration pod_start = std::chrono::seconds(3);            ///< From a pod's creation until its process listens.
  Duration node_monitor_grace = std::chrono::seconds(50);  ///< Without a word of a node until it is NotReady.
  Duration eviction = std::chrono::seconds(300);           ///< From there until its pods are deleted.
};

/// One thing that happens to a pod or a node in a run.
struct ClusterEvent {
  enum class Kind : std::uint8_t {
    Serves,       ///< The pod's process listens.
    Ready,        ///< Its condition Ready becomes true ...
    NotReady,     ///< ... or false.
    Terminating,  ///< It is deleted: it is no endpoint any more, and serves until it stops.
    Stopped,      ///< Its process has ended.
    NodeDown,
    NodeUp,
  };
  Time at{};
  Kind kind{};
  PodIndex pod = kNoIndex;
  NodeIndex node = kNoIndex;
};

}  // namespace knetsim
