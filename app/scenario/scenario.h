#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/scenario/distribution_spec.h"
#include "app/scenario/dns_keys.h"
#include "app/scenario/workload_keys.h"
#include "models/cluster/cluster_events.h"
#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/diagnostics.h"
#include "sim/input/document.h"

namespace knetsim {

// A scenario as its file states it, after --set and one variant's overrides: names and numbers, nothing looked up yet.
// Maps keep the order of the file.

/// A taint of made-up nodes.
struct TaintSpec {
  std::string key;
  std::string value;
  std::string effect;
};

/// Made-up nodes of a shape of their own; what is not stated is that of `cluster.nodes`.
struct NodePoolSpec {
  std::uint32_t count = 1;
  std::optional<double> cpu;
  std::optional<Bytes> memory;
  std::optional<Bandwidth> nic;
  std::optional<double> cpu_factor;
  std::optional<std::vector<std::string>> zones;
  std::vector<std::pair<std::string, std::string>> labels;  ///< Beside, or in place of, those of `cluster.nodes`.
  std::optional<std::vector<TaintSpec>> taints;
};

struct NodesSpec {
  std::uint32_t count = 3;
  double cpu = 8;  ///< Cores of each.
  Bytes memory{};
  Bandwidth nic{};
  double cpu_factor = 1;  ///< Multiplies every CPU cost: frequency, SMT.
  std::vector<std::string> zones;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<TaintSpec> taints;
  std::vector<std::pair<std::string, NodePoolSpec>> pools;

  /// Of a node, by its ClusterNode::pool.
  Bandwidth nic_of(std::uint32_t pool) const {
    return pool < pools.size() ? pools[pool].second.nic.value_or(nic) : nic;
  }
  double cpu_factor_of(std::uint32_t pool) const {
    return pool < pools.size() ? pools[pool].second.cpu_factor.value_or(cpu_factor) : cpu_factor;
  }
};

/// A zone's cable to the others; what is not stated is that of all zones.
struct ZoneSpec {
  std::optional<Duration> delay;
  std::optional<Bandwidth> rate;
};

struct TopologySettings {
  std::string kind = "single-switch";  ///< single-switch, leaf-spine, fat-tree, zones
  std::uint32_t leaves = 2;
  std::uint32_t spines = 2;
  std::uint32_t k = 0;
  double oversubscription = 1;
  Bandwidth uplink{};
  Bandwidth border{};
  Duration delay{};
  Duration switch_latency{};
  Bytes buffer{};
  Duration zone_delay{};
  Bandwidth zone_rate{};
  std::vector<std::pair<std::string, ZoneSpec>> zones;  ///< By name, of those that differ.
};

struct SocketSettings {
  Bytes receive_window{};
  Bytes send_buffer{};
  std::string loss_detection = "sack";     ///< sack, rack
  std::optional<std::uint32_t> somaxconn;  ///< By the kernel's version where nothing is said.
};

struct CniSettings {
  std::string kind = "bridge";
  std::string backend;
  std::string encapsulation;  ///< What calico calls its backend.
  std::uint32_t mtu = 1500;
  std::optional<std::uint32_t> pod_mtu;   ///< Of pods' devices; empty: what a tunnel leaves of `mtu`.
  std::optional<std::uint32_t> path_mtu;  ///< Between machines; empty: `mtu`.
  bool path_mtu_discovery = true;
  bool notrack = false;
  std::string policy = "default";  ///< That: as the kind has it; or the name of a PolicyEnforcer.
  std::string denied = "default";  ///< That: as the enforcer has it; "reject" or "drop".

