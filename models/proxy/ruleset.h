#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "models/proxy/service_spec.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// A visitor of matches or actions made of one function a kind.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

/// Key of a verdict map. The address is 0 where the map has none.
struct ServiceKey {
  Ipv4 address = 0;
  Transport transport = Transport::Tcp;
  std::uint16_t port = 0;
  auto operator<=>(const ServiceKey&) const = default;
};

/// Conditions of a rule, in the order in which they are tested. Those of xtables and of nftables share one vocabulary.
namespace match {
struct Protocol {
  Transport transport;
};
struct Ipip {};    ///< Protocol 4.
struct InDevice {  ///< The device by which it came
  std::string name;
  bool prefix = false;  ///< Any whose name begins so: "cali+".
};
struct OutDevice {
  std::string name;
  bool prefix = false;
};
struct Comment {  ///< One more beside the rule's first.
  std::string text;
};
struct Source {
  Ipv4Range range;
  bool negated = false;
};
struct Destination {
  Ipv4Range range;
  bool negated = false;
};
struct SourceAmong {  ///< nftables: in one of the ranges of a set without a name
  std::vector<Ipv4Range> ranges;
  bool negated = false;
};
struct DestinationPort {
  std::uint16_t port;
};
struct DestinationPorts {  ///< multiport, at most 15
  std::vector<std::uint16_t> ports;
};
struct State {  ///< ctstate; with `established`, RELATED as well
  bool is_new = false;
  bool established = false;
  bool invalid = false;
  bool dnat = false;  ///< The connection's destination was translated (a status, that xt_conntrack takes for a state).
  bool negated = false;
};
struct Mark {
  std::uint32_t bits;
  bool negated = false;
};
struct SourceLocal {  ///< addrtype --src-type LOCAL, fib saddr type local
  bool negated = false;
  bool of_out_device = false;  ///< --limit-iface-out: an address of the device by which it leaves
};
struct ReversePathFails {};  ///< rpfilter --validmark --invert: the source is not reached by the device that it came by
struct NotByBridgePort {};   ///< physdev ! --physdev-is-in
struct OfVirtualServer {     ///< ipvs: the packet belongs to a connection to this virtual server
  ServiceKey key;
};
struct DestinationLocal {  ///< addrtype --dst-type LOCAL
  bool negated = false;
};
struct Statistic {  ///< random: endpoint number `index` of `of` in the chain, 0-based
  std::uint32_t index;
  std::uint32_t of;
};
struct RecentCheck {  ///< xt_recent: the client's last endpoint was number `index`
  std::string list;
  int seconds;
  std::uint32_t index;
};
struct RecentSet {  ///< xt_recent --set: always matches, and records the client
  std::string list;
};
struct InSet {  ///< nftables: address in a named set
  std::string set;
  bool destination = true;
};
struct AffinitySet {  ///< nftables: the client is in the set of endpoint number `index`
  std::string set;
  std::uint32_t index;
};
struct InIpSet {  ///< xt_set: the packet is in the named set of the node, whose type says what of it is looked up
  std::string set;
  bool source = false;  ///< Of a set of networks: the source is looked up, and not the destination.
  bool negated = false;
};
struct DestinationTranslated {};  ///< nftables: ct status dnat
struct Hairpin {                  ///< nftables: saddr . daddr . l4proto . dport in the named set
  std::string set;
};
}  // namespace match

using Match = std::variant<match::Protocol, match::Ipip, match::InDevice, match::OutDevice, match::Comment,
                           match::ReversePathFails, match::Source, match::SourceAmong, match::Destination,
                           match::DestinationPort, match::DestinationPorts, match::State, match::Mark,
                           match::SourceLocal, match::NotByBridgePort, match::OfVirtualServer, match::DestinationLocal,
                           match::Statistic, match::RecentCheck, match::RecentSet, match::InSet, match::AffinitySet,
                           match::InIpSet, match::DestinationTranslated, match::Hairpin>;

