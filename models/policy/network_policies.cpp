#include "models/policy/network_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/hash.h"

namespace knetsim {
namespace {

constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";
constexpr std::uint32_t kNameLabelSince = 21;  // k/k pkg/features, NamespaceDefaultLabelName: on by default from 1.21

bool contains(const IpBlock& block, const IpAddress& address) {
  if (!block.block || !address || address.family() != IpFamily::V4) return false;
  const std::uint32_t value = address.v4_value();
  return block.block->contains(value) &&
         std::ranges::none_of(block.except, [value](const Cidr& part) { return part.contains(value); });
}

}  // namespace

NetworkPolicies::NetworkPolicies(const Cluster& cluster, const Options& options)
    : cluster_(cluster), options_(options) {
  if (cluster.network_policies.empty()) return;
  for (const NamespaceLabels& one : cluster.namespaces) namespaces_.emplace(one.name, one.labels);
  find_kinds();
  policies_.resize(cluster.network_policies.size());
  for (PolicyIndex i = 0; i < policies_.size(); ++i) {
    const NetworkPolicy& policy = cluster.network_policies[i];
    for (PodKind& kind : kinds_) {
      if (kind.ns != policy.ns || !selects(policy.pods, kind.labels)) continue;
      if (policy.egress) kind.isolating[static_cast<std::size_t>(PolicyDirection::Egress)].push_back(i);
      if (policy.ingress) kind.isolating[static_cast<std::size_t>(PolicyDirection::Ingress)].push_back(i);
    }
    const auto resolve_all = [&](const std::vector<PolicyRule>& rules, PolicyDirection direction) {
      for (const PolicyRule& rule : rules) {
        policies_[i][static_cast<std::size_t>(direction)].push_back(resolve(policy, rule));
      }
    };
    resolve_all(policy.egress_rules, PolicyDirection::Egress);
    resolve_all(policy.ingress_rules, PolicyDirection::Ingress);
  }
}

std::string NetworkPolicies::name(PolicyIndex policy) const {
  const NetworkPolicy& one = cluster_.network_policies[policy];
  return fmt::format("{}/{}", one.ns, one.name);
}

void NetworkPolicies::find_kinds() {
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> known;  // by a hash of the two
  kind_of_.assign(cluster_.pods.size(), kNoIndex);
  for (PodIndex i = 0; i < cluster_.pods.size(); ++i) {
    const Pod& pod = cluster_.pods[i];
    if (cluster_.is_external(i) || cluster_.spec(pod).host_network) continue;
    std::vector<std::uint32_t>& alike = known[hash_combine(hash_text(pod.ns), pod.labels)];
    const auto found = std::ranges::find_if(
        alike, [&](std::uint32_t kind) { return kinds_[kind].ns == pod.ns && kinds_[kind].labels == pod.labels; });
    if (found != alike.end()) {
      kind_of_[i] = *found;
      continue;
    }
    kind_of_[i] = static_cast<std::uint32_t>(kinds_.size());
    alike.push_back(kind_of_[i]);
    kinds_.push_back({.ns = pod.ns, .labels = pod.labels, .isolating = {}});
  }
}

bool NetworkPolicies::selects(const Selector& selector, LabelSetId labels) const {
  return selector.matches([&](std::string_view key) { return cluster_.label_sets.value(labels, key); });
}

bool NetworkPolicies::selects_namespace(const Selector& selector, std::string_view ns) const {
  const auto labels = namespaces_.find(ns);
  return selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
    if (key == kNameLabel && options_.kubernetes_minor >= kNameLabelSince) return ns;
    if (labels == namespaces_.end()) return std::nullopt;
    return cluster_.label_sets.value(labels->second, key);
  });
}

std::uint32_t NetworkPolicies::set_of(const NetworkPolicy& policy, const PolicyPeer& peer) {
  // "*" and "=" begin no namespace's name.
  const std::string key =
      fmt::format("{}\n{}", peer.namespaces ? '*' + peer.namespaces->to_string() : '=' + std::string(policy.ns),
                  peer.pods ? peer.pods->to_string() : std::string());
  const auto [entry, added] = set_numbers_.try_emplace(key, static_cast<std::uint32_t>(sets_.size()));
  if (!added) return entry->second;
  std::unordered_map<std::string_view, bool> of_namespace;
  PodSet set;
  set.reserve(kinds_.size());
  for (const PodKind& kind : kinds_) {
    bool inside = kind.ns == policy.ns;
    if (peer.namespaces) {
      const auto [known, first] = of_namespace.try_emplace(kind.ns, false);
      if (first) known->second = selects_namespace(*peer.namespaces, kind.ns);
      inside = known->second;
    }
    set.push_back(inside && (!peer.pods || selects(*peer.pods, kind.labels)));
  }
  sets_.push_back(std::move(set));
  return entry->second;
}

NetworkPolicies::Rule NetworkPolicies::resolve(const NetworkPolicy& policy, const PolicyRule& rule) {
  Rule made{.pods = {}, .addresses = {}, .ports = rule.ports, .anybody = rule.peers.empty()};
  for (const PolicyPeer& peer : rule.peers) {
    if (peer.addresses) {
      made.addresses.push_back(*peer.addresses);
    } else {
      made.pods.push_back(set_of(policy, peer));
    }
  }
  return made;
}

std::span<const PolicyIndex> NetworkPolicies::isolating(PodIndex pod, PolicyDirection direction) const {
  if (!any() || kind_of_[pod] == kNoIndex) return {};
  return kinds_[kind_of_[pod]].isolating[static_cast<std::size_t>(direction)];
}

