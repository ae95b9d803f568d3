#include "app/experiment/resource_results.h"

#include <map>

#include "app/experiment/metric_results.h"
#include "app/scenario/result_names.h"

namespace knetsim {
namespace {

void add_services(ServiceResults& results, const NameAxis& services, const BoundVariant& variant,
                  const PointResult& point) {
  const std::size_t cells = services.size() * kExposureNames.size();
  const std::size_t row = results.requests.size();
  std::int64_t* requests = append_row<std::int64_t>(results.requests, cells, 0);
  std::int64_t* errors = append_row<std::int64_t>(results.errors, cells, 0);
  std::int64_t* connections = append_row<std::int64_t>(results.connections, cells, 0);
  results.latency.resize(row + cells);
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    const std::size_t cell =
        services.at(service_name(variant, edge)) * kExposureNames.size() + exposure_of(variant.targets[edge]);
    const EdgeStats& stats = point.edges[edge];
    requests[cell] += signed_count(stats.asked);
    errors[cell] += signed_count(stats.errors + stats.timeouts);
    connections[cell] += signed_count(stats.connections);
    add_histogram(results.latency, row + cell, stats.latency_ns);
  }
}

void add_endpoints(EndpointResults& results, const NameAxis& endpoints, const BoundVariant& variant,
                   const PointResult& point) {
  std::int64_t* attempts = append_row<std::int64_t>(results.attempts, endpoints.size(), 0);
  double* share = append_row<double>(results.share, endpoints.size(), 0);
  const std::vector<Pod>& pods = variant.cluster->pods;
  const std::vector<PodIndex> serving = serving_pods(variant);
  std::map<WorkloadIndex, std::uint64_t> by_workload;
  for (const PodIndex pod : serving) by_workload[pods[pod].workload] += point.served_by_pod[pod];
  for (const PodIndex pod : serving) {
    const std::size_t cell = endpoints.at(endpoint_name(pods[pod]));
    const std::uint64_t all = by_workload[pods[pod].workload];
    attempts[cell] = signed_count(point.served_by_pod[pod]);
    share[cell] = all == 0 ? 0 : static_cast<double>(point.served_by_pod[pod]) / static_cast<double>(all);
  }
}

void add_cpu(CpuResults& cpu, const NameAxis& nodes, const BoundVariant& variant, const PointResult& point,
             double measured) {
  std::int64_t* cores = append_row<std::int64_t>(cpu.cores, nodes.size(), 0);
  double* utilisation = append_row(cpu.utilisation, nodes.size(), kNoMeasure);
  double* softirq_share = append_row(cpu.softirq_share, nodes.size(), kNoMeasure);
  double* busiest_core = append_row(cpu.busiest_core, nodes.size(), kNoMeasure);
  double* throttled_time = append_row(cpu.throttled_time, nodes.size(), kNoMeasure);
  for (std::size_t host = 0; host < variant.cluster->members().size(); ++host) {
    const NodeCpu& node = point.nodes[host];
    const std::size_t cell = nodes.at(std::string(variant.cluster->nodes[host].name));
    const double all = measured * node.cores;
    cores[cell] = node.cores;
    utilisation[cell] = to_seconds(node.softirq + node.application) / all;
    softirq_share[cell] = to_seconds(node.softirq) / all;
    busiest_core[cell] = to_seconds(node.busiest) / measured;
    throttled_time[cell] = to_seconds(node.throttled);
  }
}

void add_links(LinkResults& results, const NameAxis& links, const PointResult& point, const Topology& topology,
               double measured) {
  double* rate = append_row(results.rate, links.size(), kNoMeasure);
  std::int64_t* bytes = append_row<std::int64_t>(results.bytes, links.size(), 0);
  std::int64_t* packets = append_row<std::int64_t>(results.packets, links.size(), 0);
  double* utilisation = append_row(results.utilisation, links.size(), kNoMeasure);
  std::int64_t* queue_max = append_row<std::int64_t>(results.queue_max, links.size(), 0);
  std::int64_t* drops = append_row<std::int64_t>(results.drops, links.size(), 0);
  for (LinkId link = 0; link < point.links.size(); ++link) {
    const LinkUse& use = point.links[link];
    const std::size_t cell = links.at(topology.link_name(link));
    rate[cell] = static_cast<double>(topology.link(link).rate.bits_per_second());
    bytes[cell] = use.sent.count();
    packets[cell] = signed_count(use.packets);
    utilisation[cell] = to_seconds(use.busy) / measured;
    queue_max[cell] = use.queue_max.count();
    drops[cell] = signed_count(use.drops);
  }
}

}  // namespace

void add_resources(ExperimentResults& results, const ResultAxes& axes, const BoundVariant& variant,
                   const PointResult& point, const Topology& topology) {
  const double measured = to_seconds(variant.scenario.run.duration);
  add_services(results.service, axes.services, variant, point);
  add_endpoints(results.endpoint, axes.endpoints, variant, point);
  add_cpu(results.cpu, axes.nodes, variant, point, measured);
  add_links(results.link, axes.links, point, topology, measured);
  std::uint64_t dropped = 0;
  for (const LinkUse& use : point.links) {
    dropped += use.drops;
  }
  results.drops.packets.push_back(signed_count(dropped));
}

void describe_endpoints(ExperimentResults& results, const ResultAxes& axes, const std::vector<BoundVariant>& variants) {
  results.endpoint.workload.resize(axes.endpoints.size());
  results.endpoint.node.resize(axes.endpoints.size());
  for (const BoundVariant& variant : variants) {
    for (const PodIndex index : serving_pods(variant)) {
      const Pod& pod = variant.cluster->pods[index];
      const std::size_t at = axes.endpoints.at(endpoint_name(pod));
      if (results.endpoint.workload[at].empty()) {
        results.endpoint.workload[at] = workload_name(*variant.cluster, pod);
        results.endpoint.node[at] = std::string(variant.cluster->nodes[pod.node].name);
      }
    }
  }
}

}  // namespace knetsim
