#include "models/walk/compile.h"

#include <gtest/gtest.h>

#include "models/service/datapath.h"
#include "models/walk/walk_table.h"
#include "sim/core/ensure.h"
#include "sim/input/read_documents.h"

// Goal: the engine's plan is the described walk: same order of places, same sums, for every mode, pod network and
// exposure. Method: the plan's terms added up as the engine pays them on an idle network (sim/net/network.cpp,
// evaluate) against the walk's table; places against the walk's.

namespace knetsim {
namespace {

CostProfile profile() {
  const auto input = Input::open(KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml");
  Diagnostics diagnostics;
  const Document document = read_document(*input);
  return read_cost_profile(document.root(), diagnostics);
}

struct Sums {
  double latency_ps = 0;
  double cpu_ps = 0;
};

Sums idle_sums(const Plan& plan, const PlanTables& tables, const MessageSize& size, const Bindings& bindings,
               bool untracked) {
  Sums sums;
  for (const double closing_ps : plan.closing_ps) sums.cpu_ps += closing_ps;
  const auto value = [&](SymbolIndex symbol) {
    return symbol_value(symbol, bindings.connection, bindings.node[0]);  // of all machines
  };
  for (const ClosingTerm& term : plan.closing) sums.cpu_ps += term.ps * value(term.symbol);
  for (const Stage& stage : plan.stages) {
    for (std::size_t i = stage.first_term; i < std::size_t{stage.first_term} + stage.terms; ++i) {
      const CostTerm& term = plan.terms[i];
      if (term.when == StageCondition::OuterUntracked && !untracked) continue;
      const double once = term.per_message_ps + term.per_skb_ps * size.skbs + term.per_packet_ps * size.packets +
                          term.per_ack_ps * size.acks + term.per_byte_ps * static_cast<double>(size.payload.count());
      const double cost = once * value(term.symbol);
      if (term.latency) sums.latency_ps += cost;
      if (term.cpu) sums.cpu_ps += cost;
    }
    bool scanned[kScanTables] = {};
    for (std::size_t i = stage.first_scan; i < std::size_t{stage.first_scan} + stage.scans; ++i) {
      const ScanTerm& scan = plan.scans[i];
      if (scan.when == StageCondition::OuterUntracked && !untracked) continue;
      double items = scan.items;
      double bytes = scan.bytes;
      for (std::size_t p = scan.first_part; p < std::size_t{scan.first_part} + scan.parts; ++p) {
        items += plan.scan_parts[p].items * value(plan.scan_parts[p].symbol);
        bytes += plan.scan_parts[p].bytes * value(plan.scan_parts[p].symbol);
      }
      const Duration pause = scanned[scan.table] ? Duration{} : Duration::max();
      scanned[scan.table] = true;
      const double cost = tables.curves[scan.curve].cost_ps(items, bytes / items, pause);
      sums.latency_ps += cost;
      sums.cpu_ps += cost;
    }
  }
  return sums;
}

std::vector<FlowClass> flows() {
  std::vector<FlowClass> all;
  for (const Exposure exposure : {Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort, Exposure::HostPort}) {
    for (const Locality locality : {Locality::SamePod, Locality::SameNode, Locality::Remote}) {
      for (const int hosts : {0, 1, 2, 3}) {
        for (const Transport transport : {Transport::Tcp, Transport::Udp}) {
          const bool third = exposure == Exposure::NodePort && locality == Locality::Remote;
          all.push_back({.transport = transport,
                         .exposure = exposure,
                         .locality = locality,
                         .ingress = third ? IngressNode::ThirdNode : IngressNode::ClientNode,
                         .client_host_network = (hosts & 1) != 0,
                         .server_host_network = (hosts & 2) != 0});
        }
      }
    }
  }
  return all;
}

TEST(Compile, PlansSumUpToTheirWalksForEveryModePodNetworkAndExposure) {
  const CostProfile costs = without_noise(profile());  // closing work is a mean, not a median
  const PlanTables tables = plan_tables(costs);
  Bindings bindings;
  bindings[Symbol::ServicePosition] = 417;
  bindings[Symbol::NodePortPosition] = 12;
  bindings[Symbol::NodePortsAlike] = 9;
  bindings[Symbol::EndpointIndex] = 4;
  bindings[Symbol::EndpointDraws] = 4;
  bindings[Symbol::Endpoints] = 10;
  bindings[Symbol::HostPortPosition] = 2;
  bindings[Symbol::IpvsDestinations] = 10;
  ProxyParams params;
  params.choices["scheduler"] = "lc";
  bindings.set_everywhere(symbols_of({.service_ports = 1'000,
                                      .services_rules = 1'000,
                                      .node_ports = 30,
                                      .udp_node_ports = 4,
                                      .without_endpoints = 3,
                                      .external_without_endpoints = 5,
                                      .refused_node_ports = 4,
                                      .refused_udp_node_ports = 1,
                                      .host_port_containers = 5,
                                      .tcp_node_port_set = true,
                                      .udp_node_port_set = true}));
  const PortMap host_ports(IptablesBackend::Legacy);
  MessageSize size{.payload = Bytes(100'000), .skbs = 2, .packets = 70, .acks = 2};
  for (const ProxyInfo& mode : proxy_modes()) {
    const auto proxy = make_proxy(mode.name, params);
    for (const CniInfo& network : cni_kinds()) {
      const auto cni = network.make({});
      const Datapath datapath{*proxy, *cni, &host_ports};
      for (const FlowClass& flow : flows()) {
        for (std::size_t c = 0; c < static_cast<std::size_t>(PacketClass::kCount); ++c) {
          const auto packet = static_cast<PacketClass>(c);
          const Walk walk = describe(flow, packet, datapath);
          const Plan plan = compile(walk, costs, tables, {.packet = packet, .transport = flow.transport});
          for (const bool untracked : {false, true}) {
            const WalkTable table = walk_table(
                walk, costs, {.packet = packet, .size = size, .bindings = bindings, .outer_untracked = untracked});
            const Sums sums = idle_sums(plan, tables, size, bindings, untracked);
            ASSERT_NEAR(1e-3 * sums.latency_ps, table.latency_ns, 1e-6 * table.latency_ns)
                << mode.name << ' ' << network.name;
            ASSERT_NEAR(1e-3 * sums.cpu_ps, table.cpu_ns, 1e-6 * table.cpu_ns) << mode.name << ' ' << network.name;
          }
          // The engine draws a shape once a visit.
          for (const Stage& stage : plan.stages) {
            for (int i = stage.first_term + 1; i < stage.first_term + stage.terms; ++i) {
              ASSERT_LE(plan.terms[static_cast<std::size_t>(i) - 1].shape,
                        plan.terms[static_cast<std::size_t>(i)].shape);
            }
          }
          ASSERT_EQ(plan.nodes, walk.nodes.size());
        }
      }
    }
  }
}

TEST(Compile, APacketPassesSenderWireReceiveCoreAndReader) {
  const CostProfile costs = profile();
  const PlanTables tables = plan_tables(costs);
  const auto proxy = make_proxy("iptables");
  const auto cni = cni_kind_named("flannel")->make({});
  const FlowClass flow{.exposure = Exposure::NodePort, .ingress = IngressNode::ThirdNode};
  const auto places = [&](PacketClass packet) {
    std::vector<std::pair<StagePlace, int>> list;
    const Plan plan = compile(describe(flow, packet, {*proxy, *cni}), costs, tables, {.packet = packet, .mtu = 1500});
    for (const Stage& stage : plan.stages) list.emplace_back(stage.place, stage.node);
    return list;
  };
  using enum StagePlace;
  using Places = std::vector<std::pair<StagePlace, int>>;
  EXPECT_EQ(places(PacketClass::First),
            (Places{{SenderCore, 0}, {Wire, 0}, {SoftirqCore, 1}, {Wire, 1}, {SoftirqCore, 2}}));
  EXPECT_EQ(places(PacketClass::SynAck),
            (Places{{SoftirqCore, 0}, {Wire, 0}, {SoftirqCore, 1}, {Wire, 1}, {SoftirqCore, 2}, {ReceiverCore, 2}}));
  EXPECT_EQ(places(PacketClass::Request),
            (Places{{SenderCore, 0}, {Wire, 0}, {SoftirqCore, 1}, {Wire, 1}, {SoftirqCore, 2}, {ReceiverCore, 2}}));
}

TEST(Compile, TheTunnelsHeaderComesOffTheSegment) {
  const CostProfile costs = profile();
  const PlanTables tables = plan_tables(costs);
  const auto proxy = make_proxy("none");
  const auto segment = [&](const char* cni_name, Transport transport) {
    const auto cni = cni_kind_named(cni_name)->make({});
    const Walk walk = describe({.transport = transport}, PacketClass::Request, {*proxy, *cni});
    return compile(walk, costs, tables, {.transport = transport, .mtu = 1500}).max_segment_bytes;
  };
  EXPECT_EQ(segment("bridge", Transport::Tcp), 1448U);   // 1500 - 20 - 32
  EXPECT_EQ(segment("flannel", Transport::Tcp), 1398U);  // 50 less
  EXPECT_EQ(segment("flannel", Transport::Udp), 1422U);
}

TEST(Compile, AnMtuThatHoldsNoPayloadIsRefused) {
  const CostProfile costs = profile();
  EXPECT_THROW(compile(Walk{}, costs, plan_tables(costs), {.mtu = 52}), InvariantError);
}

}  // namespace
}  // namespace knetsim
