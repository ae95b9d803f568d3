// Goal: in IPVS mode, what the model says of a packet is what the rules that are generated do to it, and their text is
// kube-proxy's. Method: the interpreter walks the rules hook by hook beside the model, for clients and addresses of
// each kind; rules, lookups in sets, marks and masquerading must agree. The lines are those of k/k
// pkg/proxy/ipvs/proxier.go and its README.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "counted_work.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/ipvs_text.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

constexpr Ipv4 kNode = ipv4(192, 168, 1, 1);
constexpr Ipv4 kOutsideClient = ipv4(203, 0, 113, 9);
constexpr Ipv4 kPod = ipv4(10, 244, 1, 200);
constexpr Ipv4 kFirstEndpoint = ipv4(10, 244, 2, 10);
constexpr Ipv4 kServiceAddress = ipv4(10, 96, 0, 12);
constexpr std::uint16_t kNodePort = 30'002;
constexpr std::uint32_t kServices = 5;
constexpr Ipv4 kExternalIp = ipv4(198, 51, 100, 1);
constexpr Ipv4 kLoadBalancerIp = ipv4(198, 51, 100, 2);
constexpr Ipv4 kFirewalledIp = ipv4(198, 51, 100, 3);

std::vector<ServicePortSpec> services(bool local_policy) {
  std::vector<ServicePortSpec> list;
  for (std::uint32_t s = 0; s < kServices; ++s) {
    list.push_back(
        {.name = "s" + std::to_string(s),
         .port_name = "http",
         .cluster_ip = ipv4(10, 96, 0, 10) + s,
         .port = 80,
         .node_port = static_cast<std::uint16_t>(s == 2 ? kNodePort : 0),
         .endpoints = {{kFirstEndpoint + s, 8080, s == 0}, {kFirstEndpoint + 16 + s, 8080, local_policy && s == 2}},
         .external_local = local_policy && s == 2});
  }
  return list;
}

class IpvsRulesAndModel : public ::testing::Test {
 protected:
  IpvsRulesAndModel() { load(false); }

  /// @param local_policy  Of the Service with a node port. Its rule is one more for whatever else asks the node itself.
  void load(bool local_policy) {
    const std::vector<Ipv4> addresses = {kNode};
    made = ipvs_rules({.primary_address = kNode}, addresses, services(local_policy));
    std::vector<Ipv4> local = made.addresses;  // those of kube-ipvs0 are the node's own
    local.push_back(kNode);
    interpreter = std::make_unique<RulesetInterpreter>(made.rules, local);
    model = make_proxy("ipvs");
    symbols = node_symbols({.tcp_node_port_set = true, .local_tcp_node_port_set = local_policy});
  }

  /// One hook, both ways. What IPVS does at INPUT or OUTPUT to the model's packet is done to the rules' one too.
  void pass(Hook hook) {
    std::vector<Step> steps;
    StepSink sink{steps, Place::SoftirqCore, NodeRole::Client};
    const HookWork want = interpreter->at_hook(hook, rule, {});
    EXPECT_EQ(want.verdict, Verdict::Accept);
    model->at_hook(hook, packet, sink);
    const HookWork got = counted(steps, symbols);
    EXPECT_TRUE(want.nat == got.nat && want.filter == got.filter)
        << "hook " << static_cast<int>(hook) << "\n rules " << want << "\n model " << got;
    EXPECT_EQ((rule.mark & kMasqueradeMark) != 0, packet.marked) << "hook " << static_cast<int>(hook);
    EXPECT_EQ(rule.masqueraded, packet.masqueraded) << "hook " << static_cast<int>(hook);
    if (packet.translated && !rule.translated) {
      rule.translated = true;
      rule.destination = kFirstEndpoint + 2;
      rule.destination_port = 8080;
    }
  }

  /// SYN and a later packet through the hooks of a Service's address.
  void service_packets(const std::vector<Hook>& hooks) {
    const RulePacket first_rule = rule;
    const HookPacket first = packet;
    for (const Hook hook : hooks) {
      // What IPVS sends on has its mapping since PREROUTING or OUTPUT, but nat POSTROUTING is asked once all the same.
      const bool sent_on = hook == Hook::Output && packet.translated;
      rule.nat_bound = packet.nat_bound = sent_on;
      pass(hook);
    }
    EXPECT_TRUE(packet.translated);
    rule = first_rule;
    packet = first;
    rule.state = packet.state = CtState::Established;
    for (const Hook hook : hooks) pass(hook);
  }

