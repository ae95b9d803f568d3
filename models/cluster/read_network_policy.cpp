// NetworkPolicies, and the labels of namespaces that they select by.
//
// What is refused is what the API server refuses. @source k/k pkg/apis/networking/validation/validation.go,
// ValidateNetworkPolicySpec, ValidateNetworkPolicyPeer, ValidateNetworkPolicyPort, ValidateIPBlock; the defaults are
// those of pkg/apis/networking/v1/defaults.go, SetDefaults_NetworkPolicy.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/name_rules.h"
#include "models/cluster/object_reader.h"

namespace knetsim {
namespace {

constexpr Keys kPolicyKeys({"podSelector", "policyTypes", "ingress", "egress"});
constexpr Keys kPolicyIngressKeys({"from", "ports"});
constexpr Keys kPolicyEgressKeys({"to", "ports"});
constexpr Keys kPolicyPeerKeys({"podSelector", "namespaceSelector", "ipBlock"});
constexpr Keys kPolicyPortKeys({"protocol", "port", "endPort"});
constexpr Keys kIpBlockKeys({"cidr", "except"});
constexpr std::array<std::string_view, 2> kPolicyTypes{"Ingress", "Egress"};
constexpr std::string_view kAPeer = "podSelector:, namespaceSelector:, both, or ipBlock: {cidr: 10.0.0.0/8}";

/// A block of either family; what is wrong with it is told.
struct ReadBlock {
  bool valid = false;
  std::optional<Cidr> v4{};
};

class PolicyReader {
 public:
  PolicyReader(ObjectReader& reader, const ObjectMeta& meta) : reader_(reader), meta_(meta) {}

  NetworkPolicy read(Node object) {
    NetworkPolicy made{.ns = meta_.ns, .name = meta_.name};
    made.mark = meta_.mark;
    const FieldValues spec(reader_, object["spec"], kPolicyKeys);
    made.pods = reader_.label_selector(spec[kPolicyKeys["podSelector"]]);
    const Node ingress = spec[kPolicyKeys["ingress"]];
    const Node egress = spec[kPolicyKeys["egress"]];
    read_rules(ingress, kPolicyIngressKeys, kPolicyIngressKeys["from"], kPolicyIngressKeys["ports"],
               made.ingress_rules);
    read_rules(egress, kPolicyEgressKeys, kPolicyEgressKeys["to"], kPolicyEgressKeys["ports"], made.egress_rules);
    const Node types = spec[kPolicyKeys["policyTypes"]];
    if (!reader_.sequence(types) || types.size() == 0) {
      made.egress = egress.size() > 0;
      return made;
    }
    made.ingress = false;
    for (const Node type : types) {
      const auto stated = reader_.choice(type, kPolicyTypes);
      if (stated) (*stated == 0 ? made.ingress : made.egress) = true;
    }
    tell_idle(ingress, made.ingress, kPolicyTypes[0]);
    tell_idle(egress, made.egress, kPolicyTypes[1]);
    return made;
  }

 private:
  void tell_idle(Node rules, bool counts, std::string_view type) {
    if (counts || rules.size() == 0) return;
    reader_.notice(rules.key(), fmt::format("policyTypes does not name {}: nobody looks at these rules", type));
  }

  void read_rules(Node list, const Keys<2>& keys, std::size_t peers_key, std::size_t ports_key,
                  std::vector<PolicyRule>& into) {
    if (!reader_.mappings(list)) return;
    for (const Node node : list) {
      const FieldValues fields(reader_, node, keys);
      PolicyRule rule;
      bool sound = true;
      if (const Node peers = fields[peers_key]; reader_.mappings(peers)) {
        for (const Node peer : peers) {
          if (auto read = read_peer(peer)) {
            rule.peers.push_back(std::move(*read));
          } else {
            sound = false;
          }
        }
      }
      if (const Node ports = fields[ports_key]; reader_.mappings(ports)) {
        for (const Node port : ports) {
          if (const auto read = read_port(port)) {
            rule.ports.push_back(*read);
          } else {
            sound = false;
          }
        }
      }
      if (sound) into.push_back(std::move(rule));
    }
  }

  std::optional<PolicyPeer> read_peer(Node node) {
    const FieldValues fields(reader_, node, kPolicyPeerKeys);
    const Node pods = fields[kPolicyPeerKeys["podSelector"]];
    const Node namespaces = fields[kPolicyPeerKeys["namespaceSelector"]];
    const Node block = fields[kPolicyPeerKeys["ipBlock"]];
    if (is_absent(pods) && is_absent(namespaces) && is_absent(block)) {
      reader_.error(node, "a peer that names nobody", std::string(kAPeer));
      return std::nullopt;
    }
    if (!is_absent(block) && (!is_absent(pods) || !is_absent(namespaces))) {
      reader_.error(block.key(), "addresses and a selector in one peer", "an entry of the list for each");
      return std::nullopt;
    }
    PolicyPeer peer;
    if (!is_absent(block)) {
      peer.addresses = read_block(block);
      return peer.addresses ? std::optional(peer) : std::nullopt;
    }
    if (!is_absent(pods)) peer.pods = reader_.label_selector(pods);
    if (!is_absent(namespaces)) peer.namespaces = reader_.label_selector(namespaces);
    return peer;
  }

