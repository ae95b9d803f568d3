#include "models/proxy/ipvs_text.h"

#include <fmt/format.h>

namespace knetsim {
namespace {

// k/k pkg/proxy/ipvs/util/ipset: hashsize 1024, maxelem 65536, range 0-65535.
std::string_view type_text(IpSet::Type type) {
  switch (type) {
    case IpSet::Type::Ip:
      return "hash:ip family inet hashsize 1024 maxelem 65536";
    case IpSet::Type::IpPort:
      return "hash:ip,port family inet hashsize 1024 maxelem 65536";
    case IpSet::Type::IpPortIp:
      return "hash:ip,port,ip family inet hashsize 1024 maxelem 65536";
    case IpSet::Type::IpPortNet:
      return "hash:ip,port,net family inet hashsize 1024 maxelem 65536";
    case IpSet::Type::Net:
      return "hash:net family inet hashsize 1024 maxelem 1048576";
    case IpSet::Type::Port:
      break;
  }
  return "bitmap:port range 0-65535";
}

std::string member_text(IpSet::Type type, const ServiceKey& member) {
  std::string address = to_text(member.address);
  switch (type) {
    case IpSet::Type::Ip:
      return address;
    case IpSet::Type::IpPort:
      return fmt::format("{},{}:{}", address, to_text(member.transport), member.port);
    case IpSet::Type::IpPortIp:
      return fmt::format("{0},{1}:{2},{0}", address, to_text(member.transport), member.port);
    case IpSet::Type::IpPortNet:
    case IpSet::Type::Net:
    case IpSet::Type::Port:
      break;
  }
  return fmt::format("{}", member.port);
}

}  // namespace

std::string ip_sets_text(const Ruleset& rules) {
  std::string out;
  for (const auto& [name, set] : rules.ip_sets) {
    out += fmt::format("create {} {}\n", name, type_text(set.type));
    for (const ServiceKey& member : set.members) out += fmt::format("add {} {}\n", name, member_text(set.type, member));
    for (const auto& [member, range] : set.sources) {
      out += fmt::format("add {} {},{}\n", name, member_text(IpSet::Type::IpPort, member), to_text(range));
    }
    for (const Ipv4Range& network : set.networks) out += fmt::format("add {} {}\n", name, to_text(network));
  }
  return out;
}

std::string virtual_servers_text(std::span<const VirtualServer> servers, std::string_view scheduler) {
  std::string out;
  for (const VirtualServer& server : servers) {
    const ServiceKey& key = server.key;
    const std::string at =
        fmt::format("-{} {}:{}", key.transport == Transport::Udp ? 'u' : 't', to_text(key.address), key.port);
    out += fmt::format("-A {} -s {}", at, scheduler);
    if (server.persistence_seconds != 0) out += fmt::format(" -p {}", server.persistence_seconds);
    out += '\n';
    for (const EndpointSpec& to : server.destinations) {
      out += fmt::format("-a {} -r {}:{} -m -w 1\n", at, to_text(to.address), to.port);
    }
  }
  return out;
}

std::string service_addresses_text(std::span<const Ipv4> addresses) {
  std::string out;
  for (const Ipv4 address : addresses) out += fmt::format("addr add {}/32 dev kube-ipvs0\n", to_text(address));
  return out;
}

}  // namespace knetsim