  IpvsRules made;
  std::unique_ptr<RulesetInterpreter> interpreter;
  std::unique_ptr<ProxyModel> model;
  Symbols symbols;
  RulePacket rule{.source = kPod, .destination = kServiceAddress, .destination_port = 80};
  HookPacket packet{.flow = {.exposure = Exposure::ClusterIp}, .destination = AddressKind::ClusterIp};
};

const std::vector<Hook> kByInput = {Hook::Prerouting, Hook::Input, Hook::Output, Hook::Postrouting};

TEST_F(IpvsRulesAndModel, AgreeOnAPodThatAsksAClusterIp) { service_packets(kByInput); }

TEST_F(IpvsRulesAndModel, AgreeOnAMachineOutsideThatAsksAClusterIp) {
  rule.source = kOutsideClient;
  packet.source = AddressKind::OtherNode;
  service_packets(kByInput);
}

TEST_F(IpvsRulesAndModel, AgreeOnAProcessOfTheNodeThatAsksAClusterIp) {
  rule.source = kServiceAddress;  // the node's own address nearest to it
  packet.source = AddressKind::ThisNode;
  packet.from_local_process = true;
  service_packets({Hook::Output, Hook::Postrouting});
}

TEST_F(IpvsRulesAndModel, AgreeOnANodePort) {
  for (const auto& [outside, local] : {std::pair(true, false), {true, true}, {false, false}, {false, true}}) {
    load(local);
    rule = {.source = outside ? kOutsideClient : kPod, .destination = kNode, .destination_port = kNodePort};
    packet = {.flow = {.exposure = Exposure::NodePort, .local_policy = local}};
    packet.source = outside ? AddressKind::OtherNode : AddressKind::Pod;
    packet.destination = AddressKind::ThisNode;
    service_packets(kByInput);
  }
}

/// A client and how its packets come to the node.
struct Asker {
  Ipv4 source;
  AddressKind kind;
  bool by_bridge_port = false;
  bool own_process = false;
};
const Asker kAskers[] = {{kOutsideClient, AddressKind::OtherNode},
                         {kPod, AddressKind::Pod, true},
                         {kPod, AddressKind::Pod, false},
                         {kNode, AddressKind::ThisNode, false, true}};

