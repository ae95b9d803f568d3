#include "models/proxy/portmap.h"

#include "models/proxy/iptables_rules.h"
#include "models/proxy/note.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/rule_bytes.h"

namespace knetsim {

namespace {

struct PortmapBytes {
  std::uint32_t jump;
  std::uint32_t entry;
  std::uint32_t port;
};

PortmapBytes bytes_of(IptablesBackend backend) {
  Ruleset rules = iptables_rules({}, {});
  const HostPortSpec container{.container = "sample", .address = 1, .mappings = {{Transport::Tcp, 8080, 80}}};
  add_portmap_rules(rules, std::span(&container, 1));
  const Table& nat = rules.table("nat");
  return {.jump = rule_bytes(nat.chain("PREROUTING")->rules.back(), backend),
          .entry = rule_bytes(nat.chain("CNI-HOSTPORT-DNAT")->rules.front(), backend),
          .port = rule_bytes(nat.chains.back().rules.front(), backend)};
}

}  // namespace

PortMap::PortMap(std::uint32_t containers, IptablesBackend backend)
    : containers_(containers), kind_(backend == IptablesBackend::Legacy ? StepKind::Rule : StepKind::NftRule) {
  static const PortmapBytes legacy = bytes_of(IptablesBackend::Legacy);
  static const PortmapBytes nft = bytes_of(IptablesBackend::Nft);
  const PortmapBytes& bytes = backend == IptablesBackend::Legacy ? legacy : nft;
  jump_bytes_ = bytes.jump;
  entry_bytes_ = bytes.entry;
  port_bytes_ = bytes.port;
}

void PortMap::add(StepSink& sink, const HookPacket& packet, std::uint32_t bytes, Count count, std::string note) const {
  Step& step = sink.add(kind_, count, std::move(note));
  step.table = RuleTable::Nat;
  step.rule_bytes = bytes;
  if (packet.outer) {
    step.when = Condition::OuterUntracked;
  }
}

// Match extensions of rules that have been added.
void PortMap::match(StepSink& sink, const HookPacket& packet, Count count, std::string note) const {
  Step& step = sink.add(kind_ == StepKind::Rule ? StepKind::XtMatch : StepKind::NftMatch, count, std::move(note));
  step.table = RuleTable::Nat;
  if (packet.outer) {
    step.when = Condition::OuterUntracked;
  }
}

void PortMap::at_hook(Hook hook, HookPacket& packet, StepSink& sink) const {
  if (containers_ == 0 || packet.state != CtState::New || packet.nat_bound) {
    return;
  }
  if (hook == Hook::Prerouting || hook == Hook::Output) {
    dispatch(packet, sink);
  } else if (hook == Hook::Postrouting) {
    add(sink, packet, jump_bytes_, {2}, "CNI-HOSTPORT-MASQ");
    match(sink, packet, {1.0 + legacy()}, "CNI-HOSTPORT-MASQ");  // comment, mark
    packet.masqueraded = packet.masqueraded || packet.cni_marked;
    packet.cni_marked = false;
  }
}

// Match extensions: addrtype in front; comment and multiport of a container of the packet's transport; the port of a
// rule whose source matches, and the comment in CNI-HOSTPORT-SETMARK.
void PortMap::dispatch(HookPacket& packet, StepSink& sink) const {
  const char* const note = "CNI-HOSTPORT-DNAT";
  add(sink, packet, jump_bytes_, {1}, "jump to CNI-HOSTPORT-DNAT if the destination is local");
  if (packet.destination != AddressKind::ThisNode) {
    match(sink, packet, {1}, note);
    return;
  }
  if (packet.outer || packet.translated || packet.flow.exposure != Exposure::HostPort) {
    add(sink, packet, entry_bytes_, {static_cast<double>(containers_)},
        "CNI-HOSTPORT-DNAT: all " + grouped(containers_) + " containers");
    match(sink, packet, {1 + (packet.outer ? 0.0 : 2.0 * containers_)}, note);
    return;
  }
  add(sink, packet, entry_bytes_, {0, Symbol::HostPortPosition},
      "CNI-HOSTPORT-DNAT: to the container's rule, of " + grouped(containers_));
  // The hairpin test asks for the whole pod subnet of the node.
  const bool from_this_nodes_pod = packet.source == AddressKind::Pod && packet.flow.locality != Locality::Remote;
  add(sink, packet, port_bytes_, {from_this_nodes_pod ? 4.0 : 3.0}, "CNI-DN: hairpin test, localhost test, DNAT");
  match(sink, packet, {from_this_nodes_pod ? 2.0 + 2 * legacy() : 1.0 + legacy()}, note);
  for (int each = 0; each < 2; ++each) {
    match(sink, packet, {0, Symbol::HostPortPosition}, note);
  }
  packet.cni_marked = from_this_nodes_pod;
  packet.translated = true;
  packet.destination = AddressKind::Pod;
}

void rules_at_hook(const ProxyModel& proxy, const PortMap& portmap, Hook hook, HookPacket& packet, StepSink& sink) {
  if (hook == Hook::Postrouting) {
    const bool before = packet.masqueraded;
    portmap.at_hook(hook, packet, sink);
    if (packet.masqueraded == before) {
      proxy.at_hook(hook, packet, sink);
    }
    return;
  }
  const bool before = packet.translated;
  if (hook == Hook::Output) {
    // nat comes before filter: what portmap translates there is filtered afterwards all the same.
    proxy.at_hook(hook, packet, sink);
    if (packet.translated == before) {
      portmap.at_hook(hook, packet, sink);
    }
    return;
  }
  proxy.at_hook(hook, packet, sink);
  if (packet.translated == before) {
    portmap.at_hook(hook, packet, sink);
  }
}

}  // namespace knetsim
