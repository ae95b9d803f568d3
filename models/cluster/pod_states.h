#pragma once

#include <optional>
#include <vector>

#include "models/cluster/cluster.h"

namespace knetsim {

/// What is true of a cluster's pods and nodes at one moment of a run.
class PodStates {
 public:
  explicit PodStates(const Cluster& cluster) : cluster_(cluster), nodes_down_(cluster.nodes.size(), false) {
    for (const Pod& pod : cluster.pods) {
      pods_.push_back({.serves = !pod.later, .ready = !pod.later && pod.ready, .terminating = pod.terminating});
    }
  }

  /// Its process listens, whether or not anybody can reach it.
  bool serves(PodIndex pod) const { return pods_[pod].serves; }
  /// The condition Ready, as the API server has it.
  bool ready(PodIndex pod) const { return pods_[pod].ready; }
  /// It has been deleted, and has not been taken away.
  bool terminating(PodIndex pod) const { return pods_[pod].terminating && !pods_[pod].stopped; }
  /// When its process ended; nothing before.
  std::optional<Time> stopped(PodIndex pod) const { return pods_[pod].stopped; }
  /// Its machine is on the network.
  bool reachable(PodIndex pod) const { return !nodes_down_[cluster_.pods[pod].node]; }
  bool is_down(NodeIndex node) const { return nodes_down_[node]; }
  /// Somebody can talk to it.
  bool answers(PodIndex pod) const { return serves(pod) && reachable(pod); }

  void apply(const ClusterEvent& event) {
    using Kind = ClusterEvent::Kind;
    switch (event.kind) {
      case Kind::Serves:
        pods_[event.pod].serves = true;
        return;
      case Kind::Ready:
      case Kind::NotReady:
        pods_[event.pod].ready = event.kind == Kind::Ready;
        return;
      case Kind::Terminating:
        pods_[event.pod].terminating = true;
        return;
      case Kind::Stopped:
        pods_[event.pod].serves = pods_[event.pod].ready = false;
        pods_[event.pod].stopped = event.at;
        return;
      case Kind::NodeDown:
      case Kind::NodeUp:
        nodes_down_[event.node] = event.kind == Kind::NodeDown;
        return;
    }
  }

 private:
  struct State {
    bool serves = true;
    bool ready = true;
    bool terminating = false;
    std::optional<Time> stopped{};
  };
  const Cluster& cluster_;
  std::vector<State> pods_;  // shape (pods,)
  std::vector<bool> nodes_down_;
};

/// Is told of each event of the cluster when it happens, after PodStates has it.
class ClusterObserver {
 public:
  virtual ~ClusterObserver() = default;
  virtual void on_cluster_event(const ClusterEvent& event, Time now) = 0;
};

}  // namespace knetsim
