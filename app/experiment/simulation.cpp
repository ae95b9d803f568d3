#include "app/experiment/simulation.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "app/experiment/conservation.h"
#include "app/experiment/step_names.h"
#include "app/scenario/connection_limits.h"
#include "app/scenario/pod_groups.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/zone_way.h"
#include "models/control/announcements.h"
#include "models/control/control_plane.h"
#include "models/control/health_checks.h"
#include "models/control/node_balancer.h"
#include "models/control/proxy_sync.h"
#include "models/service/dialer.h"
#include "models/walk/compile.h"
#include "models/workload/overload.h"
#include "models/workload/runtime.h"
#include "models/workload/traffic_recorder.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

/// Node pairs that connections run between, to spread a tunnel's flow rate over. What comes from outside enters it at any
/// node.
std::uint32_t node_pairs(const BoundVariant& variant) {
  const Cluster& cluster = *variant.cluster;
  std::set<NodeIndex> clients, servers;
  bool from_outside = false;
  for (const TrafficSpec& source : variant.traffic.sources) {
    for (const PodIndex pod : source.clients) {
      from_outside = from_outside || cluster.is_external(pod);
      if (!cluster.is_external(pod)) clients.insert(cluster.pods[pod].node);
    }
  }
  for (NodeIndex node = 0; from_outside && node < cluster.members().size(); ++node) clients.insert(node);
  for (const std::vector<PodIndex>& pods : pods_of_apps(variant.traffic)) {
    for (const PodIndex pod : pods) {
      if (cluster.is_external(pod)) {  // a load balancer's: its connections enter at any node
        for (NodeIndex node = 0; node < cluster.members().size(); ++node) clients.insert(node);
        continue;
      }
      servers.insert(variant.cluster->pods[pod].node);
      clients.insert(variant.cluster->pods[pod].node);
    }
  }
  return static_cast<std::uint32_t>(
      std::max<std::size_t>(1, clients.size() * std::max<std::size_t>(1, servers.size())));
}

/// Services that are asked at their load balancers.
std::vector<ServiceIndex> balanced_services(const BoundVariant& variant) {
  std::set<ServiceIndex> services;
  for (const EdgeTarget& target : variant.targets) {
    if (target.balanced) services.insert(target.service);
  }
  return {services.begin(), services.end()};
}

std::vector<std::uint64_t> node_keys(const Cluster& cluster) {
  std::vector<std::uint64_t> keys;
  for (const ClusterNode& node : cluster.members()) keys.push_back(hash_text(node.name));
  return keys;
}

/// Cumulative CPU times of all cores and groups at one instant.
struct CpuSnapshot {
  std::vector<Duration> softirq, application, throttled;
  CpuSnapshot() = default;
  CpuSnapshot(const Cpus& cpus, const PodGroups& groups, Time now) {
    for (CoreIndex core = 0; core < cpus.cores(); ++core) {
      softirq.push_back(cpus.softirq_time(core, now));
      application.push_back(cpus.application_time(core, now));
    }
    for (const GroupIndex group : groups.with_threads) {
      throttled.push_back(cpus.throttled_time(group, now));
    }
  }
};

std::vector<NodeCpu> cpu_between(const Cpus& cpus, const PodGroups& groups, const CpuSnapshot& from,
                                 const CpuSnapshot& to) {
  std::vector<NodeCpu> nodes(cpus.nodes());
  for (HostId host = 0; host < cpus.nodes(); ++host) {
    NodeCpu& node = nodes[host];
    node.cores = cpus.core_count(host);
    for (CoreIndex core = cpus.first_core(host); core < cpus.first_core(host) + node.cores; ++core) {
      const Duration softirq = to.softirq[core] - from.softirq[core];
      const Duration application = to.application[core] - from.application[core];
      node.softirq += softirq;
      node.application += application;
      node.busiest = std::max(node.busiest, softirq + application);
    }
  }
  for (std::size_t i = 0; i < to.throttled.size(); ++i) {
    nodes[cpus.node_of(groups.with_threads[i])].throttled += to.throttled[i] - from.throttled[i];
  }
  return nodes;
}

