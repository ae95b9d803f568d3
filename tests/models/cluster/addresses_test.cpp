// Goal: every node, pod and Service has an address, each one once, and what the manifests state stays.
// Method: properties over a generated cluster; the bands of KEP-3070 and KEP-3668 worked out by hand.

#include "models/cluster/addresses.h"

#include <gtest/gtest.h>

#include <set>

#include "load.h"

namespace knetsim {
namespace {

TEST(Addresses, FollowKubeadmsRanges) {
  const Loaded loaded = load_text(deployment("web", 7) + R"(---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: NodePort, selector: {app: web}, ports: [{name: a, port: 80}, {name: b, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: balanced}
spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: {app: web}, ports: [{port: 80}]}
)");
  ASSERT_EQ(loaded.errors(), "");
  const Cluster& cluster = loaded.cluster;
  EXPECT_EQ(to_string(cluster.nodes[0].ip), "192.168.0.10");
  EXPECT_EQ(to_string(*cluster.nodes[5].pod_cidr), "10.244.5.0/24");
  for (const Pod& pod : cluster.pods) EXPECT_TRUE(cluster.nodes[pod.node].pod_cidr->contains(pod.ip.v4_value()));
  // 10.96.0.0/12 has a static band of min(max(16, 2^20/16), 256) = 256 addresses.
  EXPECT_EQ(to_string(cluster.services[0].cluster_ips[0]), "10.96.1.0");
  EXPECT_EQ(to_string(cluster.services[1].cluster_ips[0]), "10.96.1.1");
  // 30000-32767 has a static band of min(max(16, 2768/32), 128) = 86 ports.
  EXPECT_EQ(cluster.service_ports[1].node_port, 30086);
  EXPECT_EQ(cluster.service_ports[2].node_port, 30087);
  EXPECT_EQ(cluster.service_ports[0].node_port, 0);
  EXPECT_EQ(cluster.service_ports[3].node_port, 0) << "allocateLoadBalancerNodePorts: false";
}

TEST(Addresses, WhatIsStatedStaysAndIsNotGivenAgain) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDR: 10.244.0.0/24}
status: {addresses: [{type: InternalIP, address: 192.168.0.10}]}
---
apiVersion: v1
kind: Node
metadata: {name: b}
---
apiVersion: v1
kind: Pod
metadata: {name: stated, labels: {app: web}}
spec: {nodeName: a, containers: [{name: a}]}
status: {podIP: 10.244.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: open}
spec: {nodeName: a, containers: [{name: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec: {nodeName: b, hostNetwork: true, containers: [{name: a}]}
---
apiVersion: v1
kind: Service
metadata: {name: open}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: stated}
spec: {type: NodePort, clusterIP: 10.96.1.0, selector: {app: web}, ports: [{port: 80, nodePort: 30086}]}
)");
  ASSERT_EQ(loaded.errors(), "");
  const Cluster& cluster = loaded.cluster;
  EXPECT_EQ(to_string(cluster.nodes[1].ip), "192.168.0.11");
  EXPECT_EQ(to_string(*cluster.nodes[1].pod_cidr), "10.244.1.0/24");
  EXPECT_EQ(to_string(cluster.pods[1].ip), "10.244.0.3");
  EXPECT_EQ(cluster.pods[2].ip, cluster.nodes[1].ip) << "hostNetwork";
  EXPECT_EQ(to_string(cluster.services[0].cluster_ips[0]), "10.96.1.1");
  EXPECT_EQ(cluster.service_ports[0].node_port, 30087);
}

TEST(Addresses, AreDistinctInAClusterWithMoreNodesThanA16Holds) {
  ClusterOptions options;
  options.nodes.count = 1000;
  const Loaded loaded = load_text(deployment("web", 3000), options);
  ASSERT_EQ(loaded.errors(), "");
  std::set<IpAddress> seen;
  for (const Pod& pod : loaded.cluster.pods) EXPECT_TRUE(seen.insert(pod.ip).second) << to_string(pod.ip);
  for (const ClusterNode& node : loaded.cluster.nodes) EXPECT_TRUE(seen.insert(node.ip).second) << to_string(node.ip);
  EXPECT_EQ(to_string(*loaded.cluster.nodes[999].pod_cidr), "10.131.231.0/24");
}

