#include "models/service/nat_gateway.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace knetsim {
namespace {

using std::chrono::seconds;

// nf_conntrack_tcp_timeout_time_wait, in place of what the vendors do not publish.
constexpr Duration kAsConntrack = seconds(120);

struct PoolPorts {
  std::uint32_t nodes;  ///< Up to so many.
  std::uint32_t ports;
};
// The table "Default port allocation" of Azure's page on outbound connections.
constexpr std::array<PoolPorts, 6> kAzurePool = {
    {{50, 1'024}, {100, 512}, {200, 256}, {400, 128}, {800, 64}, {1'000, 32}}};

}  // namespace

std::span<const NatGatewayKind> nat_gateway_kinds() {
  static constexpr std::array kKinds = {
      NatGatewayKind{.name = "gcp",
                     .summary = "Cloud NAT with static ports: 64 of each node's own, each kept for 120 s (for 30 s by "
                                "gateways made since 30 September 2026: timeWait)",
                     .source = "cloud.google.com/nat/docs/ports-and-addresses, tune-nat-configuration",
                     .ports_per_address = 64'512,
                     .per_node = true,
                     .most_per_node = 64,
                     .after_close = seconds(120)},
      NatGatewayKind{.name = "aws",
                     .summary = "NAT gateway: 55,000 connections to a destination for each address, of all nodes; how "
                                "long a port is kept is not published: 120 s is an assumption",
                     .source = "docs.aws.amazon.com, Amazon VPC, NAT gateway basics",
                     .ports_per_address = 55'000,
                     .after_close = kAsConntrack,
                     .after_close_assumed = true},
      NatGatewayKind{.name = "azure",
                     .summary =
                         "NAT Gateway: 50,000 connections to a destination for each address, of all nodes; a port "
                         "is kept for 65 s",
                     .source = "learn.microsoft.com, Azure NAT Gateway resource, Performance and Port Reuse Timers",
                     .ports_per_address = 50'000,
                     .after_close = seconds(65)},
      NatGatewayKind{.name = "azure-load-balancer",
                     .summary =
                         "outbound rules of a load balancer: 1,024 ports of each node's own in a pool of up to 50, "
                         "fewer in larger ones; how long a port is kept is not published: 120 s is an assumption",
                     .source = "learn.microsoft.com, Azure Load Balancer, outbound connections",
                     .ports_per_address = 64'000,
                     .per_node = true,
                     .most_per_node = 1'024,
                     .by_pool = true,
                     .after_close = kAsConntrack,
                     .after_close_assumed = true}};
  return kKinds;
}

const NatGatewayKind* nat_gateway_kind_named(std::string_view name) {
  const std::span<const NatGatewayKind> kinds = nat_gateway_kinds();
  const auto found = std::ranges::find(kinds, name, &NatGatewayKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

std::uint32_t ports_per_node(const NatGatewayKind& kind, std::uint32_t nodes) {
  if (!kind.by_pool) return kind.most_per_node;
  const auto pool = std::ranges::find_if(kAzurePool, [&](const PoolPorts& one) { return nodes <= one.nodes; });
  return pool == kAzurePool.end() ? kAzurePool.back().ports : pool->ports;
}

}  // namespace knetsim
