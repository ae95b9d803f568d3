#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster_events.h"
#include "models/cluster/endpoints.h"
#include "models/cluster/hint_policy.h"
#include "models/cluster/http_objects.h"
#include "models/cluster/ip_address.h"
#include "models/cluster/labels.h"
#include "models/cluster/network_policy.h"
#include "models/cluster/string_pool.h"
#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/document.h"

namespace knetsim {

// Kubernetes' objects as plain data: tables in the order of the input, that refer to each other by index. Every
// string_view points into Cluster::strings and lives as long as the Cluster (moves included); a Mark lives as long as
// the Input.

using WorkloadIndex = std::uint32_t;
using PodSpecIndex = std::uint32_t;

enum class Protocol : std::uint8_t { Tcp, Udp, Sctp };
std::string_view to_string(Protocol protocol);

/// CPU in thousandths of a core, memory in bytes. A limit of 0 is none, for the kubelet as well.
struct Resources {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_bytes = 0;
  bool operator==(const Resources&) const = default;
};

/// The same as a manifest has it: what it does not state is not a stated 0.
struct StatedResources {
  std::optional<std::int64_t> cpu_milli{};
  std::optional<std::int64_t> memory_bytes{};

  /// Each part, or the fallback's where it is not stated.
  Resources or_else(const Resources& fallback) const {
    return {cpu_milli.value_or(fallback.cpu_milli), memory_bytes.value_or(fallback.memory_bytes)};
  }
  Resources or_zero() const { return or_else({}); }
  /// What is stated here, else what is stated there.
  StatedResources or_stated(const StatedResources& other) const {
    return {cpu_milli ? cpu_milli : other.cpu_milli, memory_bytes ? memory_bytes : other.memory_bytes};
  }
};

enum class TaintEffect : std::uint8_t { NoSchedule, PreferNoSchedule, NoExecute };

struct Taint {
  std::string_view key{};
  std::string_view value{};
  TaintEffect effect = TaintEffect::NoSchedule;
};

/// The access line of a machine outside of the cluster, at its border router.
struct ExternalAccess {
  Bandwidth rate{};
  Duration delay{};  ///< Propagation, one way.
  /// Of one that pods ask: which of the ranges that they ask with their own addresses it is in, from 1; 0: in none.
  std::uint8_t kept_range = 0;
  bool behind_gateway = false;  ///< Likewise: what nodes send there passes the NAT gateway.
};

/// The namespace by which external clients are named: external/browse-0.
inline constexpr std::string_view kExternalNamespace = "external";

/// A Node object, or one made from the scenario's `cluster.nodes`.
struct ClusterNode {
  std::string_view name{};
  LabelSetId labels = 0;
  Resources capacity{};     ///< What the machine has: its cores run softirqs and applications.
  Resources allocatable{};  ///< What pods may request.
  std::uint32_t max_pods = 110;
  std::vector<Taint> taints{};
  bool unschedulable = false;
  bool ready = true;
  IpAddress ip{};            ///< InternalIP of the first family.
  IpAddress secondary_ip{};  ///< InternalIP of the other family of a dual-stack node, or none.
  std::optional<Cidr> pod_cidr{};
  std::string_view zone{};          ///< Label topology.kubernetes.io/zone, or "".
  ZoneIndex zone_index = kNoIndex;  ///< Of Cluster::zones; kNoIndex without a zone.
  std::uint32_t pool = kNoIndex;    ///< Of a node that the scenario made: its pool; kNoIndex outside of pools.
  /// Of a machine that is no node: no pods are placed there, and it has neither kube-proxy nor pod network.
  std::optional<ExternalAccess> external{};
  Mark mark{};  ///< Unknown (line 0) when the scenario made the node.
};

struct ContainerPort {
  std::string_view name{};  ///< "" when unnamed.
  std::uint16_t port = 0;
  std::uint16_t host_port = 0;  ///< 0 when none. With hostNetwork the port itself, and no port mapping.
  Protocol protocol = Protocol::Tcp;
  IpAddress host_ip{};  ///< None: every address of the node.
  bool operator==(const ContainerPort&) const = default;
};

/// A container that runs beside the others of its pod; init containers that end are not kept.
struct Container {
  std::string_view name{};
  Resources requests{};
  Resources limits{};
  std::vector<ContainerPort> ports{};
  bool operator==(const Container&) const = default;
};

struct NodeRequirement {
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist, Gt, Lt };
  std::string_view key{};
  Operator op = Operator::In;
  std::vector<std::string_view> values{};
  bool on_field = false;  ///< matchFields: the key is metadata.name.
  bool operator==(const NodeRequirement&) const = default;
};