/// The parts of one replicate, put together for one run.
class Point final : public ProxySyncOwner, public ClusterObserver {
 public:
  Point(const BoundVariant& variant, std::uint32_t replicate, RunDigest* order)
      : variant_(variant),
        streams_(hash_combine(variant.scenario.experiment.seed, replicate)),
        models_(*variant.models),
        rules_(models_.sizes),
        topology_(variant.fabric->topology),
        endpoints_(variant.cluster->endpoints),
        states_(states_of(*variant.cluster)),
        from_(kTimeZero + variant.scenario.run.warm_up),
        end_(from_ + variant.scenario.run.duration),
        nodes_(static_cast<std::uint32_t>(variant.cluster->nodes.size())),
        balancer_(*variant.cluster, endpoints_, balanced_services(variant),
                  load_balancer_kind_of(variant.scenario.cluster)),
        scheduler_(health_source() + 1),
        cpus_(scheduler_, 0),
        groups_(add_pod_groups(cpus_, variant)),
        network_(scheduler_, cpus_, topology_, variant.fabric->routing, variant.tables, streams_,
                 tcp_settings(variant.scenario.cluster), network_source()),
        book_(models_.datapath(), variant.profile, variant.tables, path_mtu(variant.scenario.cluster.cni)),
        sync_(scheduler_, cpus_, streams_,
              {.period = variant.scenario.cluster.proxy.sync_period,
               .min_period =
                   models_.proxy->info().kube_proxy ? variant.scenario.cluster.proxy.min_sync_period : Duration{},
               .nodes = node_keys(*variant.cluster)},
              sync_source()),
        limits_(table_limits(variant)),
        tables_(streams_),
        policies_(gate_of(variant)),
        dialer_(*variant.cluster, endpoints_, variant.targets, book_, *models_.proxy, streams_,
                {.symbols = {.sync_period = variant.scenario.cluster.proxy.sync_period,
                             .sync = &sync_,
                             .rules = &rules_,
                             .dispatch = models_.dispatch},
                 .node_pairs = node_pairs(variant),
                 .cni_masquerades = models_.cni->masquerades(),
                 .pods = pods(),
                 .balancer = &balancer_,
                 .unreachable_after = models_.cni->unreachable_after(),
                 .tables = limits_.any() ? &tables_ : nullptr,
                 .table_limits = limits_,
                 .policies = policies_ ? &*policies_ : nullptr}),
        recorder_(scheduler_, variant.traffic, {.from = from_, .to = end_, .series_points = kSeriesIntervals},
                  zones_of_machines(*variant.cluster)),
        spans_(variant.traffic.sources.size(), replicate == 0 ? variant.scenario.experiment.spans : 0, from_, end_),
        traffic_({scheduler_, cpus_, network_, dialer_, recorder_, spans_}, variant.traffic, groups_.main, streams_,
                 {.kinds = {.work = kWorkKind,
                            .sleep = kSleepKind,
                            .close = static_cast<KindIndex>(StepKind::Close),
                            .handshake = kHandshakeKind,
                            .records = kRecordsKind},
                  .until = end_ + variant.scenario.run.drain,
                  .pods = pods(),
                  .first_source = traffic_source()}) {
    if (order != nullptr) {
      scheduler_.digest_into(*order);
    }
    for (HostId host = 0; host < variant.cluster->members().size(); ++host) {
      network_.set_cpu_factor(host, variant.scenario.cluster.nodes.cpu_factor_of(variant.cluster->nodes[host].pool));
      rules_changed(host);
    }
    for (const PodGroups::Beside& one : groups_.beside) traffic_.run_beside(one.pod, one.app, one.group);
    cpus_.set_owner(traffic_);
    network_.set_owner(traffic_);
    if (!states_) return;
    sync_.set_owner(*this);
    watch_load_balancers();
    control_.emplace(scheduler_, *variant.cluster, *states_, endpoints_, sync_, *this,
                     ControlPlane::Options{.endpoint_batch = variant.scenario.cluster.control.endpoint_batch,
                                           .terminating_serve = terminating_serve(variant.scenario)},
                     control_source());
  }

  /// @return  False when the observer stopped it.
  bool run(PointObserver* observer) {
    traffic_.start(kTimeZero);
    sync_.start(kTimeZero);
    if (control_) control_->start();
    if (!run_until(from_, observer)) return false;
    begin_measuring();
    if (!run_until(end_, observer)) {
      return false;
    }
    end_measuring();
    // Whoever began in the window is followed to the end, under the same load; the window's resources are read already.
    traffic_.stop_beyond(most_in_drain(traffic_.live()));
    return recorder_.close() == 0 || run_until(end_ + variant_.scenario.run.drain, observer);
  }

