#pragma once

#include <string>
#include <string_view>

#include "models/proxy/service_spec.h"

namespace knetsim {

/// SHA-256 of `text` in base32 (RFC 4648, no padding), which kube-proxy cuts to make chain names.
/// @source FIPS 180-4; k/k pkg/proxy/iptables/proxier.go, portProtoHash.
std::string sha256_base32(std::string_view text);

/// "KUBE-SVC-XPGD46QRK7WJZT7O": `prefix` and the hash of the Service port and its protocol.
std::string iptables_service_chain(std::string_view prefix, const ServicePortSpec& service);
/// "KUBE-SEP-...": the hash takes the endpoint's address and port as well.
std::string iptables_endpoint_chain(const ServicePortSpec& service, const EndpointSpec& endpoint);

/// "service-ULMVA6XW-ns1/svc1/tcp/p80": nftables names may be long, so that people can read them.
/// @source k/k pkg/proxy/nftables/proxier.go, hashAndTruncate.
std::string nftables_service_chain(std::string_view prefix, const ServicePortSpec& service);
std::string nftables_endpoint_chain(std::string_view prefix, const ServicePortSpec& service,
                                    const EndpointSpec& endpoint);

}  // namespace knetsim