bool NetworkPolicies::has_pod(const Rule& rule, const PolicyEnd& peer) const {
  const std::uint32_t kind = peer.pod == kNoIndex ? kNoIndex : kind_of_[peer.pod];
  return kind != kNoIndex &&
         std::ranges::any_of(rule.pods, [&](std::uint32_t set) { return static_cast<bool>(sets_[set][kind]); });
}

bool NetworkPolicies::has_block(const Rule& rule, const PolicyEnd& peer) const {
  const bool inside = peer.of_node || (peer.pod != kNoIndex && kind_of_[peer.pod] != kNoIndex);
  if (inside && !options_.blocks_hold_inside) return false;
  return std::ranges::any_of(rule.addresses, [&](const IpBlock& block) { return contains(block, peer.address); });
}

bool NetworkPolicies::has_peer(const Rule& rule, const PolicyEnd& peer) const {
  return rule.anybody || has_pod(rule, peer) || has_block(rule, peer);
}

bool NetworkPolicies::is_port(const PolicyPort& port, const AskedPort& asked) const {
  if (port.protocol != asked.protocol) return false;
  if (!port.name.empty()) {
    return asked.pod != kNoIndex &&
           find_port(cluster_.spec(cluster_.pods[asked.pod]), port.name, asked.protocol) == asked.port;
  }
  return port.first == 0 || (port.first <= asked.port && asked.port <= port.last);
}

bool NetworkPolicies::has_port(const Rule& rule, const AskedPort& asked) const {
  return rule.ports.empty() ||
         std::ranges::any_of(rule.ports, [&](const PolicyPort& port) { return is_port(port, asked); });
}

bool NetworkPolicies::policy_allows(PolicyIndex policy, PolicyDirection direction, const PolicyEnd& peer,
                                    const AskedPort& asked) const {
  return std::ranges::any_of(policies_[policy][static_cast<std::size_t>(direction)],
                             [&](const Rule& rule) { return has_peer(rule, peer) && has_port(rule, asked); });
}

bool NetworkPolicies::allows(PodIndex pod, PolicyDirection direction, const PolicyEnd& peer,
                             const AskedPort& asked) const {
  const auto by = isolating(pod, direction);
  return by.empty() ||
         std::ranges::any_of(by, [&](PolicyIndex policy) { return policy_allows(policy, direction, peer, asked); });
}

// A policy's chain has two rules for each sort of peers and each port of a rule, MARK and RETURN (appendRuleToPolicyChain),
// those for ingress first. Its conditions: the protocol, which stands in the entry, then a set of sources, a set of
// destinations, the port. One of the two sets is that of the policy's own pods, and of those that may be anybody the only one.
void NetworkPolicies::add_chain(ChainWork& work, PolicyIndex policy, PolicyDirection direction, const PolicyEnd& peer,
                                const AskedPort& asked) const {
  const NetworkPolicy& stated = cluster_.network_policies[policy];
  /// @return  Whether the packet goes back from the chain.
  const auto met = [&](bool own_way, bool anybody, bool has, const PolicyPort* port) {
    work.rules += 2;
    if (port != nullptr && port->protocol != asked.protocol) return false;
    // Egress looks for its own pod first, ingress for its peer; a rule of the other way fails at its first set.
    const bool first = own_way && (anybody || has || direction == PolicyDirection::Egress);
    work.sets += 2 * (first && !anybody ? 2 : 1);
    return own_way && has && (port == nullptr || is_port(*port, asked));
  };
  for (const PolicyDirection way : {PolicyDirection::Ingress, PolicyDirection::Egress}) {
    if (!(way == PolicyDirection::Ingress ? stated.ingress : stated.egress)) continue;
    for (const Rule& rule : policies_[policy][static_cast<std::size_t>(way)]) {
      const auto sort = [&](bool there, bool has) {
        if (!there) return false;
        if (rule.ports.empty()) return met(way == direction, rule.anybody, has, nullptr);
        return std::ranges::any_of(
            rule.ports, [&](const PolicyPort& port) { return met(way == direction, rule.anybody, has, &port); });
      };
      if (sort(rule.anybody, true) || sort(!rule.pods.empty(), has_pod(rule, peer)) ||
          sort(!rule.addresses.empty(), has_block(rule, peer))) {
        return;
      }
    }
  }
}

NetworkPolicies::ChainWork NetworkPolicies::chain_work(PodIndex pod, PolicyDirection direction, const PolicyEnd& peer,
                                                       const AskedPort& asked) const {
  ChainWork work;
  const auto egress = isolating(pod, PolicyDirection::Egress);
  const auto ingress = isolating(pod, PolicyDirection::Ingress);
  // What no policy isolates is marked by KUBE-NWPLCY-DEFAULT: a rule for either direction, and one in that chain.
  for (const bool out : {true, false}) {
    if (!(out ? egress : ingress).empty()) continue;
    work.rules += out == (direction == PolicyDirection::Egress) ? 2 : 1;
  }
  const auto pass = [&](PolicyIndex policy, bool enters) {
    ++work.rules;
    if (enters) add_chain(work, policy, direction, peer, asked);
  };
  for (const PolicyIndex policy : egress) pass(policy, direction == PolicyDirection::Egress || (*this)[policy].ingress);
  for (const PolicyIndex policy : ingress) {
    if (!(*this)[policy].egress) pass(policy, direction == PolicyDirection::Ingress);  // else met above
  }
  return work;
}

}  // namespace knetsim
