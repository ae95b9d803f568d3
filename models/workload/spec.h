#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/workload/caller_step.h"
#include "models/workload/connection_policy.h"
#include "models/workload/indices.h"
#include "models/workload/retry.h"
#include "sim/core/distributions.h"
#include "sim/core/time.h"

namespace knetsim {

/// Who calls whom, and how: the calls of a workload, or those that an application makes of another.
struct EdgeSpec {
  std::string name;    ///< "browse", "frontend > cart"; no two are alike, and what is drawn for an edge is keyed by it.
  std::string target;  ///< For people: "frontend", "frontend (NodePort)".
  bool udp = false;
  ConnectionPolicy connections{};
  CallerScript script{};                       ///< What a caller does in one attempt. Well formed.
  Duration timeout = std::chrono::seconds(2);  ///< Of one attempt.
  RetryPolicy retries{};
  bool loopback = false;    ///< To another container of the same pod ...
  AppIndex app = kNoIndex;  ///< ... and what that one does; kNoIndex: it answers at once.
};

/// One thing that an application does for a request: work on a core, a pause without one, or calls that run
/// concurrently.
struct AppStep {
  std::optional<Distribution> work_seconds;
  std::optional<Distribution> sleep_seconds;
  std::vector<EdgeIndex> calls;  ///< Each edge in one step of one application.
};

/// What the pods behind a Service do for each request.
struct AppSpec {
  std::string name;
  std::vector<AppStep> steps;
  std::uint32_t workers = 16;         ///< Requests that one pod handles at a time; others wait in order of arrival.
  std::string container{};            ///< That runs it; empty: the pod's main one.
  std::vector<PodIndex> beside_in{};  ///< Pods in which it serves the calls of the other containers.
};

struct PoissonArrivals {
  double per_second = 0;
};
/// Evenly spaced; the first at an instant of the first interval that is drawn, as for one who looks at a process that
/// has gone on for ever. So each span of n intervals has exactly n, wherever it begins.
struct ConstantArrivals {
  double per_second = 0;
};
struct ListedArrivals {
  std::vector<Time> at;  ///< Ascending.
};
/// Closed loop: each user waits for the answer, then thinks.
struct ClosedLoop {
  std::uint32_t users = 1;
  Distribution think_seconds;
};
using Arrivals = std::variant<PoissonArrivals, ConstantArrivals, ListedArrivals, ClosedLoop>;

/// A source of requests from outside the call graph.
struct TrafficSpec {
  std::string name;               ///< No two are alike, and what is drawn for a source is keyed by it.
  std::vector<PodIndex> clients;  ///< Not empty. Each request comes from one of them.
  EdgeIndex edge = 0;
  Arrivals arrivals;
};

/// Everything that generates and serves requests.
struct TrafficPlan {
  std::vector<EdgeSpec> edges;
  std::vector<AppSpec> apps;
  std::vector<TrafficSpec> sources;
  std::vector<AppIndex> app_of_pod;  ///< shape (pods,): kNoIndex for a pod that answers at once.
};

}  // namespace knetsim