TEST(Addresses, SufficeForAHundredThousandNodes) {
  Cluster cluster;
  cluster.nodes.resize(kMostNodes);
  Diagnostics diagnostics;
  assign_addresses(cluster, {}, diagnostics);
  EXPECT_EQ(diagnostics.error_count(), 0u);
  std::set<std::uint32_t> addresses;
  std::uint64_t end = 0;
  for (const ClusterNode& node : cluster.nodes) {
    addresses.insert(node.ip.v4_value());
    ASSERT_TRUE(node.pod_cidr);
    EXPECT_EQ(node.pod_cidr->size(), 64u);
    EXPECT_GE(node.pod_cidr->base, end) << "blocks do not overlap";
    end = node.pod_cidr->base + node.pod_cidr->size();
  }
  EXPECT_EQ(addresses.size(), kMostNodes);
  EXPECT_LE(end, 0x0b000000u) << "within 10.0.0.0/8";
}

TEST(Addresses, AFullPodCidrIsAnError) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDR: 10.0.0.0/30}
)" + deployment("web", 2));
  EXPECT_NE(loaded.errors().find("10.0.0.0/30 has no address left for Pod web-2"), std::string::npos)
      << loaded.errors();
}

TEST(Addresses, LoadBalancersHaveThoseOfTheirStatusTheOneOfTheirSpecOrTheNextOfThePool) {
  const auto balanced = [](const char* name, const char* spec, const char* status = "") {
    return std::string("---\napiVersion: v1\nkind: Service\nmetadata: {name: ") + name +
           "}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]" + spec + "}\n" + status;
  };
  Loaded loaded =
      load_text(deployment("web", 1) + balanced("a", "") +
                balanced("b", "", "status: {loadBalancer: {ingress: [{ip: 203.0.113.2}]}}\n") + balanced("c", "") +
                balanced("d", ", loadBalancerIP: 203.0.113.5") +
                balanced("e", ", loadBalancerClass: other.example/lb") + balanced("f", ", loadBalancerIP: ''") +
                balanced("g", "", "status: {loadBalancer: {ingress: [{hostname: lb.example}]}}\n") +
                balanced("h", "", "status: {loadBalancer: {ingress: [{ip: 203.0.113.6, ipMode: Proxy}]}}\n"));
  ASSERT_EQ(loaded.errors(), "");
  const auto address = [&](std::size_t service) {
    const auto& ips = loaded.cluster.services[service].load_balancer_ips;
    return ips.empty() ? std::string("none") : to_string(ips.front());
  };
  EXPECT_EQ(address(0), "none") << "nobody has been asked for one";
  assign_load_balancer_ips(loaded.cluster, *parse_cidr("203.0.113.0/29"), loaded.diagnostics);
  EXPECT_EQ(loaded.errors(), "");
  EXPECT_EQ(address(0), "203.0.113.1");
  EXPECT_EQ(address(1), "203.0.113.2");
  EXPECT_EQ(address(2), "203.0.113.3");
  EXPECT_EQ(address(3), "203.0.113.5");
  EXPECT_EQ(address(4), "none");
  EXPECT_EQ(address(5), "203.0.113.4");
  EXPECT_EQ(address(6), "none") << "it has a name";
  EXPECT_EQ(address(7), "none") << "what is sent to a proxy goes there: nodes have no rule for it";
}

