#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/cli/commands.h"
#include "app/cli/exit_code.h"
#include "app/experiment/trace_connection.h"
#include "app/experiment/trace_way.h"
#include "app/scenario/load_scenario.h"
#include "app/scenario/variant_models.h"
#include "models/walk/walk_table.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

struct TraceArguments {
  std::string scenario;
  TraceRequest request;
  std::vector<std::string> sets;
  std::string variant;
  std::string packet = "all";
  std::string request_bytes;
  std::string response_bytes;
  std::string position = "middle";
  bool busy = false;
  OutputFormat format = OutputFormat::Table;
};

struct TracedPacket {
  PacketClass packet{};
  WalkTable table;
};

std::string_view exposure_name(const TracedConnection& connection) {
  if (connection.target.outside) return "own address, outside of the cluster";
  switch (connection.flow.exposure) {
    case Exposure::PodIp:
      return "pod IP";
    case Exposure::ClusterIp:
      return "ClusterIP";
    case Exposure::NodePort:
      return "NodePort";
    case Exposure::HostPort:
      return "hostPort";
    case Exposure::ExternalIp:
      return "external IP";
  }
  return "";
}

/// What the proxy at the end of a connection asks.
std::string upstream_of(const TracedConnection& connection) {
  const TrafficPlan& traffic = connection.variant->traffic;
  const auto edge = std::ranges::find(traffic.edges, connection.edge, &EdgeSpec::name);
  return traffic.edges[traffic.apps[edge->app].steps.front().calls.front()].target;
}

std::string_view title_of(PacketClass packet, Transport transport) {
  switch (packet) {
    case PacketClass::First:
      return transport == Transport::Tcp ? "First packet (SYN), client to server" : "First datagram, client to server";
    case PacketClass::SynAck:
      return "Its answer (SYN-ACK), server to client";
    case PacketClass::Request:
      return "Request on the established connection, client to server";
    case PacketClass::Response:
      return "Response, server to client";
    case PacketClass::kCount:
      break;
  }
  return "";
}

std::string pod_name(const Cluster& cluster, PodIndex pod) {
  return fmt::format("{}/{}", cluster.pods[pod].ns, cluster.pods[pod].name);
}

/// "Service default/frontend, port http"; "" where none is asked.
std::string service_text(const TracedConnection& connection) {
  const Cluster& cluster = *connection.variant->cluster;
  if (connection.target.port == kNoIndex) return {};
  const ServicePort& port = cluster.service_ports[connection.target.port];
  const Service& service = cluster.services[port.service];
  const bool node_port = connection.flow.exposure == Exposure::NodePort;
  const std::string at = connection.flow.exposure == Exposure::ExternalIp
                             ? " at " + to_string(addresses_of(service, IpFamily::V4).all[connection.target.external])
                             : "";
  return fmt::format("Service {}/{}{}, {} {}", service.ns, service.name, at, node_port ? "node port" : "port",
                     node_port ? port.node_port : port.port);
}

std::string network_text(const ClusterSettings& cluster) {
  return cluster.cni.kind + (cluster.cni.chosen().empty() ? "" : " " + cluster.cni.chosen());
}

struct SymbolValue {
  Symbol symbol{};
  double value = 0;
  std::uint64_t of = 0;
};

/// Values of the symbols that the walks have.
std::vector<SymbolValue> symbols_of(const TracedConnection& connection) {
  std::vector<SymbolValue> values;
  for (std::size_t i = 1; i <= static_cast<std::size_t>(kLastOfConnection); ++i) {
    const auto symbol = static_cast<Symbol>(i);
    bool used = false;
    for (const Walk& walk : connection.walks) {
      for (const Step& step : walk.steps) {
        used = used || std::ranges::find(step.count.terms, symbol, &Count::Term::symbol) != step.count.terms.end();
      }
    }
    if (!used) continue;
    std::uint64_t of = 0;
    if (symbol == Symbol::ServicePosition) of = connection.sizes.services_rules;
    if (symbol == Symbol::NodePortPosition) of = connection.sizes.node_ports;
    if (symbol == Symbol::HostPortPosition) of = connection.sizes.host_port_containers;
    if (symbol == Symbol::EndpointIndex) of = connection.endpoints;
    if (symbol == Symbol::SourceRange) of = connection.target.admitted ? connection.target.admitted->size() : 0;
    values.push_back({symbol, connection.bindings[symbol], of});
  }
  return values;
}

