#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"
#include "sim/core/units.h"

namespace knetsim {

enum class RecordType : std::uint8_t { A, Aaaa, Srv };

/// What a name has, of one type.
enum class Answer : std::uint8_t {
  Records,
  NoData,    ///< The name is there, and has none of that type.
  NxDomain,  ///< There is no such name.
};

/// An answer, and who knows it.
struct ZoneAnswer {
  Answer answer = Answer::NxDomain;
  std::uint32_t records = 0;
  bool forwarded = false;  ///< Whoever serves the cluster's zone has to ask an upstream for it.
  Bytes bytes{};           ///< Of the message.
};

/// The cluster's own zone, as CoreDNS' plugin kubernetes answers for it, when a run begins:
///
/// - NAME.NAMESPACE.svc.DOMAIN: the address of a Service; of a headless one those of its ready pods (of all with
///   publishNotReadyAddresses), no such name where there is none; of an ExternalName its alias, resolved upstream;
/// - POD.NAME.NAMESPACE.svc.DOMAIN: a pod of a headless Service, by its hostname (of a StatefulSet's its own name) where
///   its subdomain is the Service's name, else by its address with dashes;
/// - _PORT._PROTOCOL.NAME.NAMESPACE.svc.DOMAIN: SRV records of a Service's port;
/// - 10-0-0-1.NAMESPACE.pod.DOMAIN ("pods insecure");
/// - what has names below it (NAMESPACE.svc.DOMAIN, svc.DOMAIN, DOMAIN) is there without records.
///
/// A and AAAA are those of the addresses that there are. A headless Service needs no ports: then its pods are those that it
/// selects. Other names are forwarded, and have an IPv4 address and no IPv6 one.
/// @source coredns/coredns plugin/kubernetes (parse.go, kubernetes.go findServices, handler.go,
///         object/endpoint.go EndpointSliceToEndpoints); kubernetes/dns
///         docs/specification.md.
class ClusterZone {
 public:
  /// @param cluster  Outlives this. @param domain  Without a dot at its end.
  ClusterZone(const Cluster& cluster, std::string_view domain);

  /// @param name  Whole, with or without a dot at its end; letters as they are.
  ZoneAnswer answer(std::string_view name, RecordType type) const { return answer(name, type, 0); }
  /// Of a name outside of the cluster's zone that is not there.
  static ZoneAnswer unknown(std::string_view name);
  /// Whether the cluster's own zone has to know it.
  bool holds(std::string_view name) const;

 private:
  ZoneAnswer answer(std::string_view name, RecordType type, std::uint32_t aliases) const;
  ZoneAnswer of_service(std::string_view name, std::string_view service, std::string_view ns, std::string_view host,
                        RecordType type, std::uint32_t aliases) const;
  ZoneAnswer of_port(std::string_view name, std::string_view port, std::string_view protocol, std::string_view service,
                     std::string_view ns) const;
  struct Addresses {
    std::uint32_t v4 = 0;
    std::uint32_t v6 = 0;
  };
  Addresses addresses(const Service& service, std::string_view host) const;
  static Addresses cluster_addresses(const Service& service);
  std::vector<Endpoint> ready_endpoints(const Service& service) const;
  std::string host_name(const Service& service, const Endpoint& endpoint) const;
  bool has_namespace(std::string_view ns) const;
  ZoneAnswer made(std::string_view name, Answer answer, RecordType type, std::uint32_t records) const;

  const Cluster& cluster_;
  ClusterNames names_;
  EndpointView view_;
  std::string domain_;
};

}  // namespace knetsim
