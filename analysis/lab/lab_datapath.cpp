#include "analysis/lab/lab_datapath.h"

#include <chrono>

#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_text.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim::lab {
namespace {

constexpr std::uint16_t kNodePort = 30'080;
constexpr std::uint32_t kServiceNet = ipv4(10, 96, 0, 0);

Ipv4 service_address(std::uint32_t position) { return kServiceNet + 256 + position; }

}  // namespace

LabDatapath::LabDatapath(const LabSetup& setup, LabServers servers) : setup_(setup) {
  const std::uint32_t far = setup.nodes - 1;
  cluster_ =
      std::make_unique<LabCluster>(LabSpec{.nodes = setup.nodes,
                                           .fabric = setup.fabric,
                                           .bridge = setup.bridge,
                                           .pods = {{.node = 0}, {.node = far, .addresses = setup.rules.endpoints}}});
  for (std::uint32_t node = 0; node < setup.nodes && setup.rules.proxy != LabProxy::None; ++node) load_rules(node);
  if (servers == LabServers::None) return;
  pod_server_ = std::make_unique<EchoServer>(cluster_->pod(1), EchoOptions{.port = kServerPort});
  host_server_ = std::make_unique<EchoServer>(cluster_->node(far), EchoOptions{.port = kServerPort});
}

std::vector<ServicePortSpec> LabDatapath::services(std::uint32_t node) const {
  const LabRules& rules = setup_.rules;
  const bool local = node + 1 == setup_.nodes;
  std::vector<ServicePortSpec> services;
  services.reserve(rules.services);
  for (std::uint32_t position = 1; position <= rules.services; ++position) {
    ServicePortSpec service{.name = "service-" + std::to_string(position),
                            .port_name = "http",
                            .cluster_ip = service_address(position),
                            .port = 80,
                            .affinity_seconds = rules.affinity ? 10'800 : 0};
    const bool asked = position == rules.position;
    service.node_port = asked ? kNodePort : std::uint16_t{0};
    for (std::uint32_t e = 0; e < rules.endpoints; ++e) {
      // Every node has endpoints of some Service: IPVS mode has a rule more then.
      service.endpoints.push_back(
          {asked ? cluster_->pod_address(1, e) : ipv4(10, 245, 0, 0) + position * rules.endpoints + e, kServerPort,
           !asked || local});
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
  load_seconds_ = 0;
  switch (setup_.rules.proxy) {
    case LabProxy::None:
      return;
    case LabProxy::IptablesLegacy:
      return timed("iptables-legacy-restore", iptables_text(iptables_rules(spec, list)));
    case LabProxy::IptablesNft:
      return timed("iptables-nft-restore", iptables_text(iptables_rules(spec, list)));
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

LabEnds LabDatapath::ends_of(const LabCase& lab_case) const {
  const std::uint32_t far = setup_.nodes - 1;
  LabEnds ends{.client = lab_case.client_host_network ? cluster_->node(0) : cluster_->pod(0),
               .server = lab_case.server_host_network ? cluster_->node(far) : cluster_->pod(1),
               .asked = {.address = 0, .port = kServerPort}};
  switch (lab_case.exposure) {
    case Exposure::ClusterIp:
      ends.asked = {.address = service_address(setup_.rules.position), .port = 80};
      break;
    case Exposure::NodePort:
      ends.asked = {.address = LabCluster::node_address(0), .port = kNodePort};
      break;
    default:
      ends.asked.address = lab_case.server_host_network ? LabCluster::node_address(far) : cluster_->pod_address(1);
  }
  ends.client_device = !lab_case.client_host_network ? LabCluster::pod_device()
                       : far > 0                     ? LabCluster::uplink(far)
                                                     : LabCluster::host_end(1);
  return ends;
}

Samples LabDatapath::measure(const LabCase& lab_case, const std::vector<int>& cpus, std::uint32_t samples,
                             const std::function<void()>& before_each) const {
  const bool connect = lab_case.operation == Operation::Connect;
  const int server_cpu = connect ? cpus.back() : cpus.front();
  EchoServer& server = lab_case.server_host_network ? *host_server_ : *pod_server_;
  server.move_to(server_cpu, connect && server_cpu != cpus.front());
  server.give_way(connect && server_cpu == cpus.front());
  const LabEnds ends = ends_of(lab_case);
  const ProbeOptions options{.cpu = cpus.front(),
                             .samples = samples,
                             .before = lab_case.cold ? 2u : 20u,
                             .bytes = lab_case.bytes,
                             .before_each = before_each};
  Samples times =
      connect ? connect_times(ends.client, ends.asked, options) : round_trip_times(ends.client, ends.asked, options);
  server.move_to(server_cpu, false);  // others are measured next
  return times;
}

}  // namespace knetsim::lab
