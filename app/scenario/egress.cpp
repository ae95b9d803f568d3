#include "app/scenario/egress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/ip_address.h"
#include "models/proxy/ip_masq_agent.h"
#include "models/service/nat_gateway.h"
#include "sim/core/ensure.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

constexpr Ipv4Range kLinkLocal{ipv4(169, 254, 0, 0), 16};
constexpr std::array<const char*, 3> kAgentDefault = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"};
constexpr std::array<Ipv4Range, 5> kPrivate = {{{ipv4(10, 0, 0, 0), 8},
                                                {ipv4(172, 16, 0, 0), 12},
                                                {ipv4(192, 168, 0, 0), 16},
                                                {ipv4(100, 64, 0, 0), 10},
                                                kLinkLocal}};

bool is_v4(const IpAddress& address) { return address && address.family() == IpFamily::V4; }

const NatGatewayKind& kind_of(const NatGatewaySettings& settings) {
  const NatGatewayKind* kind = nat_gateway_kind_named(settings.kind);
  KNETSIM_ENSURE(kind != nullptr, "the scenario's reader refuses unknown kinds");
  return *kind;
}

std::uint32_t room_of_node(const NatGatewaySettings& settings, std::uint32_t nodes) {
  return settings.ports_per_node.value_or(ports_per_node(kind_of(settings), nodes));
}

/// The cluster's own addresses are asked without masquerading: else who answers is not who was asked, for which there
/// are no models.
void check_own(const EgressSettings& settings, Node at, const Cluster& cluster, Diagnostics& diagnostics) {
  const std::vector<Ipv4Range> kept = kept_ranges(settings);
  const Node list = at["nonMasqueradeCIDRs"].exists() ? at["nonMasqueradeCIDRs"] : at["masquerade"];
  const auto masquerades = [&](const IpAddress& address) {
    return is_v4(address) && range_of(address.v4_value(), kept) == 0;
  };
  const auto tell = [&](std::string_view label, const IpAddress& address) {
    diagnostics.error(list,
                      fmt::format("ip-masq-agent would masquerade what goes to {} ({}) too, which is not simulated",
                                  label, to_string(address)),
                      "nonMasqueradeCIDRs with the addresses of pods and nodes");
  };
  const auto nodes = cluster.members();
  const auto node = std::ranges::find_if(nodes, masquerades, &ClusterNode::ip);
  if (node != nodes.end()) tell(fmt::format("Node {}", node->name), node->ip);
  const auto pods = cluster.member_pods();
  const auto pod = std::ranges::find_if(
      pods, [&](const Pod& one) { return !cluster.spec(one).host_network && masquerades(one.ip); });
  if (pod != pods.end()) tell(object_label("Pod", pod->ns, pod->name), pod->ip);
}

void check_gateway(const NatGatewaySettings& settings, Node at, std::uint32_t nodes, Diagnostics& diagnostics) {
  const NatGatewayKind& kind = kind_of(settings);
  if (!kind.per_node) return;
  const std::uint32_t each = room_of_node(settings, nodes);
  const std::uint64_t served = std::uint64_t{kind.ports_per_address} * settings.addresses / each;
  if (served >= nodes) return;
  diagnostics.error(at,
                    fmt::format("{} {} ports for {} nodes at {} each, and there are {}", settings.addresses,
                                settings.addresses == 1 ? "address has" : "addresses have",
                                with_commas(static_cast<std::int64_t>(served)), with_commas(each), with_commas(nodes)),
                    "more addresses, or a smaller portsPerNode");
}

}  // namespace

std::vector<Ipv4Range> kept_ranges(const EgressSettings& settings) {
  std::vector<Ipv4Range> ranges;
  if (settings.masquerade != "agent") return ranges;
  if (!settings.masq_link_local) ranges.push_back(kLinkLocal);
  const auto add = [&](std::string_view text) {
    if (const std::optional<Cidr> range = parse_cidr(text)) ranges.push_back({range->base, range->prefix});
  };
  if (!settings.non_masquerade) {
    for (const char* range : kAgentDefault) add(range);
    return ranges;
  }
  for (const std::string& range : *settings.non_masquerade) add(range);
  return ranges;
}

void set_ways_out(const EgressSettings& settings, Node at, const std::vector<NodeIndex>& machines, Cluster& cluster,
                  Diagnostics& diagnostics) {
  if (settings.masquerade == "agent") check_own(settings, at, cluster, diagnostics);
  const auto& gateway = settings.nat_gateway;
  if (gateway) {
    check_gateway(*gateway, at["natGateway"], static_cast<std::uint32_t>(cluster.members().size()), diagnostics);
  }
  const std::vector<Ipv4Range> kept = kept_ranges(settings);
  for (const NodeIndex index : machines) {
    ClusterNode& machine = cluster.nodes[index];
    const Ipv4 address = machine.ip.v4_value();
    machine.external->kept_range = range_of(address, kept);
    machine.external->behind_gateway = gateway && range_of(address, kPrivate) == 0;
    if (machine.external->behind_gateway) machine.external->delay += gateway->latency;
  }
}

void add_egress_limits(const EgressSettings& settings, const Cluster& cluster, bool network_masquerades,
                       TableLimits& limits) {
  using Masquerading = TableLimits::Masquerading;
  const bool agent = settings.masquerade == "agent";
  limits.masquerading = agent                 ? Masquerading::AllButKeptRanges
                        : network_masquerades ? Masquerading::Pods
                                              : Masquerading::Nobody;
  limits.egress_ports = agent ? kAgentLastPort - kAgentFirstPort + 1U : kMasqueradePorts;
  if (!settings.nat_gateway) return;
  const NatGatewayKind& kind = kind_of(*settings.nat_gateway);
  limits.gateway_per_node = kind.per_node;
  limits.gateway_room = kind.per_node
                            ? room_of_node(*settings.nat_gateway, static_cast<std::uint32_t>(cluster.members().size()))
                            : kind.ports_per_address * settings.nat_gateway->addresses;
  limits.gateway_after_close = settings.nat_gateway->time_wait.value_or(kind.after_close);
}

}  // namespace knetsim