  PointResult results();

  /// A node's proxy has the endpoints of a version: its view, and the rules that its packets meet from now on.
  void on_synced(HostId node, std::uint64_t version, Time now) override {
    // A sync writes all versions that its node has not had.
    for (std::uint64_t one = endpoints_.at(node).version() + 1; one <= version; ++one) {
      synced_.push_back({node, one, now, now - control_->changed_at(one)});
    }
    endpoints_.advance(node, version);
    const EndpointView view = endpoints_.at(node);
    if (health_) health_->on_synced(node, view, now);
    if (announcements_) announcements_->on_synced(node, view);
    if (!known_ || known_->version != view.version()) known_ = {view.version(), rule_sizes(variant_, view)};
    rules_.set(node, known_->sizes[node]);
    rules_changed(node);
  }
  void on_cluster_event(const ClusterEvent& event, Time now) override {
    using Kind = ClusterEvent::Kind;
    if (event.kind == Kind::NodeDown || event.kind == Kind::NodeUp) {
      const bool down = event.kind == Kind::NodeDown;
      if (health_) health_->on_node(event.node, down, endpoints_.at(event.node), now);
      if (announcements_) announcements_->on_node(event.node, down, endpoints_.at(event.node), now);
    }
    traffic_.on_cluster_event(event, now);
  }

 private:
  void watch_load_balancers() {
    const LoadBalancerSettings& settings = variant_.scenario.cluster.load_balancer;
    if (balancer_.kind().checks_health) {
      const HealthCheckSettings& checks = settings.health_check;
      health_.emplace(
          scheduler_, *variant_.cluster, balancer_, streams_,
          HealthCheckOptions{.interval = checks.interval, .healthy = checks.healthy, .unhealthy = checks.unhealthy},
          health_source());
      return;
    }
    const auto speakers = static_cast<std::uint32_t>(variant_.cluster->members().size());
    announcements_.emplace(
        scheduler_, *variant_.cluster, balancer_,
        balancer_.kind().one_node ? settings.failover.value_or(speaker_lost_after(speakers)) : settings.hold_time,
        health_source());
  }

  std::uint32_t network_source() const { return nodes_; }
  std::uint32_t traffic_source() const { return network_source() + Network::sources_needed(topology_); }
  std::uint32_t sync_source() const { return traffic_source() + TrafficRuntime::sources_needed(variant_.traffic); }
  std::uint32_t control_source() const { return sync_source() + nodes_; }
  std::uint32_t health_source() const { return control_source() + 1; }
  const PodStates* pods() const { return states_ ? &*states_ : nullptr; }
  static std::optional<PodStates> states_of(const Cluster& cluster) {
    return cluster.events.empty() ? std::nullopt : std::optional<PodStates>(cluster);
  }
  static std::optional<PolicyGate> gate_of(const BoundVariant& variant) {
    const auto& policies = variant.models->policies;
    if (!policies) return std::nullopt;
    return PolicyGate(*variant.cluster, *policies, {.refuses = rejects_denied(variant.scenario.cluster)});
  }
  void rules_changed(NodeIndex node) {
    network_.set_symbols(node, rules_.symbols(node));
    const SyncCost cost = models_.proxy->sync_cost(rules_.sizes(node));
    sync_.set_cpu(node, from_seconds(cost.partial_seconds * variant_.scenario.cluster.nodes.cpu_factor));
  }

  /// Runs the scheduler in slices, so that somebody can watch.
  bool run_until(Time end, PointObserver* observer) {
    constexpr std::uint64_t kSlice = 200'000;
    while (!scheduler_.run_until(end, observer != nullptr ? kSlice : ~std::uint64_t{0})) {
      if (!observer->on_progress(std::min(scheduler_.now(), end_), end_, scheduler_.events())) {
        return false;
      }
    }
    return observer == nullptr || observer->on_progress(std::min(end, end_), end_, scheduler_.events());
  }

  void begin_measuring() {
    cpu_before_ = CpuSnapshot(cpus_, groups_, from_);
    for (LinkId link = 0; link < topology_.links().size(); ++link) {
      links_before_.push_back(network_.links().counters(link, from_));
    }
    network_.begin_window(from_);
  }

