#include "app/experiment/trace_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "app/scenario/target_lookup.h"
#include "app/scenario/variant_models.h"
#include "models/service/addressing.h"
#include "models/service/dialer.h"
#include "models/service/service_reach.h"
#include "models/walk/compile.h"
#include "sim/net/link_framing.h"

namespace knetsim {
namespace {

constexpr std::uint32_t kClientsTried = 16;
constexpr std::uint32_t kConnectionsTried = 32;  // of each client

/// A name in the cluster, whose namespace may be left out.
struct Wanted {
  std::string ns;
  std::string name;
  bool is(std::string_view its_ns, std::string_view its_name) const {
    return name == its_name && (ns.empty() || ns == its_ns);
  }
};

Wanted wanted_name(const std::string& text) {
  const std::size_t slash = text.find('/');
  return slash == std::string::npos ? Wanted{{}, text} : Wanted{text.substr(0, slash), text.substr(slash + 1)};
}

std::vector<PodIndex> pods_named(const Cluster& cluster, const std::string& text) {
  const Wanted wanted = wanted_name(text);
  for (const Workload& workload : cluster.workloads) {
    if (wanted.is(workload.ns, workload.name) && !workload.pods.empty()) return workload.pods;
  }
  for (PodIndex pod = 0; pod < cluster.pods.size(); ++pod) {
    if (wanted.is(cluster.pods[pod].ns, cluster.pods[pod].name)) return {pod};
  }
  return {};
}

std::vector<PodIndex> clients_named(const BoundVariant& variant, const std::string& text) {
  for (const TrafficSpec& source : variant.traffic.sources) {
    if (source.name == text) return source.clients;
  }
  std::vector<PodIndex> pods = pods_named(*variant.cluster, text);
  if (!pods.empty()) return pods;
  std::vector<std::string> known;
  for (const Workload& workload : variant.cluster->workloads) known.emplace_back(workload.name);
  for (const Pod& pod : variant.cluster->pods) known.emplace_back(pod.name);
  for (const TrafficSpec& source : variant.traffic.sources) known.push_back(source.name);
  throw NoSuchConnection(fmt::format("no pod or workload is called '{}'{}", text, suggest(text, known)));
}

/// "kind:name:port" taken apart; the kinds are those of a scenario's `to`.
struct TargetText {
  std::string kind;
  std::string name;
  std::string port;
};

TargetText parse_target(std::string text) {
  TargetText target;
  for (const char* kind : {"service", "loadBalancer", "externalIP", "nodePort", "hostPort", "pod", "external"}) {
    if (text.starts_with(std::string(kind) + ":")) {
      target.kind = kind;
      text.erase(0, target.kind.size() + 1);
      break;
    }
  }
  const std::size_t colon = text.find(':');
  target.name = text.substr(0, colon);
  if (colon != std::string::npos) target.port = text.substr(colon + 1);
  return target;
}

bool is_service(const Cluster& cluster, const Wanted& wanted) {
  return std::any_of(cluster.services.begin(), cluster.services.end(),
                     [&](const Service& service) { return wanted.is(service.ns, service.name); });
}

/// Whether an edge leads to what was asked for: its Service, or the pods behind it.
bool leads_to(const BoundVariant& variant, EdgeIndex edge, const std::string& text, const TargetText& asked) {
  const Cluster& cluster = *variant.cluster;
  const std::string& named = variant.traffic.edges[edge].target;
  if (named == text || named == fmt::format("{} ({})", asked.name, asked.kind)) return true;
  if (!asked.kind.empty()) return false;
  const Wanted wanted = wanted_name(asked.name);
  const EdgeTarget& target = variant.targets[edge];
  std::span<const Endpoint> endpoints = target.direct;
  const EndpointView view = cluster.endpoints.latest();
  if (target.port != kNoIndex) {
    const ServicePort& port = cluster.service_ports[target.port];
    if (!asked.port.empty() && asked.port != port.name && asked.port != std::to_string(port.port)) return false;
    const Service& service = cluster.services[port.service];
    if (wanted.is(service.ns, service.name)) return true;
    endpoints = view.everywhere(target.port);
  }
  const std::vector<PodIndex> pods = pods_named(cluster, asked.name);
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& endpoint) {
    return std::find(pods.begin(), pods.end(), endpoint.pod) != pods.end();
  });
}

