#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "models/proxy/service_spec.h"

namespace knetsim {

/// A TCP connection opened and reset, and nothing else: SYN, SYN-ACK, ACK, RST.
struct Probe {
  std::string client;  ///< Namespace of the connecting process.
  Ipv4 to = 0;
  std::uint16_t port = 0;
  std::string server;  ///< Namespace of the listener, on all addresses.
  std::uint16_t server_port = 0;
};
struct ProbeResult {
  bool connected = false;
  Ipv4 endpoint = 0;  ///< The server's address of the accepted connection.
};
ProbeResult open_and_reset(const lab::NetNamespace& client, const lab::NetNamespace& server, const Probe& probe);

/// Packet counters by table, chain and rule.
using KernelCounters = std::map<std::string, std::map<std::string, std::vector<std::uint64_t>>>;
/// From iptables-save -c.
KernelCounters parse_iptables_counters(const std::string& saved);
/// Two counters a rule, evaluated and matched, from `nft list`; rules as nftables_text() writes them with counters.
struct NftRuleCounters {
  std::uint64_t evaluated = 0;
  std::uint64_t matched = 0;
};
std::map<std::string, std::vector<NftRuleCounters>> parse_nft_counters(const std::string& listed);

/// Bytes of a loaded legacy table, and its entries, as the kernel reports them (IPT_SO_GET_INFO).
struct LegacyTableSize {
  std::uint32_t bytes = 0;
  std::uint32_t entries = 0;
};
LegacyTableSize legacy_table_size(const lab::NetNamespace& space, const std::string& table);

}  // namespace knetsim
