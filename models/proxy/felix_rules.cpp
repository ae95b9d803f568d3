#include "models/proxy/felix_rules.h"

#include <algorithm>
#include <map>
#include <utility>

#include "models/proxy/kube_chains.h"
#include "sim/checksum/sha1.h"
#include "sim/core/ensure.h"
#include "sim/net/flow_hash.h"

namespace knetsim {
namespace {

constexpr int kRawPriority = -300;     // NF_IP_PRI_RAW
constexpr int kManglePriority = -150;  // NF_IP_PRI_MANGLE

constexpr std::uint32_t kAccept = kFelixAcceptMark;
constexpr std::uint32_t kPass = 0x20000;
constexpr std::uint32_t kScratch0 = 0x40000;
constexpr std::uint32_t kScratch1 = 0x80000;
constexpr std::uint32_t kAll = kAccept | kPass | kScratch0 | kScratch1;

constexpr std::size_t kHashDigits = 11;  // behind "cali", to the 15 characters of a device's name

const Match kEstablished = match::State{.established = true};
const Match kAccepted = match::Mark{kAccept};
const Match kFromPods = match::InDevice{std::string(kPodDevices), true};
const Match kToPods = match::OutDevice{std::string(kPodDevices), true};

/// Each rule of Felix has its hash for a comment, and a text for people behind it where there is one.
Rule felix_rule(std::vector<Match> matches, Action does, const char* text = nullptr) {
  if (text != nullptr) matches.insert(matches.begin(), match::Comment{text});
  return {.matches = std::move(matches), .actions = {std::move(does)}, .comment = "cali:"};
}
Rule always(Action does, const char* text = nullptr) { return felix_rule({}, std::move(does), text); }
Action jump(std::string chain) { return action::Jump{std::move(chain)}; }

const Action kAcceptIt = action::Accept{};
const Action kDropIt = action::Drop{};
const Action kReturn = action::Return{};

Match vxlan_ports() { return match::DestinationPorts{{kVxlanPort}}; }

/// A table that only Felix writes to.
Table own_table(const char* name, int priority, std::initializer_list<std::pair<Hook, const char*>> hooks) {
  Table table{.name = name};
  for (const auto& [hook, chain] : hooks) {
    table.chains.push_back({.name = chain,
                            .base = BaseHook{hook, priority, false},
                            .rules = {always(jump(std::string("cali-") + chain))}});
  }
  return table;
}

void add(Table& table, const char* chain, std::vector<Rule> rules) {
  table.chains.push_back({.name = chain, .rules = std::move(rules)});
}

Table raw_table(const FelixOptions& options) {
  Table raw = own_table("raw", kRawPriority, {{Hook::Prerouting, "PREROUTING"}, {Hook::Output, "OUTPUT"}});
  std::vector<Rule> in = {always(action::ResetMark{kAll})};
  std::vector<Rule> out = {always(action::ResetMark{kAll}), always(jump("cali-to-host-endpoint"))};
  if (options.encapsulation == Encapsulation::Vxlan) {
    const Rule exempt =
        felix_rule({match::Protocol{Transport::Udp}, match::DestinationPort{kVxlanPort}}, action::NoTrack{});
    in.push_back(exempt);
    out.push_back(exempt);
  }
  out.push_back(felix_rule({kAccepted}, kAcceptIt));
  const Match from_pod = match::Mark{kScratch0};
  for (Rule& next : std::vector<Rule>{felix_rule({kFromPods}, action::SetMark{kScratch0}),
                                      felix_rule({from_pod}, jump("cali-rpf-skip")),
                                      felix_rule({from_pod, match::ReversePathFails{}}, kDropIt),
                                      felix_rule({match::Mark{kScratch0, true}}, jump("cali-from-host-endpoint")),
                                      felix_rule({kAccepted}, kAcceptIt)}) {
    in.push_back(std::move(next));
  }
  add(raw, "cali-PREROUTING", std::move(in));
  add(raw, "cali-OUTPUT", std::move(out));
  add(raw, "cali-rpf-skip", {});
  add(raw, "cali-from-host-endpoint", {});
  add(raw, "cali-to-host-endpoint", {});
  return raw;
}

Table mangle_table() {
  Table mangle =
      own_table("mangle", kManglePriority, {{Hook::Prerouting, "PREROUTING"}, {Hook::Postrouting, "POSTROUTING"}});
  const char* const by_policy = "Host endpoint policy accepted packet.";
  add(mangle, "cali-PREROUTING",
      {felix_rule({kEstablished}, kAcceptIt), felix_rule({kAccepted}, kAcceptIt),
       always(jump("cali-from-host-endpoint")), felix_rule({kAccepted}, kAcceptIt, by_policy)});
  add(mangle, "cali-POSTROUTING",
      {felix_rule({kAccepted}, kReturn), always(action::ResetMark{kAll}),
       felix_rule({match::State{.dnat = true}}, jump("cali-to-host-endpoint")),
       felix_rule({kAccepted}, kReturn, by_policy)});
  add(mangle, "cali-from-host-endpoint", {});
  add(mangle, "cali-to-host-endpoint", {});
  return mangle;
}

/// In front of what is there.
void insert_jump(Table& table, const char* chain) {
  Chain* const base = table.chain(chain);
  KNETSIM_ENSURE(base != nullptr && base->base, "built-in chains are there before Felix starts");
  base->rules.insert(base->rules.begin(), always(jump(std::string("cali-") + chain)));
}

void add_nat(Table& nat, const FelixOptions& options) {
  for (const char* const chain : {"PREROUTING", "OUTPUT", "POSTROUTING"}) insert_jump(nat, chain);
  add(nat, "cali-PREROUTING", {always(jump("cali-fip-dnat"))});
  add(nat, "cali-OUTPUT", {always(jump("cali-fip-dnat"))});
  std::vector<Rule> post = {always(jump("cali-fip-snat")), always(jump("cali-nat-outgoing"))};
  if (const std::string_view tunnel = tunnel_device(options.encapsulation); !tunnel.empty()) {
    // What a process of the node has sent with another of its addresses: to a Service, as a rule.
    post.push_back(
        felix_rule({match::OutDevice{std::string(tunnel)}, match::SourceLocal{true, true}, match::SourceLocal{}},
                   action::Masquerade{}));
  }
  add(nat, "cali-POSTROUTING", std::move(post));
  add(nat, "cali-fip-dnat", {});
  add(nat, "cali-fip-snat", {});
  add(nat, "cali-nat-outgoing",
      {felix_rule({match::InIpSet{.set = "cali40masq-ipam-pools", .source = true},
                   match::InIpSet{.set = "cali40all-ipam-pools", .negated = true}},
                  action::Masquerade{})});
}

/// The chain of a pod's own packets, or of those to it.
std::vector<Rule> endpoint_chain(bool from) {
  std::vector<Rule> rules = {felix_rule({kEstablished}, kAcceptIt),
                             felix_rule({match::State{.invalid = true}}, kDropIt),
                             always(action::ResetMark{kAccept | kPass})};
  if (from) {
    rules.push_back(felix_rule({match::Protocol{Transport::Udp}, vxlan_ports()}, kDropIt,
                               "Drop VXLAN encapped packets originating in workloads"));
    rules.push_back(felix_rule({match::Ipip{}}, kDropIt, "Drop IPinIP encapped packets originating in workloads"));
  }
  for (const char* const profile : {"kns.default", "ksa.default.default"}) {
    rules.push_back(always(jump(std::string(from ? "cali-pro-" : "cali-pri-") + profile)));
    rules.push_back(felix_rule({kAccepted}, kReturn, "Return if profile accepted"));
  }
  rules.push_back(always(kDropIt, "Drop if no profiles matched"));
  return rules;
}

std::string common_prefix(std::span<const std::string> devices) {
  if (devices.empty()) return {};
  const std::string& first = devices.front();
  const std::string& last = devices.back();  // in order: what these share, all share
  std::size_t length = 0;
  while (length < std::min(first.size(), last.size()) && first[length] == last[length]) ++length;
  return first.substr(0, length);
}

/// What stands behind the common prefix, by which devices are sorted.
std::string branch_of(const std::string& device, const std::string& common) {
  return device.size() > common.size() ? device.substr(0, common.size() + 1) : common;
}

void add_dispatch(Table& filter, const std::vector<std::string>& devices, bool from) {
  const std::string root = from ? "cali-from-wl-dispatch" : "cali-to-wl-dispatch";
  const auto by = [&](const std::string& name, bool prefix) {
    return from ? Match(match::InDevice{name, prefix}) : Match(match::OutDevice{name, prefix});
  };
  const auto own = [&](const std::string& device) {
    return felix_rule({by(device, false)}, action::Goto{(from ? "cali-fw-" : "cali-tw-") + device});
  };
  const Rule unknown = always(kDropIt, "Unknown interface");
  const std::string common = common_prefix(devices);
  std::map<std::string, std::vector<std::string>> branches;
  for (const std::string& device : devices) branches[branch_of(device, common)].push_back(device);
  std::vector<Rule> rules;
  for (const auto& [branch, members] : branches) {
    if (members.size() == 1) {
      rules.push_back(own(members.front()));
      continue;
    }
    const std::string child = root + "-" + branch.substr(common.size());
    rules.push_back(felix_rule({by(branch, true)}, action::Goto{child}));
    std::vector<Rule> below;
    for (const std::string& device : members) below.push_back(own(device));
    below.push_back(unknown);
    add(filter, child.c_str(), std::move(below));
  }
  rules.push_back(unknown);
  add(filter, root.c_str(), std::move(rules));
  for (const std::string& device : devices) {
    add(filter, ((from ? "cali-fw-" : "cali-tw-") + device).c_str(), endpoint_chain(from));
  }
}

void add_filter(Table& filter, const NodeSpec& node, const FelixOptions& options) {
  for (const char* const chain : {"INPUT", "FORWARD", "OUTPUT"}) insert_jump(filter, chain);
  std::vector<Rule>& forward = filter.chain("FORWARD")->rules;
  forward.push_back(felix_rule({kAccepted}, kAcceptIt, "Policy explicitly accepted packet."));
  forward.push_back(always(action::SetMark{kAccept}));

  add(filter, "cali-FORWARD",
      {always(action::ResetMark{kAll & ~kAccept}),
       felix_rule({match::Mark{kAccept, true}}, jump("cali-from-hep-forward")),
       felix_rule({kFromPods}, jump("cali-from-wl-dispatch")), felix_rule({kToPods}, jump("cali-to-wl-dispatch")),
       always(jump("cali-to-hep-forward")), always(jump("cali-cidr-block"))});

  const bool ipip = options.encapsulation == Encapsulation::Ipip;
  const bool vxlan = options.encapsulation == Encapsulation::Vxlan;
  const Match udp = match::Protocol{Transport::Udp};
  std::vector<Rule> in;
  if (ipip) {
    in.push_back(felix_rule(
        {match::Ipip{}, match::InIpSet{.set = "cali40all-hosts-net", .source = true}, match::DestinationLocal{}},
        kAcceptIt, "Allow IPIP packets from Calico hosts"));
    in.push_back(felix_rule({match::Ipip{}}, kDropIt, "Drop IPIP packets from non-Calico hosts"));
  }
  if (vxlan) {
    in.push_back(felix_rule(
        {udp, vxlan_ports(), match::InIpSet{.set = "cali40all-vxlan-net", .source = true}, match::DestinationLocal{}},
        kAcceptIt, "Allow IPv4 VXLAN packets from allowed hosts"));
    in.push_back(felix_rule({udp, vxlan_ports(), match::DestinationLocal{}}, kDropIt,
                            "Drop IPv4 VXLAN packets from non-allowed hosts"));
  }
  const Rule by_policy = felix_rule({kAccepted}, kAcceptIt, "Host endpoint policy accepted packet.");
  in.push_back(felix_rule({kFromPods}, action::Goto{"cali-wl-to-host"}));
  in.push_back(felix_rule({kAccepted}, kAcceptIt));
  in.push_back(always(action::ResetMark{kAll}));
  in.push_back(always(jump("cali-from-host-endpoint")));
  in.push_back(by_policy);
  add(filter, "cali-INPUT", std::move(in));
  add(filter, "cali-wl-to-host",
      {always(jump("cali-from-wl-dispatch")), always(kAcceptIt, "Configured DefaultEndpointToHostAction")});

  std::vector<Rule> out = {felix_rule({kAccepted}, kAcceptIt), felix_rule({kToPods}, kReturn)};
  if (ipip) {
    out.push_back(felix_rule({match::Ipip{}, match::InIpSet{.set = "cali40all-hosts-net"}, match::SourceLocal{}},
                             kAcceptIt, "Allow IPIP packets to other Calico hosts"));
  }
  if (vxlan) {
    out.push_back(felix_rule({udp, vxlan_ports(), match::SourceLocal{}, match::InIpSet{.set = "cali40all-vxlan-net"}},
                             kAcceptIt, "Allow IPv4 VXLAN packets to other allowed hosts"));
  }
  out.push_back(always(action::ResetMark{kAll}));
  out.push_back(felix_rule({match::State{.dnat = true, .negated = true}}, jump("cali-to-host-endpoint")));
  out.push_back(by_policy);
  add(filter, "cali-OUTPUT", std::move(out));

  for (const char* const empty : {"cali-from-hep-forward", "cali-to-hep-forward", "cali-cidr-block",
                                  "cali-from-host-endpoint", "cali-to-host-endpoint"}) {
    add(filter, empty, {});
  }
  std::vector<std::string> devices = node.pod_devices;
  std::ranges::sort(devices);
  add_dispatch(filter, devices, true);
  add_dispatch(filter, devices, false);
  // Profiles: a namespace allows everything, a service account says nothing.
  for (const char* const way : {"cali-pro-", "cali-pri-"}) {
    const bool egress = std::string_view(way) == "cali-pro-";
    add(filter, (std::string(way) + "kns.default").c_str(),
        {always(action::SetMark{kAccept}, egress ? "Profile kns.default egress" : "Profile kns.default ingress")});
    add(filter, (std::string(way) + "ksa.default.default").c_str(), {Rule{.comment = "cali:"}});
  }
}

}  // namespace

std::string pod_device(std::string_view name_space, std::string_view pod) {
  return std::string(kPodDevices) + sha1_hex(std::string(name_space) + "." + std::string(pod)).substr(0, kHashDigits);
}

std::string_view tunnel_device(Encapsulation encapsulation) {
  if (encapsulation == Encapsulation::Ipip) return "tunl0";
  return encapsulation == Encapsulation::Vxlan ? "vxlan.calico" : "";
}

std::vector<std::uint32_t> dispatch_rules(std::span<const std::string> devices) {
  const std::string common = common_prefix(devices);
  std::vector<std::uint32_t> rules;
  rules.reserve(devices.size());
  std::uint32_t branches = 0;
  for (std::size_t begin = 0; begin < devices.size();) {
    const std::string branch = branch_of(devices[begin], common);
    std::size_t end = begin;
    while (end < devices.size() && branch_of(devices[end], common) == branch) ++end;
    ++branches;
    const auto members = static_cast<std::uint32_t>(end - begin);
    for (std::uint32_t i = 0; i < members; ++i) rules.push_back(branches + (members > 1 ? i + 1 : 0));
    begin = end;
  }
  return rules;
}

void add_felix_rules(Ruleset& rules, const NodeSpec& node, const FelixOptions& options) {
  add_nat(rules.table("nat"), options);
  add_filter(rules.table("filter"), node, options);
  rules.tables.push_back(raw_table(options));
  rules.tables.push_back(mangle_table());
  const std::vector<Ipv4Range> pods = {node.cluster_cidr};
  const std::vector<Ipv4Range> hosts = {{node.primary_address, 24}};  // in place of each node's own address
  const auto add_set = [&](const char* name, const std::vector<Ipv4Range>& networks) {
    rules.ip_sets[name] = {.type = IpSet::Type::Net, .networks = networks};
  };
  add_set("cali40masq-ipam-pools", pods);
  add_set("cali40all-ipam-pools", pods);
  if (options.encapsulation == Encapsulation::Ipip) add_set("cali40all-hosts-net", hosts);
  if (options.encapsulation == Encapsulation::Vxlan) add_set("cali40all-vxlan-net", hosts);
}

Ruleset empty_tables() {
  Ruleset rules{.tables = {{.name = "nat", .chains = nat_base_chains()}, {.name = "filter"}}};
  for (Chain& chain : rules.tables[0].chains) chain.rules.clear();
  rules.tables[1].chains = {{.name = "INPUT", .base = BaseHook{Hook::Input, kFilterPriority, false}},
                            {.name = "FORWARD", .base = BaseHook{Hook::Forward, kFilterPriority, false}},
                            {.name = "OUTPUT", .base = BaseHook{Hook::Output, kFilterPriority, false}}};
  return rules;
}

}  // namespace knetsim