std::string_view symbol_text(Symbol symbol) {
  switch (symbol) {
    case Symbol::ServicePosition:
      return "rule of KUBE-SERVICES";
    case Symbol::NodePortPosition:
      return "rule of KUBE-NODEPORTS";
    case Symbol::NodePortsAlike:
      return "of these of the port's transport";
    case Symbol::EndpointIndex:
      return "endpoint";
    case Symbol::EndpointDraws:
      return "numbers drawn for it";
    case Symbol::Endpoints:
      return "endpoints";
    case Symbol::SourceRange:
      return "source range of the load balancer";
    case Symbol::ClientDispatch:
      return "rules of Felix to the client's device";
    case Symbol::ServerDispatch:
      return "rules of Felix to the server's device";
    case Symbol::HostPortPosition:
      return "rule of CNI-HOSTPORT-DNAT";
    case Symbol::EgressRules:
      return "rules of policies in the chain of the client's pod";
    case Symbol::EgressSets:
      return "ip sets looked into there";
    case Symbol::IngressRules:
      return "rules of policies in the chain of the server's pod";
    case Symbol::IngressSets:
      return "ip sets looked into there";
    case Symbol::IpvsDestinations:
      return "destinations looked at";
    default:
      return "";
  }
}

std::string node_name(const TracedConnection& connection, NodeRole role) {
  const NodeIndex node = connection.nodes[static_cast<std::size_t>(role)];
  return node == kNoIndex ? std::string() : std::string(connection.variant->cluster->nodes[node].name);
}

std::vector<TracedPacket> trace(const TracedConnection& connection, const TraceArguments& arguments) {
  std::vector<TracedPacket> packets;
  for (std::size_t i = 0; i < connection.walks.size(); ++i) {
    const auto packet = static_cast<PacketClass>(i);
    if (connection.walks[i].steps.empty()) continue;
    if (arguments.packet != "all" && arguments.packet != name_of(packet)) continue;
    const bool opening = packet == PacketClass::First || packet == PacketClass::SynAck;
    packets.push_back({packet, walk_table(connection.walks[i], connection.variant->profile,
                                          {.packet = packet,
                                           .size = connection.size(packet),
                                           .bindings = connection.bindings,
                                           .idle = !arguments.busy,
                                           .outer_untracked = opening})});
  }
  if (packets.empty()) throw UsageError(fmt::format("UDP has no packet '{}'", arguments.packet));
  return packets;
}

nlohmann::ordered_json json_of(const WalkRow& row) {
  nlohmann::ordered_json json = {{"node", name_of(row.node)},   {"place", name_of(row.place)},
                                 {"kind", info(row.kind).name}, {"unit", name_of(row.unit)},
                                 {"units", row.units},          {"latency_ns", row.latency_ns},
                                 {"cpu_ns", row.cpu_ns},        {"sum_ns", row.running_ns},
                                 {"when", name_of(row.when)},   {"awaited", row.passage == Passage::Message}};
  if (row.rule_bytes > 0) json["rule_bytes"] = row.rule_bytes;
  if (row.wire_bytes > 0) json["wire_bytes"] = row.wire_bytes;
  if (!row.note.empty()) json["note"] = row.note;
  return json;
}

void print_trace_json(const TracedConnection& connection, const std::vector<TracedPacket>& packets,
                      const TraceArguments& arguments) {
  const BoundVariant& variant = *connection.variant;
  const ClusterSettings& settings = variant.scenario.cluster;
  nlohmann::ordered_json json = {{"format_version", kJsonFormatVersion},
                                 {"scenario", variant.scenario.name},
                                 {"variant", variant.name},
                                 {"opened_by", connection.edge},
                                 {"exposure", exposure_name(connection)},
                                 {"service", service_text(connection)},
                                 {"transport", connection.flow.transport == Transport::Tcp ? "tcp" : "udp"},
                                 {"proxy_mode", settings.proxy.mode},
                                 {"pod_network", network_text(settings)},
                                 {"costs", variant.profile.name},
                                 {"idle", !arguments.busy}};
  json["client"] = {{"pod", pod_name(*variant.cluster, connection.client)},
                    {"node", node_name(connection, NodeRole::Client)}};
  if (const std::string ingress = node_name(connection, NodeRole::Ingress); !ingress.empty()) {
    json["ingress"] = {{"node", ingress}};
  }
  json["server"] = {{"pod", pod_name(*variant.cluster, connection.server)},
                    {"node", variant.cluster->nodes[variant.cluster->pods[connection.server].node].name}};
  if (!connection.policies.empty()) json["network_policies"] = connection.policies;
  if (!connection.forbidden.empty()) json["forbidden"] = connection.forbidden;
  for (const Hop& hop : way_of(connection)) {
    json["way"].push_back({{"at", hop.at}, {"decision", to_text(hop.decision)}, {"what", hop.what}});
  }
  json["positions"] = nlohmann::ordered_json::array();
  for (const SymbolValue& symbol : symbols_of(connection)) {
    json["positions"].push_back({{"symbol", symbol_letter(symbol.symbol)},
                                 {"what", symbol_text(symbol.symbol)},
                                 {"value", symbol.value},
                                 {"of", symbol.of}});
  }
  for (const TracedPacket& packet : packets) {
    const MessageSize& size = connection.size(packet.packet);
    nlohmann::ordered_json one = {{"packet", name_of(packet.packet)}, {"payload_bytes", size.payload.count()},
                                  {"packets", size.packets},          {"latency_ns", packet.table.latency_ns},
                                  {"cpu_ns", packet.table.cpu_ns},    {"rules", packet.table.rules}};
    for (const WalkRow& row : packet.table.rows) one["steps"].push_back(json_of(row));
    json["packets"].push_back(std::move(one));
  }
  print_json(json);
}

