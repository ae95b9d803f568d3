#include "analysis/lab/lab_datapath.h"

#include <chrono>

#include "analysis/lab/receive_steering.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_text.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/ruleset_text.h"
#include "sim/core/ensure.h"

namespace knetsim::lab {
namespace {

constexpr std::uint16_t kChainPort = 8081;
constexpr std::uint16_t kNodePort = 30'080;
constexpr std::uint16_t kHostPort = 8088;
constexpr std::uint32_t kHostPortBase = 9'000;  // of the containers that nobody asks
// Addresses of clients that affinity has not seen: of the cluster's pods, and of no node.
constexpr const char* kNewClients = "10.244.128.0/17";
constexpr std::uint32_t kNewClientCount = 1 << 15;
constexpr std::uint32_t kServiceNet = ipv4(10, 96, 0, 0);

Ipv4 service_address(std::uint32_t position) { return kServiceNet + 256 + position; }

}  // namespace

LabDatapath::LabDatapath(const LabSetup& setup, LabServers servers) : setup_(setup) {
  const LabRules& rules = setup.rules;
  const std::uint32_t far = setup.nodes - 1;
  std::vector<LabPodSpec> pods = {{.node = 0}, {.node = far, .addresses = rules.endpoints}};
  if (setup.chained) pods.push_back({.node = 0, .addresses = rules.endpoints});
  cluster_ = std::make_unique<LabCluster>(LabSpec{.nodes = setup.nodes,
                                                  .fabric = setup.fabric,
                                                  .bridge = setup.bridge,
                                                  .wire_mbit = setup.wire_mbit,
                                                  .pods = pods});
  if (rules.affinity) cluster_->add_clients(0, kNewClients);
  for (std::uint32_t node = 0; node < setup.nodes && rules.proxy != LabProxy::None; ++node) load_rules(node);
  if (servers == LabServers::None) return;
  const EchoOptions plain{.port = kServerPort, .transport = rules.transport};
  pod_server_ = std::make_unique<EchoServer>(cluster_->pod(1), plain);
  host_server_ = std::make_unique<EchoServer>(cluster_->node(far), plain);
  if (!setup.chained) return;
  second_server_ = std::make_unique<EchoServer>(cluster_->pod(2), plain);
  const SocketAddress second = rules.proxy == LabProxy::None
                                   ? SocketAddress{.address = cluster_->pod_address(2), .port = kServerPort}
                                   : SocketAddress{.address = service_address(rules.position + 1), .port = 80};
  chain_server_ = std::make_unique<EchoServer>(cluster_->pod(1), EchoOptions{.port = kChainPort, .behind = second});
}

std::vector<ServicePortSpec> LabDatapath::services(std::uint32_t node) const {
  const LabRules& rules = setup_.rules;
  std::vector<ServicePortSpec> services;
  services.reserve(rules.services);
  for (std::uint32_t position = 1; position <= rules.services; ++position) {
    ServicePortSpec service{.name = "service-" + std::to_string(position),
                            .port_name = "http",
                            .transport = rules.transport,
                            .cluster_ip = service_address(position),
                            .port = 80,
                            .affinity_seconds = rules.affinity ? 10'800 : 0};
    const bool asked = position == rules.position;
    const bool second = setup_.chained && position == rules.position + 1;
    service.node_port = asked ? kNodePort : std::uint16_t{0};
    const std::uint16_t port = asked && setup_.chained ? kChainPort : kServerPort;
    for (std::uint32_t e = 0; e < rules.endpoints; ++e) {
      const Ipv4 address = asked    ? cluster_->pod_address(1, e)
                           : second ? cluster_->pod_address(2, e)
                                    : ipv4(10, 245, 0, 0) + position * rules.endpoints + e;
      // Every node has endpoints of some Service: IPVS mode has a rule more then.
      const bool local = asked ? node + 1 == setup_.nodes : !second || node == 0;
      service.endpoints.push_back({address, port, local});
    }
    services.push_back(std::move(service));
  }
  return services;
}

void LabDatapath::load_rules(std::uint32_t node) {
  const NetNamespace& space = cluster_->node(node);
  const NodeSpec spec{.primary_address = LabCluster::node_address(node)};
  const std::vector<ServicePortSpec> list = services(node);
  const auto timed = [&](const char* command, const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    space.in(command, text);
    load_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto iptables = [&](const char* command) {
    Ruleset rules = iptables_rules(spec, list);
    if (node + 1 == setup_.nodes) add_portmap_rules(rules, host_ports());
    timed(command, iptables_text(rules));
  };
  load_seconds_ = 0;
  switch (setup_.rules.proxy) {
    case LabProxy::None:
      return;
    case LabProxy::IptablesLegacy:
      return iptables("iptables-legacy-restore");
    case LabProxy::IptablesNft:
      return iptables("iptables-nft-restore");
    case LabProxy::Nftables:
      return timed("nft -f -", nftables_text(nftables_rules(spec, list)));
    case LabProxy::Ipvs: {
      const IpvsRules made = ipvs_rules(spec, cluster_->addresses_of(node), list);
      space.ip("link add kube-ipvs0 type dummy");
      timed("ipset restore", ip_sets_text(made.rules));
      timed("iptables-legacy-restore", iptables_text(made.rules));
      timed("ipvsadm -R", virtual_servers_text(made.servers, setup_.rules.least_connection ? "lc" : "rr"));
      timed("ip -batch -", service_addresses_text(made.addresses));
      space.sysctl("net.ipv4.vs.conntrack=1 net.ipv4.vs.expire_nodest_conn=1");
    }
  }
}

// Of the server's node. A later container's entry stands before those of earlier ones.
std::vector<HostPortSpec> LabDatapath::host_ports() const {
  const std::uint32_t count = setup_.rules.host_ports;
  const std::uint32_t asked = LabCase{.setup = setup_}.host_port_position();
  std::vector<HostPortSpec> containers;
  containers.reserve(count);
  for (std::uint32_t place = count; place >= 1; --place) {
    HostPortSpec container{.container = "container-" + std::to_string(place)};
    container.address = place == asked ? cluster_->pod_address(1) : ipv4(10, 245, 255, 0) + place;
    const auto port = static_cast<std::uint16_t>(place == asked ? kHostPort : kHostPortBase + place);
    container.mappings = {{setup_.rules.transport, port, kServerPort}};
    containers.push_back(std::move(container));
  }
  return containers;
}

SocketAddress LabDatapath::target(const LabCase& lab_case) const {
  const std::uint32_t far = setup_.nodes - 1;
  switch (lab_case.exposure) {
    case Exposure::ClusterIp:
      return {.address = service_address(setup_.rules.position), .port = 80};
    case Exposure::NodePort: {
      const std::uint32_t asked = lab_case.ingress == IngressNode::ThirdNode    ? 1
                                  : lab_case.ingress == IngressNode::ServerNode ? far
                                                                                : 0;
      return {.address = LabCluster::node_address(asked), .port = kNodePort};
    }
    case Exposure::HostPort:
      return {.address = LabCluster::node_address(far), .port = kHostPort};
    case Exposure::ExternalIp:  // no Service of the lab has one
    case Exposure::PodIp:
      break;
  }
  KNETSIM_ENSURE(lab_case.exposure == Exposure::PodIp);
  return {.address = lab_case.server_host_network ? LabCluster::node_address(far) : cluster_->pod_address(1),
          .port = setup_.chained ? kChainPort : kServerPort};
}

LabEnds LabDatapath::ends_of(const LabCase& lab_case) const {
  const std::uint32_t far = setup_.nodes - 1;
  LabEnds ends{.client = lab_case.client_host_network ? cluster_->node(0) : cluster_->pod(0),
               .server = lab_case.server_host_network ? cluster_->node(far) : cluster_->pod(1),
               .asked = target(lab_case)};
  ends.client_device = !lab_case.client_host_network ? LabCluster::pod_device()
                       : far > 0                     ? LabCluster::uplink(far)
                                                     : LabCluster::host_end(1);
  return ends;
}

Samples LabDatapath::measure(const LabCase& lab_case, const std::vector<int>& cpus, std::uint32_t samples,
                             const std::function<void()>& before_each) const {
  const bool connect = lab_case.operation == Operation::Connect;
  const bool session = lab_case.operation == Operation::Session;
  const Placement placement = lab_case.placement;
  const ReceiveSteering steering(*this, placement, cpus);
  const bool beside =
      connect && placement == Placement::OneCpu;  // the server's process on another CPU, where there is one
  const int server_cpu = beside ? cpus.back() : placed_on(placement, cpus).servers;
  const bool spin = beside && server_cpu != cpus.front();
  EchoServer& server = lab_case.server_host_network ? *host_server_ : setup_.chained ? *chain_server_ : *pod_server_;
  server.move_to(server_cpu, spin);
  server.give_way(connect && server_cpu == cpus.front());
  if (second_server_) second_server_->move_to(cpus.front(), false);
  ProbeOptions options{.cpu = cpus.front(),
                       .samples = samples,
                       .before = lab_case.cold || session ? 2u : 20u,
                       .bytes = lab_case.bytes,
                       .transport = setup_.rules.transport,
                       .requests = lab_case.requests,
                       .at_once = session ? kSessionsAtOnce : 1,
                       .before_each = before_each};
  if (connect && setup_.rules.affinity && !lab_case.remembered) {
    const std::uint32_t wanted = options.before + options.samples;
    // Round and round: who comes again after so many others is unknown to iptables, which remembers 100 clients.
    if (next_client_ + wanted > kNewClientCount) next_client_ = 0;
    options.client = ipv4(10, 244, 128, 0) + next_client_;
    next_client_ += wanted;
  }
  const auto probe = connect ? connect_times : session ? session_times : round_trip_times;
  const LabEnds ends = ends_of(lab_case);
  Samples times = probe(ends.client, ends.asked, options);
  if (spin) server.move_to(server_cpu, false);  // others are measured next
  return times;
}

}  // namespace knetsim::lab
