#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/scenario/distribution_fields.h"
#include "app/scenario/scenario.h"
#include "sim/input/binder.h"

namespace knetsim {

// A scenario's keys as they stand in the file, where their shape differs from what the program works with: what the
// binder fills, and what explain and the schema describe. scenario.cpp makes a Scenario of them.

struct MetadataKeys {
  std::string name;
  std::string title;
};

struct BackoffKeys {
  Duration base{};
  double factor = 2;
  std::optional<Duration> max;
  double jitter = 1;
};

struct BudgetKeys {
  double ratio = 0.2;
  double per_second = 10;
  Duration ttl{};
};

struct RetryKeys {
  std::uint32_t attempts = 0;
  std::optional<BackoffKeys> backoff;
  std::optional<BudgetKeys> budget;
  bool same_work = false;
};

struct CallKeys {
  std::string to;
  std::optional<SizeLaw> request, response;
  std::optional<Duration> timeout;
  std::optional<RetryKeys> retries;
  std::optional<std::uint32_t> requests_per_connection;
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
  std::optional<std::uint32_t> requests_per_connection;
  Node at;
};

struct AppKeys {
  std::optional<TimeLaw> work;
  std::uint32_t workers = 16;
  std::string container;
  std::vector<CallStepKeys> calls;
  Node at;
};

struct FromKeys {
  Selector selector;
  std::string ns;
};

struct ToKeys {
  std::optional<std::string> service, node_port, host_port, pod;
  std::string port;
  std::string through;
  Node at;
};

struct ClosedKeys {
  std::uint32_t users = 1;
  TimeLaw think;
};

struct ArrivalKeys {
  std::optional<Rate> poisson, constant;
  std::optional<std::string> times;
  std::optional<ClosedKeys> closed;
  std::string count_from = "start";
  Node at;
};

struct ConnectionKeys {
  std::uint32_t requests_per_connection = 1;
  bool await_close = false;
};

struct WorkloadKeys {
  FromKeys from;
  ToKeys to;
  std::string protocol;
  ArrivalKeys arrivals;
  ConnectionKeys connection;
  SizeLaw request, response;
  std::optional<TimeLaw> work;
  Duration timeout{};
  RetryKeys retries;
  Node at;
};

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
  RunSettings run;
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
void describe(Fields<TopologySettings>& f);
void describe(Fields<SocketSettings>& f);
void describe(Fields<CniSettings>& f);
void describe(Fields<ProxySettings>& f);
void describe(Fields<BackgroundSettings>& f);
void describe(Fields<ClusterSettings>& f);
void describe(Fields<BackoffKeys>& f);
void describe(Fields<BudgetKeys>& f);
void describe(Fields<RetryKeys>& f);
void describe(Fields<CallKeys>& f);
void describe(Fields<CallStepKeys>& f);
void describe(Fields<AppKeys>& f);
void describe(Fields<FromKeys>& f);
void describe(Fields<ToKeys>& f);
void describe(Fields<ClosedKeys>& f);
void describe(Fields<ArrivalKeys>& f);
void describe(Fields<ConnectionKeys>& f);
void describe(Fields<WorkloadKeys>& f);
void describe(Fields<RunSettings>& f);
void describe(Fields<ScenarioKeys>& f);

}  // namespace knetsim