std::string nanoseconds_text(double ns) { return human(Duration(std::llround(1e3 * ns))); }

void print_trace(const TracedConnection& connection, const std::vector<TracedPacket>& packets,
                 const TraceArguments& arguments) {
  const BoundVariant& variant = *connection.variant;
  const ClusterSettings& settings = variant.scenario.cluster;
  const Cluster& cluster = *variant.cluster;
  const ClusterNode& machine = cluster.nodes[cluster.pods[connection.client].node];
  fmt::print("{} {} to {} on {}\n", pod_name(cluster, connection.client),
             machine.external
                 ? fmt::format("({}, {} from the border)", to_string(machine.ip), human(machine.external->delay))
                 : fmt::format("on {}", machine.name),
             pod_name(cluster, connection.server), cluster.nodes[cluster.pods[connection.server].node].name);
  const std::string service = service_text(connection);
  const std::string ingress = node_name(connection, NodeRole::Ingress);
  if (connection.target.balanced) {
    const OuterAddresses ips = addresses_of(cluster.services[connection.target.service], IpFamily::V4);
    fmt::print(
        "through the load balancer{}, {}\n",
        ips.load_balancers() == 0 ? "" : " at " + to_string(ips.all[ips.external_ips]),
        load_balancer_kind_of(settings).one_node ? "which one node has" : "balancing (L4) by addresses and ports");
  }
  fmt::print("by {}{}{}: variant {}, proxy mode {}, pod network {}{}\n", exposure_name(connection),
             service.empty() ? "" : " of " + service, ingress.empty() ? "" : " at " + ingress, variant.name,
             settings.proxy.mode, network_text(settings),
             connection.edge.empty() ? "; nothing in the scenario opens it" : ", as in '" + connection.edge + "'");
  if (!connection.policies.empty()) fmt::print("network policies: {}\n", connection.policies);
  if (!connection.forbidden.empty()) fmt::print("they forbid others of these: {}\n", connection.forbidden);
  for (const SymbolValue& symbol : symbols_of(connection)) {
    const std::string of = symbol.of == 0 ? "" : " of " + with_commas(static_cast<std::int64_t>(symbol.of));
    fmt::print("{} = {}{} ({})\n", symbol_letter(symbol.symbol), with_commas(std::llround(symbol.value)), of,
               symbol_text(symbol.symbol));
  }
  if (const std::vector<Hop> way = way_of(connection); !way.empty()) {
    fmt::print("\nThe way of a request:\n");
    for (const Hop& hop : way) fmt::print("  {:<24} {}: {}\n", to_text(hop.decision), hop.at, hop.what);
    fmt::print("Below are the packets of the client's connection; the proxy's own: knetsim trace SCENARIO {} {}\n",
               pod_name(cluster, connection.server), upstream_of(connection));
  }
  for (const std::string& question : connection.questions) fmt::print("name, question {}\n", question);
  fmt::print("Medians of the profile {}, {}; links take their own time.\n", variant.profile.name,
             arguments.busy ? "cores busy and rules in the cache" : "cores idle and rules not in the cache");
  double opening = 0;
  double exchange = 0;
  for (const TracedPacket& packet : packets) {
    const MessageSize& size = connection.size(packet.packet);
    const std::string payload =
        size.payload > Bytes{} ? fmt::format(", {} bytes in {}", with_commas(size.payload.count()),
                                             size.packets == 1 ? "1 packet" : fmt::format("{} packets", size.packets))
                               : "";
    fmt::print("\n{}{}: {} rules\n{}", title_of(packet.packet, connection.flow.transport), payload,
               with_commas(std::llround(packet.table.rules)), render(packet.table));
    const bool opens = packet.packet == PacketClass::First || packet.packet == PacketClass::SynAck;
    (opens ? opening : exchange) += packet.table.latency_ns;
  }
  if (arguments.packet == "all" && connection.flow.transport == Transport::Tcp) {
    fmt::print("\nconnect() {}, then request and response {}, without the links and the application's work\n",
               nanoseconds_text(opening), nanoseconds_text(exchange));
  }
}

