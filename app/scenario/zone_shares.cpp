#include "app/scenario/zone_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "app/scenario/traffic_rates.h"
#include "app/scenario/variant_models.h"
#include "models/cluster/zone_way.h"
#include "models/control/node_balancer.h"
#include "models/service/service_reach.h"

namespace knetsim {
namespace {

constexpr double kWorthATelling = 1.05;  // an endpoint's share above the mean

/// Weights of connections by their ways.
struct Ways {
  double within = 0;
  double across = 0;
  void add(ZoneWay way, double weight) {
    if (way == ZoneWay::Unknown) return;
    (way == ZoneWay::Within ? within : across) += weight;
  }
  double crossing() const { return within + across > 0 ? across / (within + across) : 0; }
};

/// Adds up connections by the list that the asked node keeps: lists are few, nodes and clients many.
class Lists {
 public:
  explicit Lists(const Cluster& cluster) : cluster_(cluster) {}

  /// @param client  Zone of the client's machine. @param weight  Of its connections that `asked` chooses for.
  void add(std::span<const Endpoint> list, ZoneIndex client, ZoneIndex asked, double weight) {
    const auto [known, added] =
        row_of_.try_emplace({reinterpret_cast<std::uintptr_t>(list.data()), list.size(), client, asked}, rows_.size());
    if (added) rows_.push_back({list, client, asked, 0});
    rows_[known->second].weight += weight;
  }

  ZoneShares shares(std::span<const Endpoint> all) const {
    double total = 0;
    for (const Row& row : rows_) total += row.weight;
    ZoneShares made;
    std::map<PodIndex, double> of_pod;
    Ways ways, ways_of_all;
    for (const Row& row : rows_) {
      const double each = row.weight / total / static_cast<double>(row.list.size());
      for (const Endpoint& one : row.list) {
        if (one.pod != kNoIndex) of_pod[one.pod] += each;
        ways.add(way(row, one), each);
      }
      const double of_all = row.weight / total / static_cast<double>(all.size());
      for (const Endpoint& one : all) ways_of_all.add(way(row, one), of_all);
    }
    made.crossing = ways.crossing();
    made.crossing_of_all = ways_of_all.crossing();
    for (const Endpoint& one : all) {
      if (one.pod != kNoIndex) made.pods.emplace_back(one.pod, of_pod[one.pod]);
    }
    return made;
  }

 private:
  struct Row {
    std::span<const Endpoint> list;
    ZoneIndex client = kNoIndex;
    ZoneIndex asked = kNoIndex;
    double weight = 0;
  };
  ZoneWay way(const Row& row, const Endpoint& endpoint) const {
    const ZoneIndex server = endpoint.node == kNoIndex ? kNoIndex : cluster_.nodes[endpoint.node].zone_index;
    return zone_way(row.client, row.asked, server);
  }

