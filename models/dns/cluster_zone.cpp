#include "models/dns/cluster_zone.h"

#include <algorithm>
#include <set>
#include <vector>

#include "models/cluster/pod_selection.h"
#include "models/dns/message_size.h"

namespace knetsim {
namespace {

std::string_view without_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// "b.c" of "a.b.c": the zone whose SOA says that there is none.
std::string_view parent(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

/// "a.b.c": c, b, a.
std::vector<std::string_view> labels_from_the_end(std::string_view name) {
  std::vector<std::string_view> labels;
  while (!name.empty()) {
    const std::size_t dot = name.rfind('.');
    labels.push_back(dot == std::string_view::npos ? name : name.substr(dot + 1));
    name = dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
  }
  return labels;
}

std::string dashed(const IpAddress& address) {
  std::string text = to_string(address);
  std::ranges::replace_if(
      text, [](char c) { return c == '.' || c == ':'; }, '-');
  return text;
}

/// A pod that was made anew in the plan of a run has a number behind its name there: web-1#2.
std::string_view own_name(const Pod& pod) { return pod.name.substr(0, pod.name.find('#')); }

/// Aliases of aliases that CoreDNS follows: plugin/backend_lookup.go.
constexpr std::uint32_t kMostAliases = 8;

/// "10-0-0-1"
bool is_dashed_ipv4(std::string_view label) {
  std::string text(label);
  std::ranges::replace(text, '-', '.');
  const auto address = parse_ip(text);
  return address && address->family() == IpFamily::V4;
}

}  // namespace

ClusterZone::ClusterZone(const Cluster& cluster, std::string_view domain)
    : cluster_(cluster), names_(cluster), view_(cluster.endpoints.latest()), domain_(domain) {}

bool ClusterZone::holds(std::string_view name) const {
  name = without_dot(name);
  if (name == domain_) return true;
  return name.size() > domain_.size() && name.ends_with(domain_) && name[name.size() - domain_.size() - 1] == '.';
}

ZoneAnswer ClusterZone::unknown(std::string_view name) {
  name = without_dot(name);
  return {.answer = Answer::NxDomain, .forwarded = true, .bytes = negative_answer_bytes(name, parent(name))};
}

ZoneAnswer ClusterZone::made(std::string_view name, Answer answer, RecordType type, std::uint32_t records) const {
  ZoneAnswer made{.answer = answer, .records = answer == Answer::Records ? records : 0};
  made.bytes = answer != Answer::Records ? negative_answer_bytes(name, domain_)
                                         : address_answer_bytes(name, records, type == RecordType::Aaaa ? 16 : 4);
  return made;
}

ZoneAnswer ClusterZone::answer(std::string_view name, RecordType type, std::uint32_t aliases) const {
  name = without_dot(name);
  if (!holds(name)) {
    if (name.find('.') == std::string_view::npos) return unknown(name);  // the root knows no such zone
    ZoneAnswer outside{.answer = Answer::NoData, .forwarded = true, .bytes = negative_answer_bytes(name, parent(name))};
    if (type == RecordType::A) {
      outside = {.answer = Answer::Records, .records = 1, .forwarded = true, .bytes = address_answer_bytes(name, 1, 4)};
    }
    return outside;
  }
  const std::string_view below =
      name == domain_ ? std::string_view{} : name.substr(0, name.size() - domain_.size() - 1);
  const std::vector<std::string_view> labels = labels_from_the_end(below);
  const auto nothing = [&](bool exists) { return made(name, exists ? Answer::NoData : Answer::NxDomain, type, 0); };
  if (labels.empty()) return nothing(true);
  if (labels[0] == "pod") {
    if (labels.size() <= 2) return nothing(labels.size() == 1 || has_namespace(labels[1]));
    if (labels.size() > 3 || !has_namespace(labels[1]) || !is_dashed_ipv4(labels[2])) return nothing(false);
    return type == RecordType::A ? made(name, Answer::Records, type, 1) : nothing(true);
  }
  if (labels[0] != "svc") return nothing(false);
  if (labels.size() <= 2) return nothing(labels.size() == 1 || has_namespace(labels[1]));
  if (labels.size() == 5 && labels[3].starts_with('_') && labels[4].starts_with('_')) {
    const ZoneAnswer found = of_port(name, labels[4].substr(1), labels[3].substr(1), labels[2], labels[1]);
    return type == RecordType::Srv || found.answer != Answer::Records ? found : nothing(true);
  }
  if (labels.size() > 4) return nothing(false);
  return of_service(name, labels[2], labels[1], labels.size() == 4 ? labels[3] : std::string_view{}, type, aliases);
}

ZoneAnswer ClusterZone::of_service(std::string_view name, std::string_view service_name, std::string_view ns,
                                   std::string_view host, RecordType type, std::uint32_t aliases) const {
  const ServiceIndex index = names_.service(ns, service_name);
  if (index == kNoIndex) return made(name, Answer::NxDomain, type, 0);
  const Service& service = cluster_.services[index];
  if (service.type == ServiceType::ExternalName) {
    if (!host.empty()) return made(name, Answer::NxDomain, type, 0);
    if (aliases == kMostAliases) return made(name, Answer::NxDomain, type, 0);
    ZoneAnswer alias = answer(service.external_name, type, aliases + 1);
    alias.bytes = alias_answer_bytes(name, service.external_name, alias.records);
    return alias;
  }
  const bool whole = !service.headless && host.empty();
  const Addresses found = whole ? cluster_addresses(service) : addresses(service, host);
  if (!whole && found.v4 + found.v6 == 0) return made(name, Answer::NxDomain, type, 0);
  const std::uint32_t records = type == RecordType::A ? found.v4 : type == RecordType::Aaaa ? found.v6 : 0;
  return made(name, records > 0 ? Answer::Records : Answer::NoData, type, records);
}

/// Those of its ready endpoints, each once whatever its ports are; of one host among them where that is named.
ClusterZone::Addresses ClusterZone::addresses(const Service& service, std::string_view host) const {
  std::set<IpAddress> found;
  for (const Endpoint& endpoint : ready_endpoints(service)) {
    if (host.empty() || host_name(service, endpoint) == host) found.insert(endpoint.address);
  }
  const auto of = [&](IpFamily family) {
    return static_cast<std::uint32_t>(std::ranges::count(found, family, &IpAddress::family));
  };
  return {.v4 = of(IpFamily::V4), .v6 = of(IpFamily::V6)};
}

/// Its own, of which the cluster gives it one of IPv4 where it may have one.
ClusterZone::Addresses ClusterZone::cluster_addresses(const Service& service) {
  const bool v6 = std::ranges::find(service.cluster_ips, IpFamily::V6, &IpAddress::family) != service.cluster_ips.end();
  const bool v4 = serves(service, IpFamily::V4);
  return {.v4 = v4 ? 1U : 0U, .v6 = v6 || (!v4 && serves(service, IpFamily::V6)) ? 1U : 0U};
}

std::vector<Endpoint> ClusterZone::ready_endpoints(const Service& service) const {
  std::vector<Endpoint> ready;
  for (ServicePortIndex port = service.first_port; port < service.first_port + service.port_count; ++port) {
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
      for (const Endpoint& endpoint : view_.endpoints(port, family)) {
        if (endpoint.ready) ready.push_back(endpoint);
      }
    }
  }
  if (service.port_count > 0 || service.selector.empty()) return ready;
  // A slice without ports has a port that nobody knows (EndpointSliceToEndpoints: -1): its addresses are there.
  for (const PodIndex index : PodSelection(cluster_).select(service.ns, service.selector)) {
    const Pod& pod = cluster_.pods[index];
    if (pod.later || !(service.publish_not_ready || (pod.ready && !pod.terminating))) continue;
    for (const IpAddress& address : {pod.ip, pod.secondary_ip}) {
      if (!address || !serves(service, address.family())) continue;
      ready.push_back({.address = address, .pod = index, .node = pod.node});
    }
  }
  return ready;
}

std::string ClusterZone::host_name(const Service& service, const Endpoint& endpoint) const {
  if (endpoint.pod != kNoIndex) {
    const Pod& pod = cluster_.pods[endpoint.pod];
    const PodDns& dns = cluster_.spec(pod).dns;
    const std::string_view own = dns.hostname_is_its_name ? own_name(pod) : dns.hostname;
    if (!own.empty() && dns.subdomain == service.name && pod.ns == service.ns) return std::string(own);
  }
  return dashed(endpoint.address);
}

ZoneAnswer ClusterZone::of_port(std::string_view name, std::string_view port, std::string_view protocol,
                                std::string_view service_name, std::string_view ns) const {
  const ServiceIndex index = names_.service(ns, service_name);
  ZoneAnswer none = made(name, Answer::NxDomain, RecordType::Srv, 0);
  if (index == kNoIndex || cluster_.services[index].type == ServiceType::ExternalName) return none;
  const Service& service = cluster_.services[index];
  for (ServicePortIndex at = service.first_port; at < service.first_port + service.port_count; ++at) {
    const ServicePort& one = cluster_.service_ports[at];
    std::string transport(to_string(one.protocol));
    std::ranges::transform(transport, transport.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (one.name != port || transport != protocol) continue;
    const std::string plain = std::string(service.name) + "." + std::string(ns) + ".svc." + domain_;
    if (!service.headless) {
      return {.answer = Answer::Records, .records = 1, .bytes = srv_answer_bytes(name, plain, 1)};
    }
    std::set<IpAddress> found;
    std::string longest;
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
      for (const Endpoint& endpoint : view_.endpoints(at, family)) {
        if (endpoint.ready && found.insert(endpoint.address).second) longest = host_name(service, endpoint);
      }
    }
    if (found.empty()) return none;
    const auto records = static_cast<std::uint32_t>(found.size());
    longest.append(".").append(plain);
    return {.answer = Answer::Records, .records = records, .bytes = srv_answer_bytes(name, longest, records)};
  }
  return none;
}

bool ClusterZone::has_namespace(std::string_view ns) const {
  return std::ranges::any_of(cluster_.services, [&](const Service& one) { return one.ns == ns; }) ||
         std::ranges::any_of(cluster_.member_pods(), [&](const Pod& one) { return one.ns == ns; });
}

}  // namespace knetsim