// Services of both policies have external IPs and load balancers, one with source ranges; whoever asks one of them, or
// something else, meets the rules of all sets.
TEST_F(IpvsRulesAndModel, AgreeOnExternalIpsAndLoadBalancers) {
  for (const bool local : {false, true}) {
    for (const bool others : {false, true}) {  // sets of the other policy have members too
      std::vector<ServicePortSpec> list = services(false);
      ServicePortSpec& asked = list[2];
      asked.endpoints[0].local = true;
      asked.external_local = local;
      asked.external_ips = {kExternalIp};
      asked.load_balancer_ips = {kLoadBalancerIp};
      list[4].load_balancer_ips = {kFirewalledIp};
      list[4].source_ranges = {{ipv4(192, 0, 2, 0), 24}, {kPod, 32}, {kOutsideClient, 32}, {kNode, 32}};
      list[4].endpoints[0].local = true;
      if (others) {
        list[0].external_local = list[1].external_local = !local;
        list[0].external_ips = {kExternalIp + 10};
        list[1].load_balancer_ips = {kExternalIp + 11};
        list[1].source_ranges = {{ipv4(192, 0, 2, 0), 24}};  // closed to the node
      }
      const std::vector<Ipv4> addresses = {kNode};
      made = ipvs_rules({.primary_address = kNode}, addresses, list);
      std::vector<Ipv4> own = made.addresses;
      own.push_back(kNode);
      interpreter = std::make_unique<RulesetInterpreter>(made.rules, own);
      model = make_proxy("ipvs", {.special = {.firewalled = true, .external_ips = true, .load_balancers = true}});
      symbols = node_symbols({.firewalled_addresses = others ? 2U : 1U,
                              .tcp_node_port_set = true,
                              .local_tcp_node_port_set = local,
                              .external_ip_set = !local || others,
                              .local_external_ip_set = local || others,
                              .load_balancer_set = true,
                              .local_load_balancer_set = local || others,
                              .firewalled_load_balancer_set = true,
                              .closed_addresses = others ? 1U : 0U});
      for (const Asker& asker : kAskers) {
        for (const Ipv4 address : {kExternalIp, kLoadBalancerIp, kFirewalledIp, kServiceAddress}) {
          SCOPED_TRACE(to_text(asker.source) + " asks " + to_text(address) + (local ? ", Local" : "") +
                       (others ? ", others" : "") + (asker.by_bridge_port ? ", bridged" : ""));
          const bool inside = address == kServiceAddress;
          rule = {.source = asker.source,
                  .destination = address,
                  .destination_port = 80,
                  .by_bridge_port = asker.by_bridge_port};
          packet = {.flow = {.exposure = inside ? Exposure::ClusterIp : Exposure::ExternalIp,
                             .local_policy = !inside && address != kFirewalledIp && local,
                             .load_balancer = !inside && address != kExternalIp,
                             .firewalled = address == kFirewalledIp}};
          packet.source = asker.kind;
          packet.destination = inside ? AddressKind::ClusterIp : AddressKind::ExternalIp;
          packet.by_bridge_port = asker.by_bridge_port;
          packet.from_local_process = asker.own_process;
          service_packets(asker.own_process ? std::vector<Hook>{Hook::Output, Hook::Postrouting} : kByInput);
        }
        rule = {.source = asker.source, .destination = kFirstEndpoint, .destination_port = 8080};
        packet = {.flow = {.exposure = Exposure::PodIp}};
        packet.source = asker.kind;
        if (asker.own_process) continue;
        for (const Hook hook : {Hook::Prerouting, Hook::Forward, Hook::Postrouting}) pass(hook);
      }
    }
  }
}

TEST_F(IpvsRulesAndModel, AgreeOnReplies) {
  rule = {.source = kFirstEndpoint + 2, .destination = kPod, .state = CtState::Established};
  packet.state = CtState::Established;
  packet.reply = packet.translated = rule.translated = true;
  packet.source = packet.destination = AddressKind::Pod;
  for (const Hook hook : {Hook::Prerouting, Hook::Forward, Hook::Postrouting}) pass(hook);
}

TEST_F(IpvsRulesAndModel, AgreeOnAPodAddressAndOnTheNodesOwnPort) {
  rule = {.source = kPod, .destination = kFirstEndpoint, .destination_port = 8080};
  packet = {.flow = {.exposure = Exposure::PodIp}};
  for (const Hook hook : {Hook::Prerouting, Hook::Forward, Hook::Postrouting}) pass(hook);
  rule = {.source = kPod, .destination = kNode, .destination_port = 22};
  packet = {.flow = {.exposure = Exposure::PodIp}};
  packet.destination = AddressKind::ThisNode;
  for (const Hook hook : {Hook::Prerouting, Hook::Input}) pass(hook);
  load(true);  // with a rule for node ports of the policy Local
  rule = {.source = kPod, .destination = kNode, .destination_port = 22};
  packet = {.flow = {.exposure = Exposure::PodIp}};
  packet.destination = AddressKind::ThisNode;
  for (const Hook hook : {Hook::Prerouting, Hook::Input}) pass(hook);
}