std::optional<Bytes> size_argument(const std::string& text, const char* option) {
  if (text.empty()) return std::nullopt;
  try {
    const Bytes size = parse_size(text);
    if (size > Bytes(std::int64_t{1} << 40U)) throw UsageError(fmt::format("{}: {}; up to 1TiB", option, text));
    return size;
  } catch (const ValueError& error) {
    throw UsageError(
        fmt::format("{}: {}{}", option, error.what(), error.accepted().empty() ? "" : " (" + error.accepted() + ")"));
  }
}

TracedConnection connection_of(const BoundVariant& variant, const TraceRequest& request) {
  try {
    return find_connection(variant, request);
  } catch (const NoSuchConnection& nothing) {
    throw UsageError(nothing.what());
  }
}

int run_trace(TraceArguments& arguments) {
  TraceRequest& request = arguments.request;
  request.request = size_argument(arguments.request_bytes, "--bytes");
  request.response = size_argument(arguments.response_bytes, "--response-bytes");
  request.position = arguments.position == "first"  ? RulePosition::First
                     : arguments.position == "last" ? RulePosition::Last
                                                    : RulePosition::Middle;
  std::vector<std::string> variants;
  if (!arguments.variant.empty()) variants.push_back(arguments.variant);
  const auto loaded = load_scenario(arguments.scenario, {arguments.sets, variants});
  const TracedConnection connection = connection_of(loaded->variants.front(), request);
  const std::vector<TracedPacket> packets = trace(connection, arguments);
  if (arguments.format == OutputFormat::Json) {
    print_trace_json(connection, packets, arguments);
  } else {
    print_trace(connection, packets, arguments);
  }
  return exit_code::kDone;
}

}  // namespace

CommandRun add_trace_command(CLI::App& command, CommandContext& /*context*/) {
  auto arguments = std::make_shared<TraceArguments>();
  command.description("Show the walk of a connection's packets between two workloads, step by step with costs.");
  command.footer(
      "knetsim trace configs/quickstart.yaml client frontend\n"
      "knetsim trace configs/quickstart.yaml client frontend --variant ipvs --packet first\n"
      "knetsim trace configs/quickstart.yaml frontend cart -o json\n"
      "knetsim trace configs/quickstart.yaml client nodePort:frontend\n"
      "knetsim trace configs/ways-in.yaml ask https://shop.example/ --variant ingress");
  command.add_option("scenario", arguments->scenario, "Scenario file")->required();
  command.add_option("from", arguments->request.from, "Workload, Deployment or the like, or pod that connects")
      ->required();
  command
      .add_option(
          "to", arguments->request.to,
          "Service, workload or pod; NAME:PORT; nodePort:, loadBalancer:, externalIP:, hostPort:, pod:NAME; a URL of "
          "the scenario; external:NAME, the machines outside that a workload asks")
      ->required();
  command.add_option("--variant", arguments->variant, "Which variant (default: the first)")->type_name("NAME");
  command.add_option("--set", arguments->sets, "Set a key of the scenario; may be given again")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command.add_option("--packet", arguments->packet, "Which: all, first, syn-ack, request, response")
      ->check(CLI::IsMember({"all", "first", "syn-ack", "request", "response"}))
      ->type_name("PACKET")
      ->default_str("all");
  command.add_option("--bytes", arguments->request_bytes, "Payload of the request (default: the scenario's mean)")
      ->type_name("SIZE");
  command.add_option("--response-bytes", arguments->response_bytes, "Payload of the response (default: as above)")
      ->type_name("SIZE");
  command
      .add_option("--position", arguments->position, "Where a Service's rule stands in its chain: first, middle, last")
      ->check(CLI::IsMember({"first", "middle", "last"}))
      ->type_name("WHERE")
      ->default_str("middle");
  command.add_flag("--same-node", arguments->request.same_node, "Prefer a server on the client's node");
  command.add_flag("--busy", arguments->busy, "Cores that do not sleep, rules that are in the cache");
  command.add_flag("--udp", arguments->request.udp, "Datagrams, where nothing in the scenario says so");
  add_output_format(command, arguments->format);
  return [arguments] { return run_trace(*arguments); };
}

}  // namespace knetsim
