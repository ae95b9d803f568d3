// Goal: the endpoints from which connections are drawn are those to which the rules of the asked node lead, whoever
// asks for whichever Service in whichever way, and where the rules drop or refuse, so does the dialer. Method: random
// clusters, half of the Services with topology hints; for each mode, exposure, policy, client and asked node the rules
// as data are walked by the interpreter once for every draw that they can make (the kernel's counters stand behind
// those: kernel_rules_policies_test), IPVS's destinations are read off, and both are held against ServiceReach and
// against dialed connections. Fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include "hand_walks.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_rules.h"
#include "models/proxy/kube_chains.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/ruleset_interpreter.h"
#include "models/service/dialer.h"
#include "models/service/service_reach.h"
#include "support/sanitized.h"
#include "support/v4_addresses.h"

namespace knetsim {
namespace {

constexpr NodeIndex kNodes = 3;
constexpr int kClusters = repetitions(40);
constexpr std::uint64_t kDraws = 96;  // of at most five endpoints: each is drawn but for 0.8^96

struct Mode {
  const char* name;
  Version kubernetes;
  const char* cni;
  bool external = true;  ///< Its rules for external addresses are described.
};
const Mode kModes[] = {
    {"iptables", {1, 36}, "bridge"},  {"iptables", {1, 36}, "flannel"},       {"iptables", {1, 24}, "bridge"},
    {"iptables", {1, 25}, "flannel"}, {"iptables", {1, 20}, "bridge", false}, {"nftables", {1, 36}, "bridge"},
    {"nftables", {1, 35}, "flannel"}, {"nftables", {1, 33}, "bridge"},        {"nftables", {1, 30}, "flannel"},
    {"ipvs", {1, 36}, "bridge"},      {"ipvs", {1, 36}, "flannel"},           {"ipvs", {1, 28}, "bridge"},
    {"ipvs", {1, 26}, "flannel"},     {"ipvs", {1, 20}, "bridge", false}};

using Target = std::pair<Ipv4, std::uint16_t>;

/// What becomes of a connection, and whether the rules masquerade it.
struct Outcome {
  std::set<Target> targets;
  bool dropped = false;
  bool refused = false;
  bool masqueraded = false;
};

class Scene {
 public:
  explicit Scene(std::uint32_t seed) : dice_(seed), hint_dice_(seed + 1'000'000) {
    cluster_.zones = {"a", "b"};
    cluster_.pod_specs.resize(2);
    cluster_.pod_specs[1].host_network = true;
    for (NodeIndex node = 0; node < kNodes; ++node) {
      cluster_.nodes.push_back({.ip = IpAddress::v4(node_address(node)), .zone_index = node == 2 ? 1U : 0U});
      add_pod(node, false);  // clients
      add_pod(node, true);
    }
    EndpointTable table(kServices);
    for (std::uint32_t s = 0; s < kServices; ++s) {
      const bool node_port = one_in(2);
      const bool external = one_in(2);
      const bool balanced = one_in(2);
      cluster_.services.push_back({.type = node_port ? ServiceType::NodePort : ServiceType::ClusterIp,
                                   .cluster_ips = {IpAddress::v4(ipv4(10, 96, 0, 10) + s)},
                                   .first_port = s,
                                   .port_count = 1,
                                   .client_ip_affinity = one_in(6),
                                   .internal_traffic_local = one_in(2),
                                   .external_traffic_local = (node_port || external || balanced) && one_in(2)});
      Service& service = cluster_.services.back();
      if (external) service.external_ips = {IpAddress::v4(ipv4(198, 51, 100, 1) + s)};
      if (balanced) service.load_balancer_ips = {IpAddress::v4(ipv4(198, 51, 100, 101) + s)};
      if (balanced && one_in(2)) {
        const char* const ranges[] = {"10.244.0.0/16", "192.168.1.1/32", "192.168.1.4/32", "192.0.2.0/24"};
        for (std::uint32_t r = 0; r < 1 + below(3); ++r) {
          service.source_ranges.push_back(parse_cidr(ranges[below(4)]).value());
        }
      }
      // Of some the first address is of the other family, for which these rules are not.
      const auto other_first = [&](std::vector<IpAddress>& ips) {
        if (s % 3 == 0) ips.insert(ips.begin(), parse_ip("2001:db8::1").value());
      };
      other_first(service.external_ips);
      other_first(service.load_balancer_ips);
      cluster_.service_ports.push_back({.service = s,
                                        .port = 80,
                                        .node_port = static_cast<std::uint16_t>(node_port ? 30'000 + s : 0),
                                        .target_port = 8'080});
      std::vector<Endpoint> endpoints;
      const std::uint32_t count = below(6);
      const NodeIndex bound = one_in(3) ? 1 : kNodes;  // often all on one node
      for (std::uint32_t e = 0; e < count; ++e) {
        const PodIndex pod = add_pod(below(bound), one_in(8));
        endpoints.push_back({.address = cluster_.pods[pod].ip,
                             .port = static_cast<std::uint16_t>(8'080 + e),
                             .ready = !one_in(3),
                             .pod = pod,
                             .node = cluster_.pods[pod].node});
      }
      const std::vector<EndpointHints> hints = some_hints(endpoints);
      if (hint_dice_() % 2 == 0) service.topology_mode = TopologyMode::Auto;
      table.set(s, IpFamily::V4, endpoints, HintedEndpoints::of(endpoints, hints));
    }
    cluster_.endpoints = EndpointViews(std::move(table));
    // One client outside, behind all nodes and pods.
    cluster_.nodes.push_back({.ip = IpAddress::v4(node_address(kNodes))});
    add_pod(kNodes, true);
    cluster_.external = 1;
  }
  PodIndex outside() const { return static_cast<PodIndex>(cluster_.pods.size() - 1); }

  static constexpr std::uint32_t kServices = 8;
  const Cluster& cluster() const { return cluster_; }
  static Ipv4 node_address(NodeIndex node) { return ipv4(192, 168, 1, 1) + node; }

  /// The Services as kube-proxy of one node sees them.
  std::vector<ServicePortSpec> services_at(NodeIndex node, Version kubernetes) const {
    std::vector<ServicePortSpec> specs;
    const EndpointView view = cluster_.endpoints.at(node);
    for (ServicePortIndex index = 0; index < kServices; ++index) {
      const ServicePort& port = cluster_.service_ports[index];
      const Service& service = cluster_.services[port.service];
      ServicePortSpec spec{.name = "s" + std::to_string(index),
                           .cluster_ip = service.cluster_ips.front().v4_value(),
                           .port = port.port,
                           .node_port = port.node_port,
                           .internal_local = service.internal_traffic_local,
                           .external_local = service.external_traffic_local,
                           .affinity_seconds = service.client_ip_affinity ? 10'800 : 0};
      spec.external_ips = v4_addresses(service.external_ips);
      spec.load_balancer_ips = v4_addresses(service.load_balancer_ips);
      for (const Cidr& range : service.source_ranges) spec.source_ranges.push_back({range.base, range.prefix});
      const auto meant = meant_for(node, view.everywhere(index), hints_count(service, kubernetes));
      for (const Endpoint& one : view.everywhere(index)) {
        spec.endpoints.push_back({one.address.v4_value(), one.port, one.node == node, one.ready, meant(one)});
      }
      specs.push_back(std::move(spec));
    }
    return specs;
  }

 private:
  /// For every second Service: most endpoints for one zone or both, some for a node, some for nobody.
  std::vector<EndpointHints> some_hints(const std::vector<Endpoint>& endpoints) {
    std::vector<EndpointHints> hints(endpoints.size());
    if (hint_dice_() % 2 == 0) return hints;
    const bool for_nodes = hint_dice_() % 3 == 0;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      EndpointHints& one = hints[i];
      one.for_zones = hint_dice_() % 16 != 0;
      for (ZoneIndex zone = 0; one.for_zones && zone < 2; ++zone) {
        if (hint_dice_() % 2 == 0) one.zones.push_back(zone);
      }
      one.for_nodes = for_nodes;
      if (for_nodes) one.nodes.push_back(static_cast<NodeIndex>(hint_dice_() % kNodes));
      hints_of_[endpoints[i].pod] = one;
    }
    return hints;
  }

  struct HintsCount {
    bool for_zones = false;
    bool for_nodes = false;
  };
  /// Whose hints kube-proxy looks at. @source k/k pkg/features/kube_features.go and pkg/proxy/topology.go: TopologyAwareHints
  /// from 1.24 on, of Services with the annotation; all with ServiceTrafficDistribution, from 1.31; nodes' with
  /// PreferSameTrafficDistribution, from 1.34.
  static HintsCount hints_count(const Service& service, Version kubernetes) {
    const bool asks = service.topology_mode == TopologyMode::Auto;
    return {.for_zones = kubernetes >= Version{1, 31} || (kubernetes >= Version{1, 24} && asks),
            .for_nodes = kubernetes >= Version{1, 34}};
  }

  /// Which of them kube-proxy of a node may use by their hints.
  std::function<bool(const Endpoint&)> meant_for(NodeIndex node, std::span<const Endpoint> all,
                                                 HintsCount count) const {
    const auto hints = [this](const Endpoint& one) {
      const auto found = hints_of_.find(one.pod);
      return found == hints_of_.end() ? EndpointHints{} : found->second;
    };
    const ZoneIndex zone = cluster_.nodes[node].zone_index;
    const std::function<bool(const Endpoint&)> for_node = [=](const Endpoint& one) {
      return std::ranges::count(hints(one).nodes, node) > 0;
    };
    const std::function<bool(const Endpoint&)> for_zone = [=](const Endpoint& one) {
      return std::ranges::count(hints(one).zones, zone) > 0;
    };
    const auto decides = [&](const auto& is_meant, bool EndpointHints::*has) {
      return std::ranges::all_of(all, [&](const Endpoint& one) { return !one.ready || hints(one).*has; }) &&
             std::ranges::any_of(all, [&](const Endpoint& one) { return one.ready && is_meant(one); });
    };
    if (count.for_nodes && decides(for_node, &EndpointHints::for_nodes)) return for_node;
    if (count.for_zones && decides(for_zone, &EndpointHints::for_zones)) return for_zone;
    return [](const Endpoint&) { return true; };
  }

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(dice_() % bound); }
  bool one_in(std::uint32_t count) { return below(count) == 0; }
  PodIndex add_pod(NodeIndex node, bool host) {
    const auto index = static_cast<PodIndex>(cluster_.pods.size());
    const Ipv4 own = ipv4(10, 244, 1 + node, 0) + 10 + index;
    cluster_.pods.push_back(
        {.spec = host ? 1U : 0U, .node = node, .ip = IpAddress::v4(host ? node_address(node) : own)});
    return index;
  }

  std::mt19937 dice_;
  std::mt19937 hint_dice_;
  std::map<PodIndex, EndpointHints> hints_of_;
  Cluster cluster_;
};

/// One packet through the asked node's rules, with one draw.
void pass(const Ruleset& rules, NodeIndex asked, const RulePacket& first, bool own_process, std::uint32_t draw,
          Outcome& outcome) {
  RulesetInterpreter node(rules, {Scene::node_address(asked)});
  RulePacket packet = first;
  const auto stopped = [&](Hook hook) {
    const Verdict verdict = node.at_hook(hook, packet, {.endpoint = draw}).verdict;
    outcome.dropped = outcome.dropped || verdict == Verdict::Drop;
    outcome.refused = outcome.refused || verdict == Verdict::Reject;
    return verdict != Verdict::Accept;
  };
  if (stopped(own_process ? Hook::Output : Hook::Prerouting)) return;
  const bool here = packet.destination == Scene::node_address(asked);
  // What a process sends to its own node comes back over the loopback device.
  if (own_process ? here && stopped(Hook::Input) : stopped(here ? Hook::Input : Hook::Forward)) return;
  if (!here && stopped(Hook::Postrouting)) return;
  if (!packet.translated) {  // it leaves the node for an address that nobody has
    // So does, up to 1.24, what is marked to be dropped: kubelet's rule for it is not on FORWARD.
    EXPECT_TRUE((own_process || (packet.mark & kDropMark) != 0) &&
                Ipv4Range({ipv4(198, 51, 100, 0), 24}).contains(packet.destination))
        << "neither translated nor stopped";
    outcome.dropped = true;
    return;
  }
  outcome.targets.insert({packet.destination, packet.destination_port});
  outcome.masqueraded = outcome.masqueraded || packet.masqueraded;
}

Outcome by_rules(const Mode& mode, const Scene& scene, NodeIndex asked, const RulePacket& first, bool own_process) {
  const std::vector<ServicePortSpec> services = scene.services_at(asked, mode.kubernetes);
  const NodeSpec spec{.primary_address = Scene::node_address(asked)};
  Outcome outcome;
  if (std::string(mode.name) == "ipvs") {
    const std::vector<Ipv4> addresses{Scene::node_address(asked)};
    const IpvsRules made = ipvs_rules(spec, addresses, services, mode.kubernetes);
    RulesetInterpreter node(made.rules, {Scene::node_address(asked), first.destination});
    RulePacket packet = first;
    // What a process asks is an address of kube-ipvs0, and so its own.
    if (own_process) packet.source = first.destination;
    if (own_process) {
      outcome.dropped = node.at_hook(Hook::Output, packet, {}).verdict == Verdict::Drop;
    } else {
      EXPECT_EQ(node.at_hook(Hook::Prerouting, packet, {}).verdict, Verdict::Accept);
      outcome.dropped = node.at_hook(Hook::Input, packet, {}).verdict == Verdict::Drop;
    }
    if (outcome.dropped) return outcome;
    for (const VirtualServer& server : made.servers) {
      if (server.key != ServiceKey{first.destination, first.transport, first.destination_port}) continue;
      outcome.refused = server.destinations.empty();
      for (const EndpointSpec& one : server.destinations) outcome.targets.insert({one.address, one.port});
    }
    outcome.masqueraded = (packet.mark & kMasqueradeMark) != 0;
    // Where that stays its source, endpoints of other nodes answer to their own node's kube-ipvs0.
    if (own_process && !outcome.masqueraded && first.destination != Scene::node_address(asked)) {
      std::erase_if(outcome.targets, [&](const Target& to) {
        return std::ranges::none_of(services, [&](const ServicePortSpec& service) {
          return std::ranges::any_of(service.endpoints, [&](const EndpointSpec& one) {
            return one.local && one.address == to.first && one.port == to.second;
          });
        });
      });
      outcome.dropped = !outcome.refused && outcome.targets.empty();
    }
    return outcome;
  }
  const Ruleset rules = std::string(mode.name) == "iptables"
                            ? iptables_rules(spec, services, {.kubernetes = mode.kubernetes})
                            : nftables_rules(spec, services, mode.kubernetes);
  try {
    for (std::uint32_t draw = 0; draw < 6; ++draw) pass(rules, asked, first, own_process, draw, outcome);
  } catch (const std::out_of_range&) {  // more draws than there are endpoints
  }
  return outcome;
}

class ReachAgainstRules : public testing::TestWithParam<Mode> {
 protected:
  /// @param external  Of an external IP: which of addresses_of() IPv4.
  void check(const Scene& scene, ServicePortIndex port, Exposure exposure, PodIndex client, NodeIndex asked,
             std::uint32_t external = 0) {
    const Cluster& cluster = scene.cluster();
    const Pod& pod = cluster.pods[client];
    const bool host = cluster.spec(pod).host_network;
    const bool own = pod.node == asked;
    const bool from_node = host || (!own && cni_->masquerades());
    const ServicePort& service_port = cluster.service_ports[port];
    const Service& service = cluster.services[service_port.service];
    const bool node_port = exposure == Exposure::NodePort;
    const OuterAddresses outer = addresses_of(service, IpFamily::V4);
    const IpAddress address = exposure == Exposure::ExternalIp ? outer.all[external]
                              : node_port                      ? cluster.nodes[asked].ip
                                                               : service.cluster_ips.front();
    const RulePacket first{.source = from_node ? Scene::node_address(pod.node) : pod.ip.v4_value(),
                           .destination = address.v4_value(),
                           .destination_port = node_port ? service_port.node_port : service_port.port};
    const Outcome want = by_rules(GetParam(), scene, asked, first, own && host);
    const std::string what = "service " + std::to_string(port) + " at " + to_string(address) + " of " +
                             std::to_string(asked) + (host ? ", process of " : ", pod of ") + std::to_string(pod.node);

    EdgeTarget edge{.exposure = exposure,
                    .port = port,
                    .direct = {},
                    .through = exposure == Exposure::ClusterIp ? kNoIndex : asked,
                    .external = external};
    if (exposure == Exposure::ExternalIp && external >= outer.external_ips && !service.source_ranges.empty()) {
      edge.admitted = service.source_ranges;
    }
    ServiceReach reach(cluster, cluster.endpoints, {.cni_masquerades = cni_->masquerades()});
    const ServiceReach::Answer answer = reach.of(*proxy_, edge, client, asked);
    std::set<Target> got;
    std::set<PodIndex> answering;
    for (const Endpoint& one : answer.endpoints) {
      got.insert({one.address.v4_value(), one.port});
      const bool to_pod = !cluster.spec(cluster.pods[one.pod]).host_network;
      const bool back = want.masqueraded || own || one.node == asked || (cni_->masquerades() && to_pod);
      EXPECT_EQ(reach.answer_comes_back(answer.local_policy, client, asked, one), back) << what;
      if (back) answering.insert(one.pod);
    }
    EXPECT_EQ(got, want.targets) << what;
    EXPECT_EQ(answer.reach == Reach::Dropped, want.dropped) << what;
    EXPECT_EQ(answer.reach == Reach::Refused, want.refused) << what;

    ServiceDialer dialer(cluster, cluster.endpoints, {edge}, book_, *proxy_, RandomStreams(1),
                         {.cni_masquerades = cni_->masquerades()});
    // A client that affinity remembers goes to one alone: each draw is another run's.
    const bool remembers = service.client_ip_affinity;
    std::set<PodIndex> servers;
    for (std::uint64_t id = 0; id < (remembers ? 1 : kDraws); ++id) {
      const Dial dial = dialer.dial(0, client, id, kTimeZero);
      EXPECT_EQ(dial.server == kNoIndex && !dial.dropped, want.refused) << what;
      EXPECT_TRUE(dial.dropped || !want.dropped) << what;
      if (dial.server != kNoIndex) servers.insert(dial.server);
    }
    if (remembers) {
      EXPECT_TRUE(std::ranges::includes(answering, servers)) << what;
    } else {
      EXPECT_EQ(servers, answering) << what;
    }
  }

  const std::unique_ptr<ProxyModel> proxy_ = make_proxy(GetParam().name, {.kubernetes = GetParam().kubernetes});
  const std::unique_ptr<CniModel> cni_ = cni_kind_named(GetParam().cni)->make({});
  const CostProfile profile_ = hand_profile();
  const PlanTables tables_ = plan_tables(profile_);
  PlanBook book_{{*proxy_, *cni_}, profile_, tables_, 1'500};
};

TEST_P(ReachAgainstRules, WhoIsDialedIsWhoTheRulesLeadTo) {
  for (std::uint32_t seed = 0; seed < kClusters; ++seed) {
    SCOPED_TRACE("cluster " + std::to_string(seed));
    const Scene scene(seed);
    for (ServicePortIndex port = 0; port < Scene::kServices; ++port) {
      for (PodIndex client = 0; client < 2 * kNodes; ++client) {
        check(scene, port, Exposure::ClusterIp, client, scene.cluster().pods[client].node);
        if (scene.cluster().service_ports[port].node_port == 0) continue;
        for (NodeIndex asked = 0; asked < kNodes; ++asked) check(scene, port, Exposure::NodePort, client, asked);
      }
      if (!GetParam().external) continue;
      const auto& service = scene.cluster().services[scene.cluster().service_ports[port].service];
      for (std::uint32_t external = 0; external < addresses_of(service, IpFamily::V4).count(); ++external) {
        for (PodIndex client = 0; client < 2 * kNodes; ++client) {
          check(scene, port, Exposure::ExternalIp, client, scene.cluster().pods[client].node, external);
        }
        for (NodeIndex asked = 0; asked < kNodes; ++asked) {
          check(scene, port, Exposure::ExternalIp, scene.outside(), asked, external);
        }
      }
    }
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ReachAgainstRules, testing::ValuesIn(kModes), [](const auto& mode) {
  return std::string(mode.param.name) + "_" + std::to_string(mode.param.kubernetes.minor) + "_" + mode.param.cni;
});

}  // namespace
}  // namespace knetsim
