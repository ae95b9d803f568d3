#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/scenario/distribution_fields.h"
#include "app/scenario/scenario.h"
#include "app/scenario/workload_keys.h"
#include "sim/input/binder.h"

namespace knetsim {

// A scenario's keys as they stand in the file, where their shape differs from what the program works with: what the
// binder fills, and what explain and the schema describe. scenario.cpp makes a Scenario of them.

struct MetadataKeys {
  std::string name;
  std::string title;
};

struct CallKeys {
  std::string to;
  std::optional<SizeLaw> request, response;
  std::optional<Duration> timeout;
  std::optional<RetryKeys> retries;
  std::optional<std::uint32_t> requests_per_connection, streams, max_connections;
  std::optional<Duration> idle_timeout, max_age;
  Node at;
};

/// One element of `calls`: a call, several concurrent ones, or a pause.
struct CallStepKeys {
  std::optional<std::string> to;
  std::optional<std::vector<CallKeys>> concurrent;
  std::optional<TimeLaw> sleep;
  std::optional<SizeLaw> request, response;
  std::optional<Duration> timeout;
  std::optional<RetryKeys> retries;
  std::optional<std::uint32_t> requests_per_connection, streams, max_connections;
  std::optional<Duration> idle_timeout, max_age;
  Node at;
};

struct AppKeys {
  std::optional<TimeLaw> work;
  std::uint32_t workers = 16;
  std::optional<std::uint32_t> backlog;
  std::string container;
  std::optional<NameKeys> dns;
  std::vector<CallStepKeys> calls;
  Node at;
};

/// One element of `timeline`.
struct TimelineKeys {
  Duration at{};
  std::optional<ScaleDeployment> scale;
  std::optional<RolloutDeployment> rollout;
  std::optional<DeletePod> removal;
  std::optional<SetPodReady> ready;
  std::optional<SetNodeDown> node;
  Node place;
};

/// `run`: what all points share, and what each may have for itself.
struct RunKeys : ExperimentSettings, PointSettings {};

struct ScenarioKeys {
  std::string api_version;
  std::string kind;
  MetadataKeys metadata;
  std::vector<std::string> manifests;
  std::string graph;
  ClusterSettings cluster;
  std::string costs;
  NamedList<AppKeys> apps;
  NamedList<WorkloadKeys> workloads;
  RunKeys run;
  std::vector<TimelineKeys> timeline;
  std::vector<std::string> slo;
  NamedList<Node> variants;
  NamedList<Node> patches;
};

void describe(Fields<MetadataKeys>& f);
void describe(Fields<TaintSpec>& f);
void describe(Fields<NodePoolSpec>& f);
void describe(Fields<NodesSpec>& f);
/// Names, labels and taints are such as the API server takes.
void check_node_pools(const NodesSpec& nodes, Node node, Binding& binding);
void describe(Fields<ZoneSpec>& f);
void describe(Fields<TopologySettings>& f);
void describe(Fields<SocketSettings>& f);
void describe(Fields<CniSettings>& f);
void describe(Fields<ConntrackSettings>& f);
void describe(Fields<ProxySettings>& f);
void describe(Fields<ControlSettings>& f);
void describe(Fields<HealthCheckSettings>& f);
void describe(Fields<LoadBalancerSettings>& f);
void describe(Fields<NatGatewaySettings>& f);
void describe(Fields<EgressSettings>& f);
void describe(Fields<ScaleDeployment>& f);
void describe(Fields<RolloutDeployment>& f);
void describe(Fields<DeletePod>& f);
void describe(Fields<SetPodReady>& f);
void describe(Fields<SetNodeDown>& f);
void describe(Fields<TimelineKeys>& f);
/// What the keys ask for.
TimelineEntry entry_of(const TimelineKeys& keys);
void describe(Fields<IngressSettings>& f);
void describe(Fields<BackgroundSettings>& f);
void describe(Fields<ClusterSettings>& f);
void describe(Fields<CallKeys>& f);
void describe(Fields<CallStepKeys>& f);
void describe(Fields<AppKeys>& f);
void describe(Fields<RunKeys>& f);
void describe(Fields<ScenarioKeys>& f);

}  // namespace knetsim