TEST(Addresses, SourceRangesAreTrimmedAndMustBeBlocks) {
  const auto with = [](const char* ranges) {
    return load_text(
        deployment("web", 1) +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: {app: web}, "
        "ports: [{port: 80}], loadBalancerSourceRanges: " +
        ranges + "}\n");
  };
  const auto ranges = [&](const char* text) {
    const Loaded loaded = with(text);
    EXPECT_EQ(loaded.errors(), "");
    std::vector<std::string> read;
    for (const Cidr& range : loaded.cluster.services[0].source_ranges) read.push_back(to_string(range));
    return read;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(ranges("[' 10.0.0.0/8 ', '2001:db8::/32']"), List{"10.0.0.0/8"});
  // k/k pkg/proxy/serviceport.go, newBaseServiceInfo: of its own family alone; a zero-masked one is none (#132722).
  EXPECT_EQ(ranges("['2001:db8::/32', '::/0']"), List{});
  EXPECT_EQ(ranges("[10.0.0.0/8, 0.0.0.0/0]"), List{});
  EXPECT_EQ(ranges("[x.x.x.x/24]"), List{"0.0.0.0/32"}) << "nobody is known to be in one that is masked";
  for (const char* bad : {"198.18.0.0/33", "2001:db8::/129", "2001:db8::", "office:1"}) {
    EXPECT_NE(with(("['" + std::string(bad) + "']").c_str()).errors().find("is no block of addresses"),
              std::string::npos)
        << bad;
  }
}

// k/k pkg/proxy/serviceport.go, newBaseServiceInfo: externalIPs and VIPs of a family are those of its proxy alone.
TEST(Addresses, OfAServiceAreThoseOfOneFamily) {
  const Loaded loaded = load_text(
      deployment("web", 1) +
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: {app: web}, "
      "ports: [{port: 80}], externalIPs: ['2001:db8::1', 198.51.100.9]}\nstatus: {loadBalancer: {ingress: [{ip: "
      "'2001:db8::2'}, {ip: 203.0.113.7}]}}\n");
  ASSERT_EQ(loaded.errors(), "");
  const Service& service = loaded.cluster.services[0];
  const OuterAddresses v4 = addresses_of(service, IpFamily::V4);
  ASSERT_EQ(v4.count(), 2U);
  EXPECT_EQ(v4.external_ips, 1U);
  EXPECT_EQ(to_string(v4.all[0]), "198.51.100.9");
  EXPECT_EQ(to_string(v4.all[1]), "203.0.113.7");
  EXPECT_EQ(to_string(addresses_of(service, IpFamily::V6).all[1]), "2001:db8::2");
  Service of_v6_alone = service;
  of_v6_alone.external_ips.resize(1);
  of_v6_alone.load_balancer_ips.clear();
  EXPECT_FALSE(has_addresses(of_v6_alone, IpFamily::V4));
  EXPECT_TRUE(has_addresses(of_v6_alone, IpFamily::V6));
}

TEST(Addresses, ARequestOutsideOfThePoolAndAPoolThatIsFullAreErrors) {
  const std::string service =
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {type: LoadBalancer, selector: {app: web}, "
      "ports: "
      "[{port: 80}]}\n";
  std::string manifests = deployment("web", 1);
  for (const char* name : {"a", "b", "c", "d"}) {
    std::string one = service;
    one.replace(one.find("NAME"), 4, name);
    manifests += one;
  }
  Loaded full = load_text(manifests);
  assign_load_balancer_ips(full.cluster, *parse_cidr("203.0.113.0/30"), full.diagnostics);
  EXPECT_NE(full.errors().find("no address is left for it in the pool 203.0.113.0/30"), std::string::npos);
  std::string asked = service;
  asked.replace(asked.find("NAME"), 4, "web");
  asked.replace(asked.find("ports"), 5, "loadBalancerIP: 198.51.100.7, ports");
  Loaded other = load_text(deployment("web", 1) + asked);
  assign_load_balancer_ips(other.cluster, *parse_cidr("203.0.113.0/24"), other.diagnostics);
  EXPECT_NE(other.errors().find("198.51.100.7 is outside of the load balancer's pool 203.0.113.0/24"),
            std::string::npos);
}

}  // namespace
}  // namespace knetsim