/// What a matching rule does, in order.
namespace action {
struct Jump {
  std::string chain;
};
struct Goto {
  std::string chain;
};
struct Return {};
struct Accept {};
struct Drop {};
struct Reject {};
struct Dnat {
  EndpointSpec endpoint;
};
struct Masquerade {
  bool fully_random = true;
  std::uint16_t first_port = 0;  ///< --to-ports, with the last one; 0: whichever.
  std::uint16_t last_port = 0;
};
struct SetMark {
  std::uint32_t bits;
};
struct ClearMark {  ///< xor: the mark is known to be set
  std::uint32_t bits;
};
struct ResetMark {  ///< Whether it is set or not.
  std::uint32_t bits;
};
struct NoTrack {};
struct UpdateAffinity {
  std::string set;
};
enum class Key : std::uint8_t { AddressProtocolPort, ProtocolPort };
struct VerdictMap {  ///< destination looked up in a named verdict map; no element: the next rule
  std::string map;
  Key key = Key::AddressProtocolPort;
};
struct RandomGoto {  ///< numgen random mod E vmap
  std::vector<std::string> chains;
};
struct RandomDnat {  ///< dnat to numgen random mod E map
  std::vector<EndpointSpec> endpoints;
};
}  // namespace action

using Action =
    std::variant<action::Jump, action::Goto, action::Return, action::Accept, action::Drop, action::Reject, action::Dnat,
                 action::Masquerade, action::SetMark, action::ClearMark, action::ResetMark, action::NoTrack,
                 action::UpdateAffinity, action::VerdictMap, action::RandomGoto, action::RandomDnat>;

struct Rule {
  std::vector<Match> matches{};
  std::vector<Action> actions{};
  std::string comment{};  ///< iptables: a match of its own, unless empty; nftables: kept beside the rule.
};

/// Where the kernel enters a chain.
struct BaseHook {
  Hook hook;
  int priority;  ///< NF_IP_PRI_*: the chains of a hook run in this order.
  bool nat;      ///< Entered by the first packet of a connection alone.
};

struct Chain {
  std::string name{};
  std::optional<BaseHook> base{};
  std::vector<Rule> rules{};
};

/// Verdicts of map elements.
struct MapVerdict {
  std::string goto_chain;  ///< Empty: drop.
};

/// A named object that rules look packets up in (nftables).
struct NamedMap {
  action::Key key = action::Key::AddressProtocolPort;
  std::string comment;
  std::map<ServiceKey, MapVerdict> elements;
};
struct NamedSet {
  std::string comment{};
  std::vector<Ipv4> addresses{};       ///< type ipv4_addr
  std::vector<ServiceKey> hairpins{};  ///< type ipv4_addr . ipv4_addr . inet_proto . inet_service, both addresses equal
  std::optional<int> affinity_seconds{};  ///< Filled by rules; elements time out.
  bool is_hairpin = false;
};

/// A table of chains. xtables has one for nat and one for filter; kube-proxy's nftables mode has one for both.
struct Table {
  std::string name{};
  std::vector<Chain> chains{};
  std::map<std::string, NamedMap> maps{};
  std::map<std::string, NamedSet> sets{};

  Chain* chain(std::string_view wanted);
  const Chain* chain(std::string_view wanted) const;
  /// The chain of this name, new and empty where there is none.
  Chain& ensure_chain(std::string_view wanted);
};

/// A set of the ipset program, outside all tables: xtables rules of one node share it.
struct IpSet {
  /// hash:ip hash:ip,port hash:ip,port,ip hash:ip,port,net bitmap:port hash:net
  enum class Type : std::uint8_t { Ip, IpPort, IpPortIp, IpPortNet, Port, Net };
  Type type = Type::IpPort;
  std::string comment{};  ///< Of the rules that look into it.
  std::set<ServiceKey>
      members{};  ///< What the type does not look at is 0; hash:ip,port,ip: both addresses are the same.
  std::vector<std::pair<ServiceKey, Ipv4Range>> sources{};  ///< hash:ip,port,net: its members.
  std::vector<Ipv4Range> networks{};                        ///< hash:net: its members.
  bool is_empty() const { return members.empty() && sources.empty() && networks.empty(); }
};

enum class RuleSyntax : std::uint8_t { Iptables, Nftables };

/// Rules of one node as data: what the text writers print, the interpreter walks through, and the models' counts are
/// checked against.
struct Ruleset {
  RuleSyntax syntax = RuleSyntax::Iptables;
  std::vector<Table> tables;
  std::map<std::string, IpSet> ip_sets{};

  Table& table(std::string_view wanted);
  const Table& table(std::string_view wanted) const;
};

/// Rules of a table that kube-proxy itself counts (k/k metrics IPTablesRulesTotal): those of its own chains, without
/// the jumps from the built-in chains and without KUBE-FIREWALL, which is kubelet's.
std::size_t generated_rules(const Table& table);

}  // namespace knetsim