// The lines of writeIptablesRules() and of the sets that it looks into.
TEST(IpvsText, HasTheRulesOfExternalIpsAndLoadBalancers) {
  const std::vector<Ipv4> addresses = {kNode};
  std::vector<ServicePortSpec> list = services(false);
  list[0].external_ips = {kExternalIp};
  list[1].external_ips = {kExternalIp + 10};
  list[1].external_local = list[3].external_local = true;
  list[3].load_balancer_ips = {kLoadBalancerIp};
  list[4].load_balancer_ips = {kFirewalledIp, kFirewalledIp + 1};
  list[4].source_ranges = {{ipv4(192, 0, 2, 0), 24}};
  IpvsRules made = ipvs_rules({.primary_address = kNode}, addresses, list);
  std::string rules = iptables_text(made.rules);
  const auto place = [&](const std::string& line) {
    const std::size_t found = rules.find(line);
    EXPECT_NE(found, std::string::npos) << line;
    return found;
  };
  const std::string set = " -m set --match-set ";
  const std::string in_external = set + "KUBE-EXTERNAL-IP dst,dst";
  const std::size_t order[] = {
      place(set + "KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER\n"),
      place(set + "KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ\n"),
      place(in_external + " -j KUBE-MARK-MASQ\n"),
      place(in_external + " -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT\n"),
      place(in_external + " -m addrtype --dst-type LOCAL -j ACCEPT\n"),
      place(set + "KUBE-EXTERNAL-IP-LOCAL dst,dst -m addrtype --dst-type LOCAL -j ACCEPT\n"),
      place("-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT\n"),
      place("-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n"),
      place("-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT\n")};
  EXPECT_TRUE(std::ranges::is_sorted(order));
  place(set + "KUBE-LOAD-BALANCER-LOCAL dst,dst -j RETURN\n");
  place(set + "KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-SOURCE-RANGES-FIREWALL\n");
  place(set + "KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN\n");
  place("-A KUBE-IPVS-OUT-FILTER -s 198.51.100.3 -m ipvs --vaddr 198.51.100.3 --vproto tcp --vport 80 -j DROP\n");
  EXPECT_EQ(rules.find("SOURCE-IP"), std::string::npos) << "the node is in no range";
  const std::string sets = ip_sets_text(made.rules);
  for (const char* line : {"create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net family inet hashsize 1024",
                           "add KUBE-LOAD-BALANCER-SOURCE-CIDR 198.51.100.4,tcp:80,192.0.2.0/24\n",
                           "add KUBE-EXTERNAL-IP 198.51.100.1,tcp:80\n", "add KUBE-IPVS-IPS 198.51.100.2\n",
                           "add KUBE-LOAD-BALANCER-LOCAL 198.51.100.2,tcp:80\n"}) {
    EXPECT_THAT(sets, HasSubstr(line));
  }
  EXPECT_THAT(service_addresses_text(made.addresses), HasSubstr("addr add 198.51.100.2/32 dev kube-ipvs0\n"));
  list[4].source_ranges.push_back({kNode, 32});
  made = ipvs_rules({.primary_address = kNode}, addresses, list);
  rules = iptables_text(made.rules);
  place(set + "KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j RETURN\n");
  EXPECT_EQ(rules.find("-m ipvs"), std::string::npos);
}

TEST(IpvsText, IsWhatItsProgramsRead) {
  const std::vector<Ipv4> addresses = {kNode, ipv4(10, 244, 1, 1)};
  std::vector<ServicePortSpec> list = services(true);
  list[1].affinity_seconds = 10'800;
  list[3].transport = Transport::Udp;
  const IpvsRules made = ipvs_rules({.primary_address = kNode}, addresses, list);
  const std::string rules = iptables_text(made.rules);
  for (const char* line :
       {"-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN\n",
        "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT\n",
        "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT\n",
        "-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN\n",
        "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT\n",
        " -p tcp -m set --match-set KUBE-NODE-PORT-LOCAL-TCP dst -j RETURN\n",
        " -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE\n"}) {
    EXPECT_THAT(rules, HasSubstr(line));
  }
  const std::string sets = ip_sets_text(made.rules);
  for (const char* line : {"create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536\n",
                           "add KUBE-CLUSTER-IP 10.96.0.12,tcp:80\n", "add KUBE-CLUSTER-IP 10.96.0.13,udp:80\n",
                           "add KUBE-NODE-PORT-TCP 30002\n", "add KUBE-LOOP-BACK 10.244.2.10,tcp:8080,10.244.2.10\n",
                           "add KUBE-IPVS-IPS 10.96.0.14\n", "create KUBE-NODE-PORT-UDP bitmap:port range 0-65535\n"}) {
    EXPECT_THAT(sets, HasSubstr(line));
  }
  const std::string servers = virtual_servers_text(made.servers, "rr");
  EXPECT_THAT(servers, HasSubstr("-A -t 10.96.0.10:80 -s rr\n-a -t 10.96.0.10:80 -r 10.244.2.10:8080 -m -w 1\n"));
  EXPECT_THAT(servers, HasSubstr("-A -t 10.96.0.11:80 -s rr -p 10800\n"));
  EXPECT_THAT(servers, HasSubstr("-A -u 10.96.0.13:80 -s rr\n"));
  // The Local policy's node port, on both addresses, has the node's own endpoint alone.
  EXPECT_THAT(servers, HasSubstr("-A -t 192.168.1.1:30002 -s rr\n-a -t 192.168.1.1:30002 -r 10.244.2.28:8080 -m -w 1\n"
                                 "-A -t 10.244.1.1:30002"));
  EXPECT_THAT(service_addresses_text(made.addresses), HasSubstr("addr add 10.96.0.14/32 dev kube-ipvs0\n"));
}