struct Toleration {
  std::string_view key{};  ///< "": every key (with Exists).
  std::string_view value{};
  bool exists = false;                  ///< operator Exists: any value.
  std::optional<TaintEffect> effect{};  ///< None: every effect.
  bool operator==(const Toleration&) const = default;
};

/// What decides where a pod may run.
struct SchedulingRules {
  std::vector<Label> node_selector{};
  /// requiredDuringSchedulingIgnoredDuringExecution: one term has to hold, each a conjunction. Empty: no requirement.
  std::vector<std::vector<NodeRequirement>> node_affinity{};
  std::vector<Toleration> tolerations{};
  bool gated = false;  ///< Has schedulingGates: the scheduler leaves it alone until somebody takes them off.
  bool operator==(const SchedulingRules&) const = default;
};

/// How long a pod takes to come up and to go down, as its template says. Seconds.
struct PodLifecycle {
  std::int64_t grace_s = 30;       ///< terminationGracePeriodSeconds
  double pre_stop_s = 0;           ///< The longest preStop of its containers, of those that sleep.
  bool unknown_pre_stop = false;   ///< One of them has a preStop that does something else.
  std::int64_t ready_after_s = 0;  ///< The longest initialDelaySeconds of its readiness probes.
  bool operator==(const PodLifecycle&) const = default;
};

/// Where a pod's resolv.conf comes from: spec.dnsPolicy.
enum class DnsPolicy : std::uint8_t { ClusterFirst, ClusterFirstWithHostNet, Default, None };

/// What a pod says of its names and of how it looks up others'.
struct PodDns {
  DnsPolicy policy = DnsPolicy::ClusterFirst;
  std::vector<std::string_view> nameservers{};  ///< spec.dnsConfig; likewise
  std::vector<std::string_view> searches{};
  std::vector<Label> options{};       ///< In the order of the file; an option without a value has an empty one.
  std::string_view hostname{};        ///< spec.hostname; "" where it has none.
  std::string_view subdomain{};       ///< spec.subdomain; that of a StatefulSet's pods is its serviceName.
  bool hostname_is_its_name = false;  ///< Of a StatefulSet's pods.
  bool operator==(const PodDns&) const = default;
};

/// What the pods of one template have in common. Its containers share one network namespace (the pause container's) and
/// reach each other over its loopback.
struct PodSpec {
  std::vector<Container> containers{};
  Resources requests{};  ///< Of the whole pod, as the scheduler counts them (init containers and overhead included).
  Resources scored{};    ///< The same as the scheduler scores them: a container that states none asks for a little.
  Resources limits{};    ///< Of the whole pod; a part is 0 as soon as one container, init or not, has no such limit.
  bool host_network = false;
  SchedulingRules scheduling{};
  PodLifecycle lifecycle{};
  PodDns dns{};
  bool operator==(const PodSpec&) const = default;
};

struct Pod {
  std::string_view name{};
  std::string_view ns{};
  WorkloadIndex workload = kNoIndex;
  PodSpecIndex spec = kNoIndex;
  LabelSetId labels = 0;
  NodeIndex node = kNoIndex;  ///< Set for every pod once the cluster is bound: one without is an AbsentPods then.
  IpAddress ip{};             ///< The node's for a hostNetwork pod.
  IpAddress secondary_ip{};   ///< Of the other family in a dual-stack cluster, or none.
  bool ready = true;
  bool terminating = false;
  bool later = false;  ///< Is made in a run: not there when it begins.
};

/// A number of pods, or a share of those that are wanted.
struct PodAmount {
  std::uint32_t value = 25;
  bool percent = true;
};

/// How a Deployment replaces its pods: spec.strategy and minReadySeconds.
struct RolloutStrategy {
  bool recreate = false;
  PodAmount max_surge{};
  PodAmount max_unavailable{};
  std::int64_t min_ready_s = 0;
};

/// The controller behind pods, by the name that its user gave: the Deployment "frontend", not its ReplicaSet. A pod
/// without controller is a workload of its own, of kind Pod.
struct Workload {
  std::string_view kind{};
  std::string_view ns{};
  std::string_view name{};
  std::vector<PodIndex> pods{};
  Mark mark{};
  RolloutStrategy strategy{};  ///< Of a Deployment.
  /// Of its controller's template; kNoIndex where none was read.
  PodSpecIndex spec = kNoIndex;
  LabelSetId pod_labels = 0;
};