  void end_measuring() {
    nodes_used_ = cpu_between(cpus_, groups_, cpu_before_, CpuSnapshot(cpus_, groups_, end_));
    for (LinkId link = 0; link < topology_.links().size(); ++link) {
      const LinkCounters& a = links_before_[link];
      const LinkCounters b = network_.links().counters(link, end_);
      links_used_.push_back(
          {.sent = b.sent - a.sent,
           .packets = (b.packets_offered - b.packets_dropped) - (a.packets_offered - a.packets_dropped),
           .drops = b.packets_dropped - a.packets_dropped,
           .busy = b.busy - a.busy,
           .queue_max = b.queue_max});
    }
    ensure_conserved_at(end_);
  }

  void ensure_conserved_at(Time now) const {
    const CpuSnapshot cpu(cpus_, groups_, now);
    std::vector<LinkCounters> links;
    for (LinkId link = 0; link < topology_.links().size(); ++link) {
      links.push_back(network_.links().counters(link, now));
    }
    std::vector<Duration> core_busy;
    for (std::size_t core = 0; core < cpu.softirq.size(); ++core) {
      core_busy.push_back(cpu.softirq[core] + cpu.application[core]);
    }
    ensure_conserved({.network = network_.counters(),
                      .under_way = traffic_.under_way(),
                      .links = links,
                      .core_busy = core_busy,
                      .now = now});
  }

  const BoundVariant& variant_;
  RandomStreams streams_;
  /// Sizes of every node's rules at the version that a node has learned of last: nodes learn of one after another.
  struct Known {
    std::uint64_t version = 0;
    std::vector<RuleSizes> sizes;
  };
  const VariantModels& models_;
  NodeRules rules_;
  std::optional<Known> known_;
  const Topology& topology_;
  EndpointViews endpoints_;
  std::optional<PodStates> states_;  ///< Where something happens to the cluster; likewise
  Time from_, end_;
  std::uint32_t nodes_;
  NodeBalancer balancer_;
  Scheduler scheduler_;
  Cpus cpus_;
  PodGroups groups_;
  Network network_;
  PlanBook book_;
  ProxySync sync_;
  TableLimits limits_;
  KernelTables tables_;
  std::optional<PolicyGate> policies_;
  ServiceDialer dialer_;
  TrafficRecorder recorder_;
  SpanSampler spans_;
  TrafficRuntime traffic_;
  std::optional<HealthChecks> health_;  // or the other, as the load balancer's kind has it
  std::optional<Announcements> announcements_;
  std::optional<ControlPlane> control_;
  CpuSnapshot cpu_before_;
  std::vector<LinkCounters> links_before_;
  std::vector<NodeSynced> synced_;
  std::vector<NodeCpu> nodes_used_;
  std::vector<LinkUse> links_used_;
};

PointResult Point::results() {
  PointResult result;
  const Time now = scheduler_.now();
  traffic_.report_unfinished(now);
  recorder_.finish(now);
  ensure_conserved_at(now);
  result.drained = now - end_;
  result.proxy_cpu = sync_.cpu_spent();
  result.synced = synced_;
  result.nodes = nodes_used_;
  result.links = links_used_;
  result.edges = recorder_.edges();
  result.sources = recorder_.sources();
  for (TrafficIndex source = 0; source < variant_.traffic.sources.size(); ++source) {
    result.spans.push_back(spans_.kept(source));
  }
  result.served_by_pod = recorder_.served_by_pod();
  result.limits = tables_.exhausted();
  for (const QueueOverflow& met : traffic_.overflows()) {
    result.limits.push_back({.limit = KernelLimit::AcceptQueue,
                             .edge = met.edge,
                             .client = met.client,
                             .room = met.places,
                             .connections = met.connections,
                             .since = met.since,
                             .server = met.server});
  }
  if (policies_) result.denied = policies_->denied();
  result.network = network_.counters();
  result.events = scheduler_.events();
  result.completed = recorder_.completed();
  return result;
}

}  // namespace

PointResult simulate(const BoundVariant& variant, std::uint32_t replicate, PointObserver* observer, RunDigest* order) {
  const auto wall_start = std::chrono::steady_clock::now();
  Point point(variant, replicate, order);
  if (!point.run(observer)) {
    return {};
  }
  PointResult result = point.results();
  result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();
  return result;
}

}  // namespace knetsim