/// Edges that the pods open: as clients of a workload, or as servers of an app.
std::vector<EdgeIndex> edges_of(const BoundVariant& variant, const std::string& from,
                                const std::vector<PodIndex>& pods) {
  std::vector<EdgeIndex> edges;
  for (const TrafficSpec& source : variant.traffic.sources) {
    const bool named = source.name == from;
    if (named || std::any_of(pods.begin(), pods.end(), [&](PodIndex pod) {
          return std::find(source.clients.begin(), source.clients.end(), pod) != source.clients.end();
        })) {
      edges.push_back(source.edge);
    }
  }
  const std::vector<std::vector<PodIndex>> pods_of = pods_of_apps(variant.traffic);
  for (AppIndex app = 0; app < pods_of.size(); ++app) {
    const auto runs = [&](PodIndex pod) { return std::ranges::binary_search(pods_of[app], pod); };
    if (std::ranges::none_of(pods, runs)) continue;
    for (const AppStep& step : variant.traffic.apps[app].steps) {
      edges.insert(edges.end(), step.calls.begin(), step.calls.end());
    }
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {  // and what is asked for their names
    for (const CallerStep& step : variant.traffic.edges[edges[i]].script) {
      if (const auto* resolve = std::get_if<Resolve>(&step)) edges.push_back(resolve->lookup);
      if (const auto* names = std::get_if<SearchNames>(&step)) edges.push_back(names->questions);
    }
  }
  return edges;
}

/// What is asked for a name, before an edge's requests or as them; a line a question.
std::vector<std::string> questions_of(const TrafficPlan& plan, const EdgeSpec& edge) {
  std::vector<std::string> lines;
  const auto add = [&](const LookupSpec& lookup) {
    for (std::size_t round = 0; round < lookup.rounds.size(); ++round) {
      for (const QuestionIndex question : lookup.rounds[round].questions) {
        lines.push_back(fmt::format("{}. {}", round + 1, plan.questions[question].text));
      }
    }
  };
  for (const CallerStep& step : edge.script) {
    if (const auto* resolve = std::get_if<Resolve>(&step)) {
      add(plan.lookups[std::get<SearchNames>(plan.edges[resolve->lookup].script.front()).lookup]);
    }
    if (const auto* names = std::get_if<SearchNames>(&step)) add(plan.lookups[names->lookup]);
  }
  return lines;
}

EdgeTarget look_up(const BoundVariant& variant, const TraceRequest& request, const TargetText& asked, PodIndex client) {
  const Cluster& cluster = *variant.cluster;
  const bool external = cluster.is_external(client);
  const std::string ns(external ? std::string_view("default") : cluster.pods[client].ns);
  const Protocol protocol = request.udp ? Protocol::Udp : Protocol::Tcp;
  if (asked.kind == "external") {
    throw NoSuchConnection(fmt::format("no workload '{}' asks machines outside of the cluster", asked.name));
  }
  Diagnostics diagnostics;
  TargetLookup lookup(cluster,
                      {.mode = mode_of(variant.scenario.cluster),
                       .kubernetes = parse_version(variant.scenario.cluster.kubernetes),
                       .balancer = load_balancer_kind_of(variant.scenario.cluster)},
                      diagnostics);
  const Side from = external ? Side::Outside : Side::Inside;
  const ObjectName name = split_name(asked.name, ns);
  std::optional<EdgeTarget> target;
  if (asked.kind == "loadBalancer") {
    target = lookup.load_balancer(name, asked.port, protocol, from, {});
  } else if (asked.kind == "externalIP") {
    target = lookup.external_ip(asked.name, ns, asked.port, {}, protocol, from, {});
  } else if (asked.kind == "nodePort") {
    target = lookup.node_port(asked.name, ns, asked.port, {}, protocol, {});
  } else if (asked.kind == "hostPort") {
    target = lookup.host_port(name, asked.port, protocol, {});
  } else if (asked.kind == "pod" || (asked.kind.empty() && !is_service(cluster, {name.ns, name.name}) &&
                                     !pods_named(cluster, asked.name).empty())) {
    target = lookup.pod(name, asked.port, protocol, {});
  } else {
    target = lookup.service(split_service_name(asked.name, ns), asked.port, protocol, {});
  }
  if (target && external && !lookup.reached_from_outside(*target, asked.name, {})) target.reset();
  if (!target) {
    const std::vector<Diagnostic> errors = diagnostics.errors();
    std::string message = errors.empty() ? fmt::format("nothing is called '{}'", request.to) : errors.front().message;
    if (!errors.empty() && !errors.front().accepted.empty()) message += " (" + errors.front().accepted + ")";
    throw NoSuchConnection(message);
  }
  return *target;
}

Bytes mean_bytes(const Distribution& law) { return Bytes(static_cast<std::int64_t>(std::llround(law.mean()))); }

double at_position(RulePosition position, double of) {
  const double last = std::max(1.0, of);
  switch (position) {
    case RulePosition::First:
      return 1;
    case RulePosition::Middle:
      return std::floor((last + 1) / 2);
    case RulePosition::Last:
      return last;
  }
  return 1;
}

/// Payload in packets, skbs and ACKs, as Network::size_message() cuts it.
MessageSize message_size(const Plan& plan, Bytes payload, bool datagrams) {
  const PacketTrain train = plan.packets_of(payload, datagrams);
  const std::int64_t per_skb = plan.packets_per_skb();
  MessageSize size;
  size.payload = payload;
  size.packets = static_cast<std::int32_t>(train.packets);
  size.skbs = static_cast<std::int32_t>((train.packets + per_skb - 1) / per_skb);
  size.acks = !datagrams && train.packets > 1 ? size.skbs : 0;  // a single segment's ACK rides on the answer
  size.wire = train.bytes;
  return size;
}

std::string name_of_pod(const Cluster& cluster, PodIndex pod) {
  return fmt::format("{}/{}", cluster.pods[pod].ns, cluster.pods[pod].name);
}

std::string names_of(const NetworkPolicies& policies, std::span<const PolicyIndex> some) {
  std::vector<std::string> names;
  for (const PolicyIndex one : some) names.push_back(policies.name(one));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "egress of default/web is isolated by default/deny, and no rule allows it to default/db:5432".
std::string denial_text(const BoundVariant& variant, const DeniedConnections& denied) {
  const bool egress = denied.direction == PolicyDirection::Egress;
  const std::string client = name_of_pod(*variant.cluster, denied.client);
  const std::string server = fmt::format("{}:{}", name_of_pod(*variant.cluster, denied.server), denied.port);
  return fmt::format("{} of {} is isolated by {}, and no rule allows {} {}", egress ? "egress" : "ingress",
                     egress ? client : server, names_of(*variant.models->policies, denied.by), egress ? "to" : "from",
                     egress ? server : client);
}

/// By which policies the two ends are isolated, which allow the connection; empty where there are none.
std::string policies_text(const BoundVariant& variant, PodIndex client, PodIndex server) {
  if (!variant.models->policies) return {};
  const NetworkPolicies& policies = *variant.models->policies;
  const auto egress = policies.isolating(client, PolicyDirection::Egress);
  const auto ingress = policies.isolating(server, PolicyDirection::Ingress);
  if (egress.empty() && ingress.empty()) return "allowed: no policy isolates either end";
  std::string text = "allowed";
  if (!egress.empty()) text += ": egress, isolated by " + names_of(policies, egress);
  if (!ingress.empty())
    text += std::string(egress.empty() ? ": " : "; ") + "ingress, isolated by " + names_of(policies, ingress);
  return text;
}

/// Dials until a connection is found whose server is as far away, or as near, as can be.
class Search {
 public:
  Search(const BoundVariant& variant, const EdgeTarget& target)
      : models_(*variant.models),
        rules_(models_.sizes),
        tables_(variant.tables),
        book_(models_.datapath(), variant.profile, tables_, path_mtu(variant.scenario.cluster.cni)),
        balancer_(*variant.cluster, variant.cluster->endpoints,
                  target.balanced ? std::vector{target.service} : std::vector<ServiceIndex>{},
                  load_balancer_kind_of(variant.scenario.cluster)),
        policies_(models_.policies ? std::optional<PolicyGate>(std::in_place, *variant.cluster, *models_.policies,
                                                               PolicyGate::Options{})
                                   : std::nullopt),
        dialer_(*variant.cluster, variant.cluster->endpoints, {target}, book_, *models_.proxy,
                RandomStreams(variant.scenario.experiment.seed),
                {.symbols = {.sync_period = variant.scenario.cluster.proxy.sync_period,
                             .rules = &rules_,
                             .dispatch = models_.dispatch},
                 .cni_masquerades = models_.cni->masquerades(),
                 .balancer = &balancer_,
                 .policies = policies_ ? &*policies_ : nullptr}) {}

  void run(const std::vector<PodIndex>& clients, bool near) {
    const std::size_t tried = std::min<std::size_t>(clients.size(), kClientsTried);
    for (std::size_t i = 0; i < tried; ++i) {
      for (std::uint64_t id = 0; id < kConnectionsTried; ++id) {
        const Dial dial = dialer_.dial(0, clients[i], id, kTimeZero);
        if (dial.server == kNoIndex || dial.flow.plans == nullptr) {
          dropped = dropped || dial.dropped;
          continue;
        }
        const auto known = book_.known(*dial.flow.plans);
        const bool better = !found || (near ? known.entry->nodes.size() < found->entry->nodes.size()
                                            : known.entry->nodes.size() > found->entry->nodes.size());
        if (!better) continue;
        found = known;
        best = dial;
        client = clients[i];
      }
    }
  }

  const VariantModels& models() const { return models_; }
  const NodeRules& rules() const { return rules_; }
  /// What policies forbid of what was tried; nothing where they let all of it through.
  const DeniedConnections* denied() const {
    return policies_ && !policies_->denied().empty() ? &policies_->denied().front() : nullptr;
  }

  std::optional<PlanBook::Known> found;
  Dial best;
  PodIndex client = kNoIndex;
  bool dropped = false;

 private:
  const VariantModels& models_;
  NodeRules rules_;
  const PlanTables& tables_;
  PlanBook book_;
  NodeBalancer balancer_;
  std::optional<PolicyGate> policies_;  // that drops: what is forbidden has no walk
  ServiceDialer dialer_;
};

}  // namespace

TracedConnection find_connection(const BoundVariant& variant, const TraceRequest& request) {
  const std::vector<PodIndex> clients = clients_named(variant, request.from);
  const TargetText asked = parse_target(request.to);
  TracedConnection connection;
  connection.variant = &variant;
  connection.request = connection.response = Bytes(1024);
  bool in_scenario = false;
  for (const EdgeIndex edge : edges_of(variant, request.from, clients)) {
    if (!leads_to(variant, edge, request.to, asked)) continue;
    const EdgeSpec& named = variant.traffic.edges[edge];
    // Of a look-up its questions have the connection.
    const EdgeIndex via = is_search(named.script) ? std::get<SearchNames>(named.script.front()).questions : edge;
    const EdgeSpec& spec = variant.traffic.edges[via];
    if (request.udp && !spec.udp) continue;
    connection.edge = spec.name;
    connection.target = variant.targets[via];
    connection.questions = questions_of(variant.traffic, named);
    const Exchange& exchange = exchange_of(spec.script);
    connection.request = mean_bytes(exchange.request_bytes);
    connection.response = mean_bytes(exchange.response_bytes);
    in_scenario = true;
    break;
  }
  if (!in_scenario) connection.target = look_up(variant, request, asked, clients.front());
  const bool udp = connection.target.transport == Transport::Udp;
  connection.request = request.request.value_or(connection.request);
  connection.response = request.response.value_or(connection.response);

  Search search(variant, connection.target);
  search.run(clients, request.same_node);
  if (!search.found && std::ranges::none_of(clients, [&](PodIndex client) {
        return connection.target.admits(variant.cluster->pods[client].ip);
      })) {
    throw NoSuchConnection(
        fmt::format("nobody answers '{}': its load balancer drops what is sent from outside of "
                    "loadBalancerSourceRanges",
                    request.to));
  }
  if (const DeniedConnections* denied = search.found ? nullptr : search.denied()) {
    throw NoSuchConnection(fmt::format("network policies forbid '{}': {}", request.to, denial_text(variant, *denied)));
  }
  if (!search.found) {
    const bool any = connection.target.port != kNoIndex &&
                     !variant.cluster->endpoints.latest().everywhere(connection.target.port).empty();
    throw NoSuchConnection(fmt::format("nobody answers '{}': {}", request.to,
                                       search.dropped ? "its traffic policy is Local, and no endpoint is on the node"
                                       : any ? "its traffic policy is Local, no endpoint is on the node, and the "
                                               "proxy mode refuses then"
                                             : "it has no endpoint in the cluster"));
  }
  if (const DeniedConnections* denied = search.denied()) connection.forbidden = denial_text(variant, *denied);
  connection.policies = policies_text(variant, search.client, search.best.server);
  const Cluster& cluster = *variant.cluster;
  const PlanBook::Entry& entry = *search.found->entry;
  connection.client = search.client;
  connection.server = search.best.server;
  connection.flow = search.found->flow;
  connection.walks = entry.walks;
  connection.nodes.fill(kNoIndex);
  for (std::size_t i = 0; i < entry.nodes.size(); ++i) {
    const auto role = static_cast<std::size_t>(entry.nodes[i]);
    connection.nodes[role] = search.best.flow.nodes[i];
    connection.bindings.node[role] = search.rules().symbols(connection.nodes[role]);
  }
  std::uint32_t endpoints = static_cast<std::uint32_t>(connection.target.direct.size());
  if (connection.target.port != kNoIndex) {
    ServiceReach reach(cluster, cluster.endpoints, {.cni_masquerades = search.models().cni->masquerades()});
    const auto answer = reach.of(*search.models().proxy, connection.target, search.client, search.best.chosen_at);
    endpoints = static_cast<std::uint32_t>(answer.endpoints.size());
  }
  connection.endpoints = endpoints;
  const auto bind = [&](Symbol symbol, double of) {
    connection.bindings[symbol] = static_cast<float>(at_position(request.position, of));
  };
  // Of the node whose rules, or whose hostPorts, are searched.
  connection.sizes =
      search.rules().sizes(connection.nodes[static_cast<std::size_t>(translating_node(connection.flow))]);
  bind(Symbol::ServicePosition, connection.sizes.services_rules);
  bind(Symbol::NodePortPosition, connection.sizes.node_ports);
  bind(Symbol::EndpointIndex, endpoints);
  connection.bindings[Symbol::Endpoints] = static_cast<float>(endpoints);
  connection.bindings[Symbol::EndpointDraws] =
      std::min(connection.bindings[Symbol::EndpointIndex], static_cast<float>(endpoints) - 1);
  connection.bindings[Symbol::NodePortsAlike] = static_cast<float>(
      node_ports_alike(connection.bindings[Symbol::NodePortPosition], connection.sizes, connection.flow.transport));
  bind(Symbol::HostPortPosition, connection.sizes.host_port_containers);
  for (const Symbol symbol : {Symbol::SourceRange, Symbol::ClientDispatch, Symbol::ServerDispatch, Symbol::EgressRules,
                              Symbol::EgressSets, Symbol::IngressRules, Symbol::IngressSets}) {
    connection.bindings[symbol] = search.best.flow.symbols[symbol_index(symbol)];
  }
  connection.bindings[Symbol::IpvsDestinations] =
      static_cast<float>(search.models().proxy->make_chooser(RandomStreams(1))->looked_at(endpoints));
  for (std::size_t i = 0; i < connection.walks.size(); ++i) {
    const auto packet = static_cast<PacketClass>(i);
    const Plan& plan = entry.plans.plan[i];
    if (plan.max_segment_bytes == 0) continue;  // UDP has no SYN-ACK
    const bool first_is_data = udp && packet == PacketClass::First;
    const Bytes payload = packet == PacketClass::Response                   ? connection.response
                          : packet == PacketClass::Request || first_is_data ? connection.request
                                                                            : Bytes{};
    connection.message_sizes[i] = message_size(plan, payload, udp);
  }
  return connection;
}

}  // namespace knetsim
