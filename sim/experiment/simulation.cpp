#include "sim/experiment/simulation.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>

#include "models/control/proxy_sync.h"
#include "models/walk/compile.h"
#include "sim/core/ensure.h"
#include "sim/net/generators.h"

namespace knetsim {
namespace {

/// "1.36" -> {1, 36}; the binder has checked the form.
Version parse_version(const std::string& text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, version.major);
  if (error == std::errc{} && rest != end) {
    std::from_chars(rest + 1, end, version.minor);
  }
  return version;
}

std::optional<CpuQuota> quota_of(const PodSpec& spec) {
  if (spec.limits.cpu_milli <= 0) {
    return std::nullopt;
  }
  CpuQuota quota;
  quota.quota = quota.period * spec.limits.cpu_milli / 1000;
  return quota;
}

double weight_of(const PodSpec& spec) {
  // cpu.shares as the kubelet sets them: 1024 for each requested core, at least 2 (k/k
  // pkg/kubelet/cm/helpers_linux.go).
  return std::max(2.0, static_cast<double>(spec.requests.cpu_milli) * 1024 / 1000);
}

/// Node pairs that connections run between, to spread a tunnel's flow rate over.
std::uint32_t node_pairs(const BoundVariant& variant) {
  std::set<NodeIndex> clients, servers;
  for (const TrafficSpec& source : variant.traffic.sources) {
    for (const PodIndex pod : source.clients) {
      clients.insert(variant.cluster.pods[pod].node);
    }
  }
  for (PodIndex pod = 0; pod < variant.traffic.app_of_pod.size(); ++pod) {
    if (variant.traffic.app_of_pod[pod] != kNoIndex) {
      servers.insert(variant.cluster.pods[pod].node);
      clients.insert(variant.cluster.pods[pod].node);
    }
  }
  return static_cast<std::uint32_t>(
      std::max<std::size_t>(1, clients.size() * std::max<std::size_t>(1, servers.size())));
}

/// Runs the scheduler in slices, so that somebody can watch.
void run_watched(Scheduler& scheduler, Time end, PointObserver* observer) {
  if (observer == nullptr) {
    scheduler.run_until(end);
    return;
  }
  constexpr std::uint64_t kSlice = 200'000;
  while (!scheduler.run_until(end, kSlice)) {
    if (!observer->on_progress(scheduler.now(), end, scheduler.events())) {
      return;
    }
  }
  observer->on_progress(end, end, scheduler.events());
}

/// Cumulative CPU times of all cores and groups at one instant.
struct CpuSnapshot {
  std::vector<Duration> softirq, application, throttled;
  CpuSnapshot(const Cpus& cpus, std::size_t groups, Time now) {
    for (CoreIndex core = 0; core < cpus.cores(); ++core) {
      softirq.push_back(cpus.softirq_time(core, now));
      application.push_back(cpus.application_time(core, now));
    }
    for (GroupIndex group = 0; group < groups; ++group) {
      throttled.push_back(cpus.throttled_time(group, now));
    }
  }
};

std::vector<NodeCpu> cpu_between(const Cpus& cpus, const CpuSnapshot& from, const CpuSnapshot& to) {
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
  for (GroupIndex group = 0; group < to.throttled.size(); ++group) {
    nodes[cpus.node_of(group)].throttled += to.throttled[group] - from.throttled[group];
  }
  return nodes;
}

}  // namespace