  /// What is chosen of the kind's, by its own key; empty where nothing is said.
  const std::string& chosen() const { return encapsulation.empty() ? backend : encapsulation; }
};

/// What kube-proxy makes of nf_conntrack_max.
struct ConntrackSettings {
  std::uint32_t max_per_core = 0;  ///< 0: it leaves the kernel's as it is.
  std::uint32_t min = 0;
};

struct ProxySettings {
  std::string mode = "iptables";
  std::map<std::string, std::string, std::less<>> choices;  ///< Parameters of all modes (ProxyInfo::params), by key.
  Duration sync_period{};
  Duration min_sync_period{};
  ConntrackSettings conntrack{};
};

/// The controllers beside kube-proxy.
struct ControlSettings {
  Duration pod_start{};
  std::optional<Duration> node_monitor_grace;  ///< By the version of Kubernetes where nothing is said.
  Duration eviction{};
  Duration endpoint_batch{};
};

/// What finds out which nodes a load balancer may send to.
struct HealthCheckSettings {
  Duration interval{};
  std::uint32_t healthy = 1;
  std::uint32_t unhealthy = 1;
};

/// What is in front of Services of type LoadBalancer.
struct LoadBalancerSettings {
  std::string kind = "cloud";
  std::string pool;
  HealthCheckSettings health_check;  ///< Of kinds that have some.
  std::optional<Duration> failover;  ///< Of metallb-l2; by the number of nodes where nothing is said.
  Duration hold_time{};              ///< Of metallb-bgp.
  Duration rtt{};                    ///< Of proxy: from its machine to the border and back.
};

/// What translates the addresses of nodes that have none of their own outside.
struct NatGatewaySettings {
  std::string kind;
  std::uint32_t addresses = 1;
  std::optional<std::uint32_t> ports_per_node;  ///< Of kinds whose nodes have their own.
  std::optional<Duration> time_wait;            ///< As the kind has it where nothing is said.
  Duration latency{};                           ///< One way.
};

/// The way out of the cluster.
struct EgressSettings {
  std::string masquerade = "network";  ///< network, agent, none
  std::optional<std::vector<std::string>> non_masquerade;
  bool masq_link_local = false;
  std::optional<NatGatewaySettings> nat_gateway;
};

/// A controller of Ingresses that the scenario puts into the cluster.
struct IngressSettings {
  std::string kind;
  std::uint32_t replicas = 2;
  std::string exposure = "loadBalancer";
  std::string balancing = "default";             ///< That, or the name of a Balancing.
  std::string upstream_connections = "default";  ///< Or "new".
  // How changed endpoints come to it (ConfigUpdatePolicy); as this proxy's controller does where nothing is said:
  std::optional<Duration> update_interval;
  std::optional<Duration> update_poll;
  Duration rtt{};  ///< Of kinds that stand outside: to the border and back.
};

struct BackgroundSettings {
  std::uint32_t services = 0;
  std::uint32_t endpoints_per_service = 10;
};

struct ClusterSettings {
  std::string kubernetes = "1.36";
  std::string kernel = "6.18";
  NodesSpec nodes;
  TopologySettings topology;
  SocketSettings tcp;
  CniSettings cni;
  ProxySettings proxy;
  ControlSettings control;
  LoadBalancerSettings load_balancer;
  EgressSettings egress;
  std::optional<IngressSettings> ingress;
  BackgroundSettings background;
  ClusterDnsKeys dns;
};

/// A call to another app, by name, or with its own sizes; or a pause.
struct CallSpec {
  std::string to;                         ///< "cart", "cart:grpc", "pod:redis-0", "localhost:6379"; empty for a pause
  std::optional<DistributionSpec> sleep;  ///< Seconds; with an empty `to`, and alone in its group.
  std::optional<std::uint32_t> requests_per_connection, streams, max_connections;
  std::optional<Duration> idle_timeout, max_age;
  std::optional<DistributionSpec> request;
  std::optional<DistributionSpec> response;
  std::optional<Duration> timeout;
  std::optional<RetryKeys> retries;
  Node at;
};

struct AppSettings {
  std::string name;
  std::optional<DistributionSpec> work;
  std::uint32_t workers = 16;
  std::optional<std::uint32_t> backlog;      ///< Of its listening socket; nothing: it accepts at once.
  std::string container;                     ///< Empty: as the ports say.
  std::optional<NameKeys> dns;               ///< Of the Services that it calls.
  std::vector<std::vector<CallSpec>> calls;  ///< In sequence; each element's calls are concurrent.
  Node at;
};

/// What all points of an experiment have in common; a variant cannot change it.
struct ExperimentSettings {
  std::uint64_t seed = 1;
  std::uint32_t replicates = 1;
  std::uint32_t spans = 2;  ///< Requests of each workload whose every visit is kept.
};

/// How a point is simulated.
struct PointSettings {
  Duration duration{};
  Duration warm_up{};
  Duration drain{};  ///< After the window, at most.
  bool noise = true;
};

struct ServiceGraph;

struct Scenario {
  std::string name;
  std::string title;
  std::vector<std::string> manifests;
  std::string graph;  ///< A service graph in isotope's format, instead of, or beside, apps.
  std::shared_ptr<const ServiceGraph> service_graph;  ///< As read; its services are among the apps.
  ClusterSettings cluster;
  std::string costs;  ///< Path of the cost profile, resolved.
  std::vector<AppSettings> apps;
  std::vector<std::pair<std::string, WorkloadKeys>> workloads;  ///< By name.
  ExperimentSettings experiment;
  PointSettings run;
  std::vector<TimelineEntry> timeline;  ///< As written: in any order.
  std::vector<std::string> slo;
  std::vector<std::pair<std::string, Node>> patches;  ///< "Kind/name" or "Kind/namespace/name", and paths to values.
  Node root;                                          ///< The document; it has to outlive the Scenario.
};

/// Reads a scenario. Every mistake goes to `diagnostics`; the result is usable only without errors. Files that it names
/// are resolved against the file that names them; those of distributions and arrival times are read.
/// @param root  Of a document that outlives the result.
Scenario bind_scenario(Node root, Diagnostics& diagnostics);

/// A file or folder as a scenario names it: relative to the folder of the file in which `at` stands, to the current one
/// for what stands on the command line. "-" and absolute paths stay.
std::string path_beside(Node at, std::string_view path);

/// Adds an error about a file that the scenario names. What is about the file as a whole (there is none, it is empty)
/// is told at `at`, where the scenario names it.
void add_file_error(Diagnostics& diagnostics, const ConfigError& error, Node at);
void add_file_error(Diagnostics& diagnostics, const Diagnostic& error, Node at);

/// The program's own file of configs/: in a folder `configs` or `share/knetsim/configs` beside the program or above it.
/// Empty where there is none.
std::string installed_config(std::string_view relative);

}  // namespace knetsim
