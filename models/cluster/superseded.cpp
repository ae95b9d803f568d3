#include "models/cluster/superseded.h"

#include <span>
#include <utility>

namespace knetsim {
namespace {

/// Whether each row stays.
std::vector<bool> staying(std::size_t rows, std::span<const RowRange> gone) {
  std::vector<bool> stays(rows, true);
  for (const RowRange& range : gone) {
    for (std::uint32_t i = range.first; i < range.first + range.count; ++i) stays[i] = false;
  }
  return stays;
}

template <class Row>
void keep(std::vector<Row>& table, const std::vector<bool>& stays) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!stays[i]) continue;
    if (kept != i) table[kept] = std::move(table[i]);
    ++kept;
  }
  table.erase(table.begin() + static_cast<std::ptrdiff_t>(kept), table.end());
}

template <class Row>
void take_out_of(std::vector<Row>& table, std::span<const RowRange> gone) {
  if (!gone.empty()) keep(table, staying(table.size(), gone));
}

/// Services are named by their ports, and name them by range.
void take_out_services(Cluster& cluster, std::span<const RowRange> gone) {
  if (gone.empty()) return;
  keep(cluster.services, staying(cluster.services.size(), gone));
  std::vector<ServicePort> ports;
  for (ServiceIndex i = 0; i < cluster.services.size(); ++i) {
    Service& service = cluster.services[i];
    const auto first = static_cast<ServicePortIndex>(ports.size());
    for (ServicePort port : cluster.ports(service)) {
      port.service = i;
      ports.push_back(port);
    }
    service.first_port = first;
  }
  cluster.service_ports = std::move(ports);
}

void add_rows(std::vector<RowRange>& gone, std::uint32_t before, std::uint32_t after) {
  if (after > before) gone.push_back({.first = before, .count = after - before});
}

template <class Row>
std::uint32_t rows(const std::vector<Row>& table) {
  return static_cast<std::uint32_t>(table.size());
}

}  // namespace

TableSizes::TableSizes(const Manifests& manifests)
    : nodes(rows(manifests.cluster.nodes)),
      pods(rows(manifests.cluster.pods)),
      controllers(rows(manifests.controllers)),
      services(rows(manifests.cluster.services)),
      endpoint_slices(rows(manifests.endpoint_slices.slices)),
      legacy_endpoints(rows(manifests.legacy_endpoints.slices)),
      absent(rows(manifests.cluster.absent)),
      http_routes(rows(manifests.cluster.http_routes)),
      route_classes(rows(manifests.cluster.route_classes)),
      gateways(rows(manifests.cluster.gateways)),
      network_policies(rows(manifests.cluster.network_policies)) {}

void Superseded::add(const TableSizes& before, const TableSizes& after) {
  add_rows(nodes_, before.nodes, after.nodes);
  add_rows(pods_, before.pods, after.pods);
  add_rows(controllers_, before.controllers, after.controllers);
  add_rows(services_, before.services, after.services);
  add_rows(endpoint_slices_, before.endpoint_slices, after.endpoint_slices);
  add_rows(legacy_endpoints_, before.legacy_endpoints, after.legacy_endpoints);
  add_rows(absent_, before.absent, after.absent);
  add_rows(http_routes_, before.http_routes, after.http_routes);
  add_rows(route_classes_, before.route_classes, after.route_classes);
  add_rows(gateways_, before.gateways, after.gateways);
  add_rows(network_policies_, before.network_policies, after.network_policies);
}

void Superseded::take_out(Manifests& manifests) const {
  Cluster& cluster = manifests.cluster;
  take_out_of(cluster.nodes, nodes_);
  take_out_of(manifests.pod_owners, pods_);
  take_out_of(manifests.pod_nodes, pods_);
  take_out_of(manifests.pod_marks, pods_);
  take_out_of(cluster.pods, pods_);
  take_out_of(manifests.controllers, controllers_);
  take_out_services(cluster, services_);
  take_out_of(manifests.endpoint_slices.slices, endpoint_slices_);
  take_out_of(manifests.legacy_endpoints.slices, legacy_endpoints_);
  take_out_of(cluster.absent, absent_);
  take_out_of(cluster.http_routes, http_routes_);
  take_out_of(cluster.route_classes, route_classes_);
  take_out_of(cluster.gateways, gateways_);
  take_out_of(cluster.network_policies, network_policies_);
}

}  // namespace knetsim