RuleSizes rule_sizes(const BoundVariant& variant) {
  const Cluster& cluster = variant.cluster;
  const EndpointView view = cluster.endpoints.latest();
  RuleSizes sizes;
  for (ServicePortIndex index = 0; index < cluster.service_ports.size(); ++index) {
    const ServicePort& port = cluster.service_ports[index];
    const Service& service = cluster.services[port.service];
    if (service.headless || service.type == ServiceType::ExternalName) {
      continue;
    }
    const auto endpoints = view.endpoints(index);
    const auto addresses = static_cast<std::uint32_t>(service.external_ips.size() + service.load_balancer_ips.size());
    if (endpoints.empty()) {
      ++sizes.without_endpoints;
      sizes.external_without_endpoints += addresses + (port.node_port != 0 ? 1 : 0);
      continue;
    }
    ++sizes.service_ports;
    sizes.services_rules += 1 + addresses;
    sizes.node_ports += port.node_port != 0 ? 1 : 0;
    sizes.endpoints += endpoints.size();
  }
  const BackgroundSettings& background = variant.scenario.cluster.background;
  sizes.service_ports += background.services;
  sizes.services_rules += background.services;
  sizes.endpoints += std::uint64_t{background.services} * background.endpoints_per_service;
  std::vector<std::uint32_t> host_ports(cluster.nodes.size());
  for (const Pod& pod : cluster.pods) {
    const PodSpec& spec = cluster.spec(pod);
    if (spec.host_network) {
      continue;
    }
    for (const Container& container : spec.containers) {
      if (std::any_of(container.ports.begin(), container.ports.end(),
                      [](const ContainerPort& port) { return port.host_port != 0; })) {
        ++host_ports[pod.node];
      }
    }
  }
  // Of the fullest node: walks are shared by all nodes.
  sizes.host_port_containers = host_ports.empty() ? 0 : *std::max_element(host_ports.begin(), host_ports.end());
  return sizes;
}

VariantModels make_models(const BoundVariant& variant) {
  const ClusterSettings& cluster = variant.scenario.cluster;
  VariantModels models;
  models.sizes = rule_sizes(variant);
  const IptablesBackend backend = cluster.proxy.backend == "nft" ? IptablesBackend::Nft : IptablesBackend::Legacy;
  const ProxyInfo* mode = proxy_mode_named(cluster.proxy.mode);
  const CniInfo* kind = cni_kind_named(cluster.cni.kind);
  KNETSIM_ENSURE(mode != nullptr && kind != nullptr);
  models.proxy = mode->make({.kubernetes = parse_version(cluster.kubernetes),
                             .kernel = parse_version(cluster.kernel),
                             .backend = backend,
                             .scheduler = cluster.proxy.scheduler,
                             .sizes = models.sizes});
  models.cni = kind->make({.backend = cluster.cni.backend, .notrack = cluster.cni.notrack});
  models.host_ports = PortMap(models.sizes.host_port_containers, backend);
  return models;
}

Topology make_topology(const Scenario& scenario, const Cluster& cluster) {
  const TopologySettings& settings = scenario.cluster.topology;
  FabricHosts hosts;
  hosts.count = static_cast<std::uint32_t>(cluster.nodes.size());
  for (const ClusterNode& node : cluster.nodes) {
    hosts.names.emplace_back(node.name);
  }
  hosts.rate = scenario.cluster.nodes.nic;
  FabricWires wires;
  wires.delay = settings.delay;
  wires.switch_latency = settings.switch_latency;
  wires.switch_buffer = settings.buffer;
  if (settings.kind == "leaf-spine") {
    return leaf_spine({.hosts = std::move(hosts),
                       .wires = wires,
                       .leaves = settings.leaves,
                       .spines = settings.spines,
                       .uplink_rate = settings.uplink,
                       .oversubscription = settings.oversubscription});
  }
  if (settings.kind == "fat-tree") {
    return fat_tree(
        {.hosts = std::move(hosts), .wires = wires, .k = settings.k, .oversubscription = settings.oversubscription});
  }
  return single_switch({.hosts = std::move(hosts), .wires = wires});
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const StepKindInfo& kind : step_kinds()) {
    names.emplace_back(kind.name);
  }
  names.emplace_back("app.work");
  names.emplace_back("app.sleep");
  return names;
}

