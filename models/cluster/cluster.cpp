#include "models/cluster/cluster.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace knetsim {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::Tcp:
      return "TCP";
    case Protocol::Udp:
      return "UDP";
    case Protocol::Sctp:
      break;
  }
  return "SCTP";
}

std::string_view to_string(ServiceType type) {
  switch (type) {
    case ServiceType::ClusterIp:
      return "ClusterIP";
    case ServiceType::NodePort:
      return "NodePort";
    case ServiceType::LoadBalancer:
      return "LoadBalancer";
    case ServiceType::ExternalName:
      break;
  }
  return "ExternalName";
}

bool serves(const Service& service, IpFamily family) {
  if (!service.families.empty()) return std::ranges::find(service.families, family) != service.families.end();
  return service.cluster_ips.empty() ||
         std::ranges::find(service.cluster_ips, family, &IpAddress::family) != service.cluster_ips.end();
}

OuterAddresses addresses_of(const Service& service, IpFamily family) {
  OuterAddresses addresses;
  const auto is_of_family = [family](const IpAddress& ip) { return ip.family() == family; };
  std::ranges::copy_if(service.external_ips, std::back_inserter(addresses.all), is_of_family);
  addresses.external_ips = addresses.count();
  std::ranges::copy_if(service.load_balancer_ips, std::back_inserter(addresses.all), is_of_family);
  return addresses;
}

bool has_addresses(const Service& service, IpFamily family) {
  const auto is_of_family = [family](const IpAddress& ip) { return ip.family() == family; };
  return std::ranges::any_of(service.external_ips, is_of_family) ||
         std::ranges::any_of(service.load_balancer_ips, is_of_family);
}

std::string object_label(std::string_view kind, std::string_view ns, std::string_view name) {
  std::string label(kind);
  label += ' ';
  if (!ns.empty() && ns != "default") {
    label += ns;
    label += '/';
  }
  label += name;
  return label;
}

std::optional<std::uint16_t> find_port(const PodSpec& spec, std::string_view name, Protocol protocol) {
  for (const Container& container : spec.containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.name == name && port.protocol == protocol) return port.port;
    }
  }
  return std::nullopt;
}

std::size_t ClusterNames::KeyHash::operator()(const Key& key) const {
  const std::hash<std::string_view> hash;
  return hash(key.name) * 31 + hash(key.ns);
}

ClusterNames::ClusterNames(const Cluster& cluster) {
  const auto fill = [](Table& table, const auto& objects) {
    table.reserve(objects.size());
    for (std::uint32_t i = 0; i < objects.size(); ++i) table.try_emplace({objects[i].ns, objects[i].name}, i);
  };
  fill(pods_, cluster.member_pods());
  fill(services_, cluster.services);
  fill(workloads_, cluster.workloads);
  for (NodeIndex i = 0; i < cluster.members().size(); ++i) nodes_.try_emplace({{}, cluster.nodes[i].name}, i);
}

std::uint32_t ClusterNames::find(const Table& table, std::string_view ns, std::string_view name) {
  const auto found = table.find({ns, name});
  return found == table.end() ? kNoIndex : found->second;
}

NodeIndex ClusterNames::node(std::string_view name) const { return find(nodes_, {}, name); }
PodIndex ClusterNames::pod(std::string_view ns, std::string_view name) const { return find(pods_, ns, name); }
ServiceIndex ClusterNames::service(std::string_view ns, std::string_view name) const {
  return find(services_, ns, name);
}
WorkloadIndex ClusterNames::workload(std::string_view ns, std::string_view name) const {
  return find(workloads_, ns, name);
}

}  // namespace knetsim
