#include "models/proxy/portmap.h"

#include "models/proxy/iptables_rules.h"
#include "models/proxy/note.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/rule_bytes.h"

namespace knetsim {

namespace {

struct Bytes {
  std::uint32_t jump;
  std::uint32_t entry;
  std::uint32_t port;
};

Bytes bytes_of(IptablesBackend backend) {
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
  static const Bytes legacy = bytes_of(IptablesBackend::Legacy);
  static const Bytes nft = bytes_of(IptablesBackend::Nft);
  const Bytes& bytes = backend == IptablesBackend::Legacy ? legacy : nft;
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

void PortMap::at_hook(Hook hook, HookPacket& packet, StepSink& sink) const {
  if (containers_ == 0 || packet.state != CtState::New || packet.nat_bound) {
    return;
  }
  if (hook == Hook::Prerouting || hook == Hook::Output) {
    dispatch(packet, sink);
  } else if (hook == Hook::Postrouting) {
    add(sink, packet, jump_bytes_, {2}, "CNI-HOSTPORT-MASQ");
    packet.masqueraded = packet.masqueraded || packet.cni_marked;
    packet.cni_marked = false;
  }
}

void PortMap::dispatch(HookPacket& packet, StepSink& sink) const {
  add(sink, packet, jump_bytes_, {1}, "jump to CNI-HOSTPORT-DNAT if the destination is local");
  if (packet.destination != AddressKind::ThisNode) {
    return;
  }
  if (packet.outer || packet.translated || packet.flow.exposure != Exposure::HostPort) {
    add(sink, packet, entry_bytes_, {static_cast<double>(containers_)},
        "CNI-HOSTPORT-DNAT: all " + grouped(containers_) + " containers");
    return;
  }
  add(sink, packet, entry_bytes_, {0, Symbol::HostPortPosition},
      "CNI-HOSTPORT-DNAT: to the container's rule, of " + grouped(containers_));
  // The hairpin test asks for the whole pod subnet of the node.
  const bool from_this_nodes_pod = packet.source == AddressKind::Pod && packet.flow.locality != Locality::Remote;
  add(sink, packet, port_bytes_, {from_this_nodes_pod ? 4.0 : 3.0}, "CNI-DN: hairpin test, localhost test, DNAT");
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
