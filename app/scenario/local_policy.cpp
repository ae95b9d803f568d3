#include "app/scenario/local_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/scenario/variant_calls.h"
#include "app/scenario/variant_models.h"
#include "models/control/node_balancer.h"
#include "models/service/service_reach.h"
#include "sim/net/transport.h"

namespace knetsim {
namespace {

/// What a policy Local can do to connections, other than to keep them on a node.
enum class Fate : std::uint8_t { Dropped, Refused, Unanswered, kCount };

/// Nodes, or clients, whose connections meet each fate.
struct Met {
  std::array<std::size_t, static_cast<std::size_t>(Fate::kCount)> with{};
  std::size_t of = 0;
  std::size_t operator[](Fate fate) const { return with[static_cast<std::size_t>(fate)]; }
};

class LocalPolicyNotices {
 public:
  LocalPolicyNotices(const BoundVariant& variant, Diagnostics& diagnostics)
      : variant_(variant),
        cluster_(*variant.cluster),
        diagnostics_(diagnostics),
        models_(*variant.models),
        reach_(cluster_, cluster_.endpoints, {.cni_masquerades = models_.cni->masquerades()}) {}

  void check(EdgeIndex edge, const std::vector<PodIndex>& clients, Node at) {
    const EdgeTarget& target = variant_.targets[edge];
    if (target.port == kNoIndex) return;
    // Who asks a node port that his own system call translates is in the cluster, whatever node he names; so is who
    // asks an external IP of his own node.
    std::vector<PodIndex> outside, inside, at_own_node;
    for (const PodIndex client : clients) {
      if (!asks_from_outside(target.exposure) || reach_.in_socket(*models_.proxy, target.exposure, client)) {
        inside.push_back(client);
      } else {
        const bool own = target.exposure == Exposure::ExternalIp && !cluster_.is_external(client);
        (own ? at_own_node : outside).push_back(client);
      }
    }
    check(edge, outside, {.nodes_asked = true, .external = true}, at);
    check(edge, inside, {.nodes_asked = false, .external = false}, at);
    check(edge, at_own_node, {.nodes_asked = false, .external = true}, at);
  }

 private:
  /// Whether clients meet nodes in any number, or their own alone, and which policy counts there.
  struct Way {
    bool nodes_asked = false;
    bool external = false;
  };

  void check(EdgeIndex edge, const std::vector<PodIndex>& clients, const Way& how, Node at) {
    if (clients.empty()) return;
    const EdgeTarget& target = variant_.targets[edge];
    const Service& service = cluster_.services[cluster_.service_ports[target.port].service];
    const bool from_outside = how.nodes_asked;
    if (!(how.external ? service.external_traffic_local : service.internal_traffic_local)) return;
    if (target.balanced) {
      if (load_balancer_kind_of(variant_.scenario.cluster).one_node) {
        tell_announcer(target, service, at);
      } else {
        tell_shares(target, service, at);
      }
      return;
    }
    const Met met = from_outside ? at_nodes(target, clients) : at_clients(target, clients);
    const std::string& name = variant_.traffic.edges[edge].name;
    const std::string who =
        from_outside ? fmt::format("nodes that '{}' asks", name) : fmt::format("clients of '{}'", name);
    const std::string where = from_outside ? "" : " on their node";
    const std::string policy = how.external ? "externalTrafficPolicy" : "internalTrafficPolicy";
    const std::string of_others = from_outside ? " of clients on other nodes" : "";
    if (const std::size_t count = met[Fate::Dropped]; count > 0) {
      diagnostics_.notice(at, fmt::format("{} of {} {} have no endpoint of Service {}{}, and its {} is Local: "
                                          "connections{} are dropped there, and {}",
                                          count, met.of, who, service.name, where, policy, of_others, end_of(edge)));
    }
    if (const std::size_t count = met[Fate::Refused]; count > 0) {
      diagnostics_.notice(at, fmt::format("{} of {} {} have no endpoint of Service {}{}, and its {} is Local: "
                                          "connections are refused there",
                                          count, met.of, who, service.name, where, policy));
    }
    if (const std::size_t count = met[Fate::Unanswered]; count > 0) {
      diagnostics_.notice(
          at,
          fmt::format("{} of {} {} send connections{} to endpoints of Service {} on other nodes too, and keep their "
                      "source ({} Local): those answers go straight to the client, which takes none from there, so "
                      "that the connections {}",
                      count, met.of, who, of_others, service.name, policy, end_of(edge)));
    }
  }

  /// One node takes all connections, and with the policy Local its own endpoints answer them.
  void tell_announcer(const EdgeTarget& target, const Service& service, Node at) {
    const NodeBalancer balancer(cluster_, cluster_.endpoints, std::span(&target.service, 1),
                                load_balancer_kind_of(variant_.scenario.cluster));
    if (balancer.nodes(target.service).empty()) return;
    const NodeIndex announcer = balancer.nodes(target.service).front();
    const auto endpoints = cluster_.endpoints.latest().endpoints(target.port);
    const auto elsewhere = std::ranges::count_if(endpoints, [&](const Endpoint& one) { return one.node != announcer; });
    if (elsewhere == 0) return;
    diagnostics_.notice(at,
                        fmt::format("{} alone announces the load balancer of Service {} (externalTrafficPolicy Local): "
                                    "{} of its {} endpoints are on other nodes, and get no connections",
                                    cluster_.nodes[announcer].name, service.name, elsewhere, endpoints.size()),
                        "kind: metallb-bgp, or externalTrafficPolicy: Cluster");
  }