  const Cluster& cluster_;
  std::vector<Row> rows_;  // in the order in which they came
  /// By where the list lies and how long it is, and the two zones; looked up, never iterated.
  std::map<std::tuple<std::uintptr_t, std::size_t, ZoneIndex, ZoneIndex>, std::size_t> row_of_;
};

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

/// Where an edge's clients are stated.
Node place_of_source(const BoundVariant& variant, EdgeIndex edge) {
  const Node root = variant.scenario.root;
  for (const TrafficSpec& source : variant.traffic.sources) {
    if (source.edge == edge) return root["workloads"][source.name]["to"];
  }
  return root["apps"] ? root["apps"] : root["graph"];
}

/// The node that all who ask from outside come to; kNoIndex where any is asked.
NodeIndex node_asked_by_all(const BoundVariant& variant, const EdgeTarget& target) {
  const LoadBalancerKind& kind = load_balancer_kind_of(variant.scenario.cluster);
  if (!target.balanced || !kind.one_node) return target.through;
  const NodeBalancer balancer(*variant.cluster, variant.cluster->endpoints, std::span(&target.service, 1), kind);
  const auto nodes = balancer.nodes(target.service);
  return nodes.empty() ? kNoIndex : nodes.front();
}

}  // namespace

std::optional<ZoneShares> zone_shares(const BoundVariant& variant, EdgeIndex edge,
                                      std::span<const std::pair<PodIndex, double>> clients) {
  const EdgeTarget& target = variant.targets[edge];
  if (target.port == kNoIndex || target.loopback || clients.empty()) return std::nullopt;
  const Cluster& cluster = *variant.cluster;
  const Service& service = cluster.services[cluster.service_ports[target.port].service];
  const ProxyModel& proxy = *variant.models->proxy;
  const HintsRead read = proxy.hints_read(service);
  const EndpointView view = cluster.endpoints.latest();
  if (read == HintsRead::None || view.hinted(target.port) == nullptr) return std::nullopt;
  const ServiceReach reach(cluster, cluster.endpoints, {.cni_masquerades = variant.models->cni->masquerades()});
  Lists lists(cluster);
  const auto ask = [&](NodeIndex asked, ZoneIndex client, double weight) {
    const NodePlace at = cluster.place(asked);
    lists.add(view.kept_at(at, read, target.port), client, at.zone, weight);
  };
  const NodeIndex one_node = node_asked_by_all(variant, target);
  std::map<ZoneIndex, double> of_zone;  // of clients that ask any node
  for (const auto& [client, weight] : clients) {
    const NodeIndex own = cluster.pods[client].node;
    const bool from_outside = asks_from_outside(target.exposure) && !reach.in_socket(proxy, target.exposure, client);
    if (from_outside ? service.external_traffic_local : service.internal_traffic_local) return std::nullopt;
    const bool by_own_rules = target.exposure == Exposure::ExternalIp && !cluster.is_external(client);
    if (!from_outside || by_own_rules) {
      ask(own, cluster.nodes[own].zone_index, weight);
    } else if (one_node != kNoIndex) {
      ask(one_node, cluster.nodes[own].zone_index, weight);
    } else {
      of_zone[cluster.nodes[own].zone_index] += weight;
    }
  }
  for (const auto& [zone, weight] : of_zone) {
    const auto nodes = static_cast<NodeIndex>(cluster.members().size());
    for (NodeIndex node = 0; node < nodes; ++node) ask(node, zone, weight / nodes);
  }
  return lists.shares(view.endpoints(target.port));
}

void tell_zone_shares(const BoundVariant& variant, Diagnostics& diagnostics) {
  const Cluster& cluster = *variant.cluster;
  const std::vector<EdgeRate> rates = edge_rates(variant);
  for (EdgeIndex edge = 0; edge < rates.size(); ++edge) {
    const std::optional<ZoneShares> shares = zone_shares(variant, edge, rates[edge].clients);
    if (!shares || shares->pods.empty()) continue;
    const auto share = [](const auto& one) { return one.second; };
    const auto [least, most] = std::ranges::minmax_element(shares->pods, {}, share);
    const double above = most->second * static_cast<double>(shares->pods.size());
    if (above < kWorthATelling) continue;
    const Service& service = cluster.services[cluster.service_ports[variant.targets[edge].port].service];
    const auto where = [&](PodIndex pod) {
      const std::string_view zone = cluster.nodes[cluster.pods[pod].node].zone;
      return fmt::format("{} ({})", cluster.pods[pod].name, zone.empty() ? "in no zone" : fmt::format("zone {}", zone));
    };
    diagnostics.notice(
        place_of_source(variant, edge),
        fmt::format(
            "topology hints of Service {} give its endpoints unequal parts of '{}': {} gets {}, {:.3g} times the "
            "mean, {} gets {}; {} of the connections cross zones instead of {}",
            service.name, variant.traffic.edges[edge].name, where(most->first), percent(most->second), above,
            where(least->first), percent(least->second), percent(shares->crossing), percent(shares->crossing_of_all)),
        service.hint_policy == HintPolicy::Auto
            ? "endpoints in each zone in proportion to its clients, or no topology-mode"
            : "endpoints in each zone in proportion to its clients, topology-mode: Auto, or no trafficDistribution");
  }
}

}  // namespace knetsim
