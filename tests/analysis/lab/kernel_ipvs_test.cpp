// Goal: in IPVS mode, the rules, sets and virtual servers that are generated do to one real TCP connection what the
// interpreter says, and so what the model counts (tests/models/proxy/ipvs_rules_test.cpp compares those two). Method:
// as in kernel_rules_lab.h: SYN, SYN-ACK, ACK and RST of one connection, then every rule's counter against the
// interpreter's over the same packets, which pass INPUT, OUTPUT and POSTROUTING on their way to the endpoint. Skipped
// where the kernel has no IPVS; emulated_lab_test.cpp runs it in one that has.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "analysis/lab/surroundings.h"
#include "interpreted_packets.h"
#include "kernel_counters.h"
#include "kernel_probe.h"
#include "lab_services.h"
#include "models/proxy/ipvs_text.h"
#include "models/proxy/rule_bytes.h"
#include "models/proxy/ruleset_interpreter.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

struct IpvsNode {
  IpvsRules made;
  std::unique_ptr<RulesetInterpreter> interpreter;
};

class KernelIpvs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = lab::lab_impossible(); !why.empty()) GTEST_SKIP() << why;
    const lab::Surroundings here = lab::look_around();
    if (!here.ipvs) GTEST_SKIP() << "no IPVS in this kernel, or no ipset and ipvsadm";
    if (!here.bridge_netfilter) GTEST_SKIP() << "no br_netfilter: a bridge's packets pass no rules here";
  }

  void stand(std::uint32_t count) {
    cluster = std::make_unique<lab::LabCluster>(
        lab::LabSpec{.nodes = count,
                     .fabric = count > 1 ? lab::Fabric::Vxlan : lab::Fabric::HostRoutes,
                     .pods = {{.node = 0}, {.node = count - 1, .addresses = kEndpoints}}});
    for (std::uint32_t node = 0; node < count; ++node) load(node, node + 1 == count);
  }

  void load(std::uint32_t index, bool local) {
    std::vector<ServicePortSpec> services;
    for (std::uint32_t s = 0; s < kServices; ++s) {
      ServicePortSpec service{.name = "web" + std::to_string(s),
                              .port_name = "http",
                              .cluster_ip = ipv4(10, 96, 0, 10) + s,
                              .port = 80,
                              .node_port = static_cast<std::uint16_t>(s == kWanted ? kNodePort : 0)};
      for (std::uint32_t e = 0; e < kEndpoints; ++e) {
        service.endpoints.push_back({s == kWanted ? cluster->pod_address(1, e) : ipv4(10, 244, 9, 100 + 3 * s + e),
                                     kServerPort, s != kWanted || local});
      }
      services.push_back(std::move(service));
    }
    const lab::NetNamespace& space = cluster->node(index);
    const std::vector<Ipv4> own = cluster->addresses_of(index);
    auto node = std::make_unique<IpvsNode>();
    node->made = ipvs_rules({.primary_address = own.front()}, own, services);
    space.ip("link add kube-ipvs0 type dummy");
    space.in("ipset restore", ip_sets_text(node->made.rules));
    space.in("iptables-legacy-restore", iptables_text(node->made.rules));
    space.in("ipvsadm -R", virtual_servers_text(node->made.servers, "rr"));
    space.in("ip -batch -", service_addresses_text(node->made.addresses));
    space.sysctl("net.ipv4.vs.conntrack=1");
    std::vector<Ipv4> local_addresses = own;
    local_addresses.insert(local_addresses.end(), node->made.addresses.begin(), node->made.addresses.end());
    node->interpreter = std::make_unique<RulesetInterpreter>(node->made.rules, local_addresses);
    nodes.push_back(std::move(node));
  }

  /// @return  The endpoint's address; 0 and a failure where no connection came about.
  Ipv4 open(const lab::NetNamespace& client, Ipv4 to, std::uint16_t port) {
    const ProbeResult result = open_and_reset(client, cluster->pod(1), {to, port}, kServerPort);
    EXPECT_TRUE(result.connected) << "no connection to " << to_text(to) << ":" << port;
    return result.endpoint;
  }

  RulesetInterpreter& interpreter(std::uint32_t node) { return *nodes[node]->interpreter; }

  /// Client to endpoint through IPVS at one node: at the hooks `before` bound for the Service, then for the endpoint.
  void asked_at(std::uint32_t node, RulePacket packet, Ipv4 endpoint, const std::vector<Hook>& before) {
    // What a process of the node sends is taken at OUTPUT between nat and filter, and comes back to filter alone.
    const bool of_process = before.empty();
    pass(interpreter(node), packet, of_process ? std::vector<Hook>{Hook::Output} : before);
    packet.destination = endpoint;
    packet.destination_port = kServerPort;
    packet.translated = true;
    packet.nat_bound = true;
    if (!of_process) pass(interpreter(node), packet, {Hook::Output});
    packet.nat_bound = false;
    pass(interpreter(node), packet, {Hook::Postrouting});
  }

  /// SYN, SYN-ACK, ACK, RST at the node that translates.
  void translated_at(std::uint32_t node, const RulePacket& first, Ipv4 endpoint, const std::vector<Hook>& before,
                     const std::vector<Hook>& back) {
    RulePacket later = first;
    later.state = CtState::Established;
    RulePacket reply{.source = endpoint, .destination = first.source, .state = CtState::Established};
    asked_at(node, first, endpoint, before);
    pass(interpreter(node), reply, back);
    asked_at(node, later, endpoint, before);
    asked_at(node, later, endpoint, before);
  }

  void compare(std::uint32_t index) {
    SCOPED_TRACE("node " + std::to_string(index));
    const std::string saved = cluster->node(index).in("iptables-legacy-save -c");
    const ComparedCounters compared = expect_iptables_counters(saved, nodes[index]->made.rules, interpreter(index));
    EXPECT_GT(compared.matched, 15U);  // it has been looked at
  }

  std::unique_ptr<lab::LabCluster> cluster;
  std::vector<std::unique_ptr<IpvsNode>> nodes;  // interpreters look at the rules beside them
};