  /// A load balancer asks those nodes alone that have endpoints, and splits by node, whatever their number there.
  void tell_shares(const EdgeTarget& target, const Service& service, Node at) {
    std::map<NodeIndex, std::size_t> of_node;
    for (const Endpoint& endpoint : cluster_.endpoints.latest().endpoints(target.port)) {
      if (endpoint.node != kNoIndex) ++of_node[endpoint.node];  // others are addresses outside of the cluster
    }
    if (of_node.empty()) return;
    const auto [fewest, most] = std::ranges::minmax_element(of_node, {}, [](const auto& one) { return one.second; });
    if (fewest->second == most->second) return;
    const auto share = [&](const auto& node) {
      return fmt::format("{:.3g} %", 100.0 / static_cast<double>(of_node.size() * node.second));
    };
    diagnostics_.notice(
        at,
        fmt::format("the load balancer of Service {} splits by node (externalTrafficPolicy Local): an endpoint "
                    "of {}, which has {}, gets {} of the connections, one of {}, which has {}, {}",
                    service.name, cluster_.nodes[most->first].name, most->second, share(*most),
                    cluster_.nodes[fewest->first].name, fewest->second, share(*fewest)),
        "as many endpoints on each node that has some, or externalTrafficPolicy: Cluster");
  }

  /// The fate of a client's connections at the rules of a node; kCount where all are answered.
  Fate fate(const EdgeTarget& target, PodIndex client, NodeIndex asked) {
    const ServiceReach::Answer answer = reach_.of(*models_.proxy, target, client, asked);
    if (answer.reach == Reach::Dropped) return Fate::Dropped;
    if (answer.reach == Reach::Refused) return Fate::Refused;
    for (const Endpoint& endpoint : answer.endpoints) {
      if (!reach_.answer_comes_back(answer.local_policy, client, asked, endpoint)) return Fate::Unanswered;
    }
    return Fate::kCount;
  }

  Met at_clients(const EdgeTarget& target, const std::vector<PodIndex>& clients) {
    Met met{.of = clients.size()};
    for (const PodIndex client : clients) {
      const Fate one = fate(target, client, cluster_.pods[client].node);
      if (one != Fate::kCount) ++met.with[static_cast<std::size_t>(one)];
    }
    return met;
  }

  /// Clients that share a node's network, or do not, are alike to all other nodes: two of each sort, on different
  /// nodes, stand for them, and one of each node for what it asks itself.
  Met at_nodes(const EdgeTarget& target, const std::vector<PodIndex>& clients) {
    std::map<bool, std::vector<PodIndex>> elsewhere;
    std::map<std::pair<NodeIndex, bool>, PodIndex> own;
    for (const PodIndex client : clients) {
      const Pod& pod = cluster_.pods[client];
      const bool host = cluster_.spec(pod).host_network;
      if (own.try_emplace({pod.node, host}, client).second && elsewhere[host].size() < 2) {
        elsewhere[host].push_back(client);
      }
    }
    const auto first = target.through == kNoIndex ? NodeIndex{0} : target.through;
    const auto end =
        target.through == kNoIndex ? static_cast<NodeIndex>(cluster_.members().size()) : target.through + 1;
    Met met{.of = end - first};
    for (NodeIndex asked = first; asked < end; ++asked) {
      std::set<Fate> fates;
      for (const bool host : {false, true}) {
        if (const auto here = own.find({asked, host}); here != own.end())
          fates.insert(fate(target, here->second, asked));
        for (const PodIndex client : elsewhere[host]) fates.insert(fate(target, client, asked));
      }
      for (const Fate one : fates) {
        if (one != Fate::kCount) ++met.with[static_cast<std::size_t>(one)];
      }
    }
    return met;
  }

  std::string end_of(EdgeIndex edge) const {
    const EdgeSpec& spec = variant_.traffic.edges[edge];
    const Duration patience =
        syn_schedule(parse_kernel_version(variant_.scenario.cluster.kernel).value_or(KernelVersion{})).give_up;
    if (spec.udp || spec.timeout <= patience) return "end at their timeout";
    return fmt::format("end when connect() gives up, after {} s",
                       std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  }

  const BoundVariant& variant_;
  const Cluster& cluster_;
  Diagnostics& diagnostics_;
  const VariantModels& models_;
  ServiceReach reach_;
};

}  // namespace

void tell_dropped_by_policy(const BoundVariant& variant, Diagnostics& diagnostics) {
  LocalPolicyNotices notices(variant, diagnostics);
  visit_calls(variant,
              [&](EdgeIndex edge, const std::vector<PodIndex>& clients, Node at) { notices.check(edge, clients, at); });
}

}  // namespace knetsim