  ReadBlock cidr(Node node) {
    const std::string_view text = reader_.text(node);
    if (text.empty()) {
      if (is_absent(node) || node.is_scalar()) reader_.error(node, "a block without addresses", "10.0.0.0/8");
      return {};
    }
    if (const auto v4 = parse_cidr(text)) return {.valid = true, .v4 = v4};
    const std::size_t slash = text.find('/');
    const auto base = parse_ip(text.substr(0, slash));
    if (slash != std::string_view::npos && base && base->family() == IpFamily::V6) return {.valid = true};
    reader_.error(node, fmt::format("'{}' is no block of addresses", text.substr(0, 60)), "10.0.0.0/8");
    return {};
  }

  std::optional<IpBlock> read_block(Node node) {
    const FieldValues fields(reader_, node, kIpBlockKeys);
    const Node stated = fields[kIpBlockKeys["cidr"]];
    if (is_absent(stated)) {
      reader_.error(node, "ipBlock.cidr is missing", "ipBlock: {cidr: 10.0.0.0/8}");
      return std::nullopt;
    }
    const ReadBlock whole = cidr(stated);
    if (!whole.valid) return std::nullopt;
    IpBlock block{.block = whole.v4};
    const Node except = fields[kIpBlockKeys["except"]];
    if (!reader_.sequence(except)) return block;
    for (const Node node_of_part : except) {
      const ReadBlock part = cidr(node_of_part);
      if (!part.valid) return std::nullopt;
      if (part.v4.has_value() != whole.v4.has_value() ||
          (part.v4 && (part.v4->prefix <= whole.v4->prefix || !whole.v4->contains(part.v4->base)))) {
        reader_.error(node_of_part, fmt::format("{} is no part of {}", node_of_part.text(), stated.text()),
                      "a smaller block of the same addresses");
        return std::nullopt;
      }
      if (part.v4) block.except.push_back(*part.v4);
    }
    return block;
  }

  std::optional<PolicyPort> read_port(Node node) {
    const FieldValues fields(reader_, node, kPolicyPortKeys);
    const auto protocol = reader_.protocol(fields[kPolicyPortKeys["protocol"]]);
    if (!protocol) return std::nullopt;
    PolicyPort port{.protocol = *protocol};
    const Node stated = fields[kPolicyPortKeys["port"]];
    const Node end = fields[kPolicyPortKeys["endPort"]];
    if (is_absent(stated)) {
      if (is_absent(end)) return port;
      reader_.error(end.key(), "endPort without port", "port: 32000, endPort: 32768");
      return std::nullopt;
    }
    const bool named = stated.is_scalar() && !to_integer(stated.text());
    if (named) {
      port.name = reader_.text(stated);
      if (!is_port_name(port.name)) {
        reader_.error(stated, fmt::format("'{}' is not the name of a port", port.name.substr(0, 60)),
                      std::string(kPortName));
        return std::nullopt;
      }
      if (is_absent(end)) return port;
      reader_.error(end.key(), "endPort with a port by its name", "port: 32000, endPort: 32768");
      return std::nullopt;
    }
    const auto first = reader_.port(stated);
    if (!first) return std::nullopt;
    port.first = port.last = *first;
    if (is_absent(end)) return port;
    const auto last = reader_.port(end);
    if (!last) return std::nullopt;
    if (*last < *first) {
      reader_.error(end, fmt::format("endPort {} is below port {}", *last, *first), fmt::format("{} or more", *first));
      return std::nullopt;
    }
    port.last = *last;
    return port;
  }

  ObjectReader& reader_;
  const ObjectMeta& meta_;
};

}  // namespace

void read_network_policy(ObjectReader& reader, Node object) {
  const auto meta = reader.metadata(object, "NetworkPolicy");
  if (meta) reader.cluster().network_policies.push_back(PolicyReader(reader, *meta).read(object));
}

void note_namespace(ObjectReader& reader, Node object) {
  const std::string_view name = reader.intern(object["metadata"]["name"].text());
  std::vector<Label> labels = reader.labels(object["metadata"]["labels"]);
  auto& namespaces = reader.cluster().namespaces;
  const LabelSetId set = reader.cluster().label_sets.intern(labels);
  const auto known = std::ranges::find(namespaces, name, &NamespaceLabels::name);
  if (known != namespaces.end()) {
    known->labels = set;
  } else {
    namespaces.push_back({name, set});
  }
}

}  // namespace knetsim