PointResult simulate(const BoundVariant& variant, std::uint32_t replicate, PointObserver* observer, RunDigest* order) {
  static_assert(kStepKinds + 2 <= kMaxKinds);
  const auto wall_start = std::chrono::steady_clock::now();
  const Scenario& scenario = variant.scenario;
  const Cluster& cluster = variant.cluster;
  const RandomStreams streams(hash_combine(scenario.run.seed, replicate));
  const VariantModels models = make_models(variant);
  const PlanTables tables = plan_tables(variant.profile);
  const Topology topology = make_topology(scenario, cluster);
  const Routing routing(topology, scenario.run.seed);

  const auto nodes = static_cast<std::uint32_t>(cluster.nodes.size());
  const std::uint32_t network_source = nodes;
  const std::uint32_t traffic_source = network_source + Network::sources_needed(topology);
  const std::uint32_t sync_source = traffic_source + TrafficRuntime::sources_needed(variant.traffic);
  Scheduler scheduler(sync_source + nodes);
  if (order != nullptr) {
    scheduler.digest_into(*order);
  }

  Cpus cpus(scheduler, 0);
  for (const ClusterNode& node : cluster.nodes) {
    cpus.add_node(static_cast<std::uint32_t>(std::max<std::int64_t>(1, node.capacity.cpu_milli / 1000)));
  }
  std::vector<GroupIndex> groups;
  groups.reserve(cluster.pods.size());
  for (const Pod& pod : cluster.pods) {
    const PodSpec& spec = cluster.spec(pod);
    groups.push_back(cpus.add_group(pod.node, weight_of(spec), quota_of(spec)));
  }
  Network network(scheduler, cpus, topology, routing, tables, streams,
                  parse_kernel_version(scenario.cluster.kernel).value_or(KernelVersion{}), network_source);
  for (HostId host = 0; host < nodes; ++host) {
    network.set_cpu_factor(host, scenario.cluster.nodes.cpu_factor);
  }
  PlanBook book(models.datapath(), variant.profile, tables, scenario.cluster.cni.mtu);
  std::vector<bool> udp;
  for (const EdgeSpec& edge : variant.traffic.edges) {
    udp.push_back(edge.udp);
  }
  ServiceDialer dialer(cluster, variant.targets, udp, book, *models.proxy, streams,
                       {.sync_period = scenario.cluster.proxy.sync_period,
                        .sizes = models.sizes,
                        .client_nodes_times_server_nodes = node_pairs(variant)});
  const Time from = kTimeZero + scenario.run.warm_up;
  const Time end = from + scenario.run.duration;
  TrafficRuntime traffic(scheduler, cpus, network, dialer, variant.traffic, groups, streams,
                         {.work = kWorkKind, .sleep = kSleepKind},
                         {.measure_from = from, .end = end, .series_points = 60}, traffic_source);
  cpus.set_owner(traffic);
  network.set_owner(traffic);
  ProxySync sync(scheduler, cpus, streams,
                 {.period = scenario.cluster.proxy.sync_period,
                  .cpu = from_seconds(models.proxy->partial_sync_seconds() * scenario.cluster.nodes.cpu_factor),
                  .cookie = TrafficRuntime::kNobody},
                 sync_source);

  traffic.start(kTimeZero);
  sync.start(kTimeZero);
  run_watched(scheduler, from, observer);
  const std::size_t group_count = groups.size();
  const CpuSnapshot before(cpus, group_count, from);
  std::vector<LinkCounters> links_before;
  for (LinkId link = 0; link < topology.links().size(); ++link) {
    links_before.push_back(network.links().counters(link, from));
  }
  run_watched(scheduler, end, observer);
  const CpuSnapshot after(cpus, group_count, end);

  PointResult result;
  traffic.finish(end);
  KNETSIM_ENSURE(network.counters().sent ==
                 network.counters().delivered + network.counters().lost + network.in_flight());
  result.nodes = cpu_between(cpus, before, after);
  for (LinkId link = 0; link < topology.links().size(); ++link) {
    const LinkCounters& a = links_before[link];
    const LinkCounters b = network.links().counters(link, end);
    KNETSIM_ENSURE(b.offered == b.sent + b.dropped + b.queued);
    result.links.push_back({.sent = b.sent - a.sent,
                            .packets = b.packets_offered - a.packets_offered,
                            .drops = b.packets_dropped - a.packets_dropped,
                            .busy = b.busy - a.busy,
                            .queue_max = b.queue_max});
  }
  result.edges = traffic.edges();
  result.sources = traffic.sources();
  result.served_by_pod = traffic.served_by_pod();
  result.network = network.counters();
  result.events = scheduler.events();
  result.completed = traffic.completed();
  result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start).count();
  return result;
}

}  // namespace knetsim
