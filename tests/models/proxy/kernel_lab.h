#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/proxy/ruleset.h"

namespace knetsim {

/// What a command printed, and how it ended. It is killed after ten seconds.
struct CommandResult {
  int status = 0;
  std::string output;  ///< stdout and stderr
};
CommandResult run_command(const std::string& command);
/// The same, reading `input`.
CommandResult run_command(const std::string& command, const std::string& input);

/// Network namespaces of this test process, and nothing outside them. Names carry the process id; those of a run that
/// was killed are removed by the next one. All of it needs root.
class KernelLab {
 public:
  KernelLab();
  ~KernelLab();
  KernelLab(const KernelLab&) = delete;
  KernelLab& operator=(const KernelLab&) = delete;

  /// Why nothing can be checked here; empty where it can.
  static std::string missing(const std::vector<std::string>& programs);

  /// A new namespace without IPv6, forwarding IPv4, bridged packets passing iptables.
  void add(const std::string& name);
  /// "ip" in that namespace; a failure fails the test.
  void ip(const std::string& name, const std::string& arguments);
  void bridge(const std::string& name, const std::string& arguments);
  /// A command in that namespace; a failure fails the test.
  std::string in(const std::string& name, const std::string& command);
  void feed(const std::string& name, const std::string& command, const std::string& input);
  /// Runs `work` on a thread inside that namespace and returns what it returns.
  int inside(const std::string& name, const std::function<int()>& work);
  /// Two ends of a cable, up.
  void cable(const std::string& a, const std::string& device_a, const std::string& b, const std::string& device_b);

 private:
  std::string full(const std::string& name) const;
  std::vector<std::string> names_;
};

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
ProbeResult open_and_reset(KernelLab& lab, const Probe& probe);

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
LegacyTableSize legacy_table_size(KernelLab& lab, const std::string& name, const std::string& table);

}  // namespace knetsim
