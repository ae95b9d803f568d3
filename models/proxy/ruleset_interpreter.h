#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset.h"

namespace knetsim {

/// What rules see of a packet, with real addresses.
struct RulePacket {
  Transport transport = Transport::Tcp;
  Ipv4 source = 0;
  Ipv4 destination = 0;
  std::uint16_t destination_port = 0;
  CtState state = CtState::New;
  bool nat_bound = false;  ///< The connection has its NAT mapping: nat chains are not entered.
  std::uint32_t mark = 0;
  bool by_bridge_port = false;
  bool ipip = false;           ///< Protocol 4, whatever `transport` says.
  std::string_view in{};       ///< Device by which it came; empty: none, or nobody asks. Outlives the packet.
  std::string_view out{};      ///< Device by which it leaves, likewise.
  bool source_of_out = false;  ///< Its source is an address of that device.
  bool translated = false;     ///< Destination translated at some hook.
  bool masqueraded = false;
};

/// What chance and the past decide.
struct RuleChoice {
  std::uint32_t endpoint = 0;  ///< 0-based; every list of endpoints that is drawn from gives this one.
  int last_endpoint = -1;      ///< The client's last one where affinity remembers it.
};

enum class Verdict : std::uint8_t { Accept, Drop, Reject };

struct RuleWork {
  std::uint32_t rules = 0;    ///< Evaluated: every rule whose conditions were looked at. The policy and the implicit
                              ///< return at the end of a chain are not counted.
  std::uint32_t lookups = 0;  ///< In named or anonymous sets and maps.
  std::uint32_t matches = 0;  ///< Match extensions of iptables rules, up to the first that fails in each rule.
};

struct HookWork {
  RuleWork nat;
  RuleWork filter;
  Verdict verdict = Verdict::Accept;
};

/// One rule that was evaluated, by its place in the ruleset, and what its own conditions and actions took.
struct RuleVisit {
  std::uint32_t chain = 0;
  std::uint32_t rule = 0;
  std::uint32_t matches = 0;
  std::uint32_t lookups = 0;
};

/// A base chain that was entered, and all rules evaluated from there, in order.
struct BaseChainVisit {
  std::uint32_t table = 0;
  std::uint32_t chain = 0;
  std::vector<RuleVisit> rules{};
};

/// How often each rule was evaluated and matched, by table, chain and position as in the ruleset.
struct RuleCounters {
  std::uint64_t evaluated = 0;
  std::uint64_t matched = 0;
};

/// Walks packets through rules as the kernel does (net/ipv4/netfilter/ip_tables.c, ipt_do_table;
/// net/netfilter/nf_tables_core.c, nft_do_chain). Conntrack and routing are the caller's: it says which hook comes
/// next.
class RulesetInterpreter {
 public:
  /// @param local_addresses  The node's own, loopback (127/8) aside.
  /// @param backend          Which of an iptables rule's conditions are match extensions.
  RulesetInterpreter(const Ruleset& rules, std::vector<Ipv4> local_addresses,
                     IptablesBackend backend = IptablesBackend::Legacy);

  /// All base chains of `hook`, in the order of their priorities; changes the packet.
  HookWork at_hook(Hook hook, RulePacket& packet, const RuleChoice& choice);

  /// The base chains that the last call of at_hook() entered.
  const std::vector<BaseChainVisit>& visits() const { return visits_; }

  /// counters()[table][chain][rule]
  const std::vector<std::vector<std::vector<RuleCounters>>>& counters() const { return counters_; }

 private:
  enum class Flow : std::uint8_t { Continue, Return, Accept, Drop, Reject };
  struct Position {
    std::size_t table;
    std::size_t chain;
  };

  Flow run_chain(Position at, RulePacket& packet, const RuleChoice& choice, RuleWork& work);
  /// What rule number `visit` of the base chain's has taken beside `work` as it was before.
  void note(std::size_t visit, const RuleWork& before, const RuleWork& work);
  Flow run_named(std::size_t table, const std::string& chain, RulePacket& packet, const RuleChoice& choice,
                 RuleWork& work);
  /// All conditions of a rule, in the kernel's order, up to the first that fails.
  bool holds(std::size_t table, const Rule& rule, const RulePacket& packet, const RuleChoice& choice,
             RuleWork& work) const;
  bool matches(std::size_t table, const Match& any, const RulePacket& packet, const RuleChoice& choice,
               RuleWork& work) const;
  bool is_local(Ipv4 address) const;

  const Ruleset& rules_;
  std::vector<Ipv4> local_;
  IptablesBackend backend_;
  std::vector<Position> base_;  ///< In the order of their priorities.
  std::vector<std::unordered_map<std::string, std::size_t>> index_;
  std::vector<std::vector<std::vector<RuleCounters>>> counters_;
  std::vector<BaseChainVisit> visits_;
};

}  // namespace knetsim
