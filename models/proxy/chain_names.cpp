#include "models/proxy/chain_names.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "sim/checksum/sha256.h"

namespace knetsim {
namespace {

constexpr std::size_t kIptablesHash = 16;  // chain names have at most 28 characters
constexpr std::size_t kNftablesHash = 8;
constexpr std::size_t kNftablesNameMax = 256 - 16;  // knftables.NameLengthMax less the longest prefix

std::string hashed_and_cut(std::string_view name) {
  std::string full = sha256_base32(name).substr(0, kNftablesHash) + "-" + std::string(name);
  if (full.size() > kNftablesNameMax) {
    full = full.substr(0, kNftablesNameMax - 3) + "...";
  }
  return full;
}

std::string nftables_base(const ServicePortSpec& service) {
  return fmt::format("{}/{}/{}/{}", service.name_space, service.name, to_text(service.transport), service.port_name);
}

}  // namespace

std::string sha256_base32(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string encoded;
  std::uint32_t pending = 0;
  int bits = 0;
  for (const std::byte byte : sha256(text)) {
    pending = (pending << 8) | std::to_integer<std::uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) {
      encoded += kAlphabet[(pending >> (bits - 5)) & 31];
    }
  }
  encoded += kAlphabet[(pending << (5 - bits)) & 31];  // 256 bits leave one over
  return encoded;
}

std::string iptables_service_chain(std::string_view prefix, const ServicePortSpec& service) {
  const std::string hashed = service.port_string() + std::string(to_text(service.transport));
  return std::string(prefix) + sha256_base32(hashed).substr(0, kIptablesHash);
}

std::string iptables_endpoint_chain(const ServicePortSpec& service, const EndpointSpec& endpoint) {
  const std::string hashed = fmt::format("{}{}{}:{}", service.port_string(), to_text(service.transport),
                                         to_text(endpoint.address), endpoint.port);
  return "KUBE-SEP-" + sha256_base32(hashed).substr(0, kIptablesHash);
}

std::string nftables_service_chain(std::string_view prefix, const ServicePortSpec& service) {
  return std::string(prefix) + hashed_and_cut(nftables_base(service));
}

std::string nftables_endpoint_chain(std::string_view prefix, const ServicePortSpec& service,
                                    const EndpointSpec& endpoint) {
  return std::string(prefix) +
         hashed_and_cut(fmt::format("{}__{}/{}", nftables_base(service), to_text(endpoint.address), endpoint.port));
}

}  // namespace knetsim
