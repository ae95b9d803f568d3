#include "models/proxy/portmap_rules.h"

#include <algorithm>

#include "models/proxy/chain_names.h"

namespace knetsim {
namespace {

constexpr std::size_t kMultiportMax = 15;

std::string container_chain(const HostPortSpec& container) {
  return "CNI-DN-" + sha256_base32(container.container).substr(0, 16);
}

// One rule per protocol and 15 ports; TCP before UDP, as the plugin sorts them.
std::vector<Rule> entries(const HostPortSpec& container) {
  std::vector<Rule> rules;
  for (const Transport transport : {Transport::Tcp, Transport::Udp}) {
    std::vector<std::uint16_t> ports;
    const auto flush = [&] {
      rules.push_back({.matches = {match::Protocol{transport}, match::DestinationPorts{ports}},
                       .actions = {action::Jump{container_chain(container)}},
                       .comment = "dnat name: \"cni\" id: \"" + container.container + "\""});
      ports.clear();
    };
    for (const HostPortSpec::Mapping& mapping : container.mappings) {
      if (mapping.transport == transport) {
        ports.push_back(mapping.host_port);
        if (ports.size() == kMultiportMax) {
          flush();
        }
      }
    }
    if (!ports.empty()) {
      flush();
    }
  }
  return rules;
}

}  // namespace

void add_portmap_rules(Ruleset& rules, std::span<const HostPortSpec> containers) {
  if (containers.empty()) {
    return;
  }
  Table& nat = rules.table("nat");
  for (const char* const hook : {"PREROUTING", "OUTPUT"}) {
    nat.ensure_chain(hook).rules.push_back(
        {.matches = {match::DestinationLocal{}}, .actions = {action::Jump{"CNI-HOSTPORT-DNAT"}}});
  }
  std::vector<Rule>& postrouting = nat.ensure_chain("POSTROUTING").rules;
  postrouting.insert(postrouting.begin(),
                     {.actions = {action::Jump{"CNI-HOSTPORT-MASQ"}}, .comment = "CNI portfwd requiring masquerade"});
  nat.ensure_chain("CNI-HOSTPORT-SETMARK").rules = {
      {.actions = {action::SetMark{kPortMapMark}}, .comment = "CNI portfwd masquerade mark"}};
  nat.ensure_chain("CNI-HOSTPORT-MASQ").rules = {
      {.matches = {match::Mark{kPortMapMark}}, .actions = {action::Masquerade{.fully_random = false}}}};
  for (const HostPortSpec& container : containers) {
    const std::vector<Rule> added = entries(container);
    std::vector<Rule>& dispatch = nat.ensure_chain("CNI-HOSTPORT-DNAT").rules;
    for (const Rule& entry : added) {
      dispatch.insert(dispatch.begin(), entry);
    }
    std::vector<Rule>& own = nat.ensure_chain(container_chain(container)).rules;
    for (const HostPortSpec::Mapping& mapping : container.mappings) {
      const std::vector<Match> port = {match::Protocol{mapping.transport}, match::DestinationPort{mapping.host_port}};
      const auto mark_from = [&](Ipv4Range source) {
        std::vector<Match> matches = port;
        matches.push_back(match::Source{source});
        own.push_back({.matches = std::move(matches), .actions = {action::Jump{"CNI-HOSTPORT-SETMARK"}}});
      };
      mark_from({container.address, container.subnet_prefix});  // hairpin, and every pod of this node
      mark_from({ipv4(127, 0, 0, 1), 32});
      own.push_back({.matches = port, .actions = {action::Dnat{{container.address, mapping.container_port, true}}}});
    }
  }
}

}  // namespace knetsim