/// Pods that are not there, though something states them: they stay pending, or their kind is not run. Kept so that
/// what misses them can say why.
struct AbsentPods {
  std::string_view kind{};  ///< Of what makes them.
  std::string_view ns{};
  std::string_view name{};
  LabelSetId labels = 0;
  std::string why{};  ///< A clause: "fit no node: of 3 nodes: 3 lack CPU", "are a Job's, which is not run".
};

enum class ServiceType : std::uint8_t { ClusterIp, NodePort, LoadBalancer, ExternalName };
std::string_view to_string(ServiceType type);

/// One entry of a Service's spec.ports: what a proxy has rules for.
struct ServicePort {
  ServiceIndex service = kNoIndex;
  std::string_view name{};
  Protocol protocol = Protocol::Tcp;
  std::uint16_t port = 0;
  std::uint16_t node_port = 0;     ///< 0 when it has none.
  std::uint16_t target_port = 0;   ///< 0 when the target is named.
  std::string_view target_name{};  ///< Container port name, resolved for each pod; "" when the target is a number.
  Mark mark{};                     ///< Of its targetPort where that is stated, else of the entry.
};

/// spec.trafficDistribution, by the name that stands there.
enum class TrafficDistribution : std::uint8_t { None, PreferClose, PreferSameZone, PreferSameNode };

/// The annotation topology-mode, or the older topology-aware-hints: none or Disabled, Auto, any other word.
enum class TopologyMode : std::uint8_t { None, Auto, Other };

struct Service {
  std::string_view name{};
  std::string_view ns{};
  ServiceType type = ServiceType::ClusterIp;
  bool headless = false;                 ///< clusterIP: None
  std::vector<IpAddress> cluster_ips{};  ///< One, or two in a dual-stack cluster; the first is the primary one.
  std::vector<IpFamily> families{};      ///< As ipFamilies or its addresses state them; empty: the cluster's.
  ServicePortIndex first_port = 0;       ///< Its ports are Cluster::service_ports[first_port, first_port + port_count).
  std::uint32_t port_count = 0;
  std::vector<Label> selector{};  ///< Sorted by key. Empty: endpoints come from slices alone.
  bool client_ip_affinity = false;
  std::int32_t affinity_timeout_s = 10800;
  bool internal_traffic_local = false;
  bool external_traffic_local = false;
  bool publish_not_ready = false;
  bool allocate_node_ports = true;  ///< Of a LoadBalancer: allocateLoadBalancerNodePorts.
  std::uint16_t health_check_node_port = 0;
  std::vector<IpAddress> external_ips{};
  std::vector<IpAddress>
      load_balancer_ips{};  ///< status.loadBalancer.ingress[].ip that nodes have rules for, or of a pool.
  /// Who may ask its load balancer's addresses of IPv4: loadBalancerSourceRanges of that family. Empty: anyone.
  std::vector<Cidr> source_ranges{};
  std::string_view load_balancer_class{};
  IpAddress requested_ip{};          ///< spec.loadBalancerIP
  bool load_balancer_known = false;  ///< Its status has one, by an address or a name.
  bool to_pods = false;              ///< Load balancers for HTTP outside ask its pods: by a NEG, or target-type: ip.
  std::string_view external_name{};
  TrafficDistribution distribution = TrafficDistribution::None;
  TopologyMode topology_mode = TopologyMode::None;
  HintPolicy hint_policy = HintPolicy::None;  ///< By these two and the controller of the cluster's version.
  Mark mark{};                                ///< Of its name.
  Mark selector_mark{};                       ///< Of its selector where it has one, else of its name.
};

/// The Service has endpoints of this family, and a ClusterIP of it unless it is headless. Where it states no families
/// they are those of its ClusterIPs; those of a headless one are all that its pods have.
bool serves(const Service& service, IpFamily family);

/// The addresses beside its ClusterIPs by which nodes' rules of one family know a Service: a proxy for either family
/// has no rules for the other's.
/// @source k/k pkg/proxy/serviceport.go, newBaseServiceInfo.
struct OuterAddresses {
  std::vector<IpAddress> all{};  ///< externalIPs, and behind them those of its load balancer that nodes have rules for.
  std::uint32_t external_ips = 0;  ///< How many are the former.