TEST_F(KernelIpvs, ClusterIpFromAPodOfTheNode) {
  stand(1);
  const Ipv4 endpoint = open(cluster->pod(0), kServiceAddress, 80);
  translated_at(0, {.source = kClientPod, .destination = kServiceAddress, .destination_port = 80}, endpoint, kReceived,
                kForwarded);
  compare(0);
}

TEST_F(KernelIpvs, ClusterIpFromAProcessOfTheNodeIsMasqueraded) {
  stand(1);
  const Ipv4 endpoint = open(cluster->node(0), kServiceAddress, 80);
  // Sent by the Service's own address, which is the node's; answers are for the node itself.
  translated_at(0, {.source = kServiceAddress, .destination = kServiceAddress, .destination_port = 80}, endpoint, {},
                kReceived);
  compare(0);
}

TEST_F(KernelIpvs, NodePortFromAPodOfTheNode) {
  stand(1);
  const Ipv4 endpoint = open(cluster->pod(0), kNodeA, kNodePort);
  translated_at(0, {.source = kClientPod, .destination = kNodeA, .destination_port = kNodePort}, endpoint, kReceived,
                kForwarded);
  compare(0);
}

TEST_F(KernelIpvs, ClusterIpOverVxlanOnBothNodes) {
  stand(2);
  const RulePacket syn{.source = kClientPod, .destination = kServiceAddress, .destination_port = 80};
  const Ipv4 endpoint = open(cluster->pod(0), kServiceAddress, 80);
  translated_at(0, syn, endpoint, kReceived, kForwarded);
  connection_at(interpreter(1), {.source = kClientPod, .destination = endpoint, .destination_port = kServerPort});
  tunnel_packets(interpreter(0), kNodeA, interpreter(1), kNodeB, 3);
  tunnel_packets(interpreter(1), kNodeB, interpreter(0), kNodeA, 1);
  compare(0);
  compare(1);
}

TEST_F(KernelIpvs, EndpointsAreTakenInTurn) {
  stand(1);
  std::set<Ipv4> taken;
  for (std::uint32_t e = 0; e < kEndpoints; ++e) taken.insert(open(cluster->pod(0), kServiceAddress, 80));
  EXPECT_EQ(taken.size(), kEndpoints);
}

TEST_F(KernelIpvs, TablesHaveTheBytesThatTheModelScans) {
  stand(1);
  for (const char* const table : {"nat", "filter"}) {
    EXPECT_EQ(legacy_table_size(cluster->node(0), table).bytes, legacy_table_bytes(nodes[0]->made.rules.table(table)))
        << table;
  }
}

}  // namespace
}  // namespace knetsim