/// Destinations of the virtual server at an address and port.
std::vector<EndpointSpec> destinations(const IpvsRules& made, Ipv4 address, std::uint16_t port) {
  for (const VirtualServer& server : made.servers) {
    if (server.key == ServiceKey{address, Transport::Tcp, port}) return server.destinations;
  }
  ADD_FAILURE() << "no such server";
  return {};
}

// syncEndpoint(): without a local one all endpoints that kube-proxy keeps, since k/k#97081; of a Service with a
// ClusterIP alone it keeps none but the local ones. Ready and terminating ones by themselves in either list.
TEST(IpvsDestinations, AreThoseThatKubeProxyKeeps) {
  const EndpointSpec far{kFirstEndpoint, 8080, false};
  const EndpointSpec near{kFirstEndpoint + 1, 8080, true};
  const EndpointSpec leaving{kFirstEndpoint + 2, 8080, true, false};
  const auto made = [&](std::vector<EndpointSpec> endpoints, bool inside, bool node_port, Version version = {1, 36}) {
    ServicePortSpec service{.name = "s", .cluster_ip = kServiceAddress, .port = 80};
    service.node_port = node_port ? kNodePort : 0;
    service.endpoints = std::move(endpoints);
    service.internal_local = inside;
    service.external_local = node_port;
    const std::vector<Ipv4> addresses = {kNode};
    return ipvs_rules({.primary_address = kNode}, addresses, std::span(&service, 1), version);
  };
  using List = std::vector<EndpointSpec>;
  EXPECT_EQ(destinations(made({far, near}, false, true), kNode, kNodePort), List{near});
  EXPECT_EQ(destinations(made({far, leaving}, false, true), kNode, kNodePort), List{leaving});
  EXPECT_EQ(destinations(made({far, leaving}, false, true), kServiceAddress, 80), List{far});
  EXPECT_EQ(destinations(made({far}, false, true), kNode, kNodePort), List{far});
  EXPECT_EQ(destinations(made({far}, true, true), kServiceAddress, 80), List{far});
  EXPECT_EQ(destinations(made({far}, true, false), kServiceAddress, 80), List{});
  EXPECT_EQ(destinations(made({far}, false, true, {1, 20}), kNode, kNodePort), List{});
  EXPECT_EQ(destinations(made({leaving}, false, false), kServiceAddress, 80), List{leaving});
}

// Rules per packet stay what they are, whatever the number of Services.
TEST(IpvsText, HasAsManyRulesForOneServiceAsForAThousand) {
  const std::vector<Ipv4> addresses = {kNode};
  std::vector<ServicePortSpec> one = services(false);
  const IpvsRules few = ipvs_rules({.primary_address = kNode}, addresses, one);
  for (std::uint32_t s = 5; s < 1'000; ++s) {
    one.push_back({.name = "more" + std::to_string(s),
                   .cluster_ip = ipv4(10, 96, 1, 0) + s,
                   .port = 80,
                   .endpoints = {{kFirstEndpoint + s, 80, false}}});
  }
  const IpvsRules many = ipvs_rules({.primary_address = kNode}, addresses, one);
  EXPECT_EQ(iptables_text(few.rules), iptables_text(many.rules));
  EXPECT_EQ(many.servers.size(), few.servers.size() + 995);
}

}  // namespace
}  // namespace knetsim