  std::uint32_t count() const { return static_cast<std::uint32_t>(all.size()); }
  std::uint32_t load_balancers() const { return count() - external_ips; }
};
OuterAddresses addresses_of(const Service& service, IpFamily family);
/// Whether there are any.
bool has_addresses(const Service& service, IpFamily family);

/// Everything that was read, bound together: pods have nodes and addresses, Services have addresses and endpoints.
struct Cluster {
  StringPool strings;
  LabelSets label_sets;
  std::vector<ClusterNode> nodes{};       ///< The cluster's, and behind them the machines outside of it.
  std::vector<std::string_view> zones{};  ///< Of its nodes.
  std::vector<Workload> workloads{};
  std::vector<PodSpec> pod_specs{};
  std::vector<Pod> pods{};
  std::vector<AbsentPods> absent{};  ///< One for each distinct workload, set of labels and reason.
  std::vector<Service> services{};
  std::vector<ServicePort> service_ports{};
  std::vector<HttpRoutes> http_routes{};  ///< Read where a scenario asks by URL; likewise
  std::vector<RouteClass> route_classes{};
  std::vector<Gateway> gateways{};
  std::vector<SecretName> secrets{};
  std::vector<NetworkPolicy> network_policies{};  ///< Read where the pod network enforces them; likewise
  std::vector<NamespaceLabels> namespaces{};      ///< As the last object of each name has it; likewise
  EndpointViews endpoints;
  /// What happens in a run, by time; those of one instant in the order in which they take place.
  std::vector<ClusterEvent> events{};
  /// Endpoints as they would be were all pods of a run there and ready; empty where nothing happens in it.
  EndpointTable possible_endpoints{};
  StatedHints stated_hints{};
  /// Machines outside of the cluster: the last of `nodes`, each with one client, the last of `pods`.
  std::uint32_t external = 0;

  /// The cluster's own nodes: the first ones.
  std::span<const ClusterNode> members() const { return std::span(nodes).first(nodes.size() - external); }
  /// Its own pods, likewise.
  std::span<const Pod> member_pods() const { return std::span(pods).first(pods.size() - external); }
  bool is_external(PodIndex pod) const { return pod >= pods.size() - external; }

  NodePlace place(NodeIndex node) const { return {.node = node, .zone = nodes[node].zone_index}; }

  const PodSpec& spec(const Pod& pod) const { return pod_specs[pod.spec]; }
  /// Ports of a Service, in its order.
  std::span<const ServicePort> ports(const Service& service) const {
    return std::span(service_ports).subspan(service.first_port, service.port_count);
  }
};

/// How a person names an object: "Service shop/cart", "Service cart" in the namespace default, "Node worker-1".
std::string object_label(std::string_view kind, std::string_view ns, std::string_view name);

/// The number of a container port named `name` with this protocol in the pod, as the EndpointSlice controller resolves
/// a named targetPort (k/k pkg/api/v1/pod/util.go, FindPort); empty when the pod has none.
std::optional<std::uint16_t> find_port(const PodSpec& spec, std::string_view name, Protocol protocol);

/// "; the pods of Deployment web fit no node: ..." for the first absent pods that `matches` takes; "" where there are
/// none: the end of a message about pods that were looked for in vain.
template <class Matches>
std::string absent_hint(const Cluster& cluster, Matches&& matches) {
  for (const AbsentPods& pods : cluster.absent) {
    if (matches(pods)) return "; the pods of " + object_label(pods.kind, pods.ns, pods.name) + ' ' + pods.why;
  }
  return {};
}

/// For absent_hint(): the pods that this workload would have.
inline auto made_by(const Workload& workload) {
  return [&workload](const AbsentPods& pods) {
    return pods.kind == workload.kind && pods.ns == workload.ns && pods.name == workload.name;
  };
}

/// Finds objects by name. Holds views into the cluster's strings; rebuild after adding objects.
class ClusterNames {
 public:
  explicit ClusterNames(const Cluster& cluster);
  NodeIndex node(std::string_view name) const;
  PodIndex pod(std::string_view ns, std::string_view name) const;
  ServiceIndex service(std::string_view ns, std::string_view name) const;
  /// The first workload of that name, of any kind.
  WorkloadIndex workload(std::string_view ns, std::string_view name) const;

 private:
  struct Key {
    std::string_view ns;
    std::string_view name;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  using Table = std::unordered_map<Key, std::uint32_t, KeyHash>;
  static std::uint32_t find(const Table& table, std::string_view ns, std::string_view name);
  Table nodes_, pods_, services_, workloads_;
};

}  // namespace knetsim
