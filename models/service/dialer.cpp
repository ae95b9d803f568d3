#include "models/service/dialer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "models/service/flow_class.h"
#include "models/walk/bindings.h"

namespace knetsim {
ServiceDialer::ServiceDialer(const Cluster& cluster, const EndpointViews& endpoints, std::vector<EdgeTarget> targets,
                             PlanBook& book, const ProxyModel& proxy, RandomStreams streams,
                             const DialerOptions& options)
    : cluster_(cluster),
      endpoints_(endpoints),
      pods_(options.pods),
      unreachable_after_(options.unreachable_after),
      targets_(std::move(targets)),
      book_(book),
      streams_(streams),
      resolver_(cluster, endpoints, proxy, streams, {.cni_masquerades = options.cni_masquerades}, options.pods,
                options.balancer),
      chooser_(cluster, resolver_, proxy, streams),
      symbols_(cluster, streams, options.symbols),
      outer_tuples_(options.node_pairs),
      tables_(options.tables),
      needs_(cluster, options.table_limits),
      policies_(options.policies) {}

Dial ServiceDialer::dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) {
  const EdgeTarget& target = targets_[edge];
  const Candidates candidates = resolver_.of(target, client, id, now);
  if (pods_ != nullptr && pods_->is_down(candidates.asked)) return {.flow = {}, .dropped = true};  // nobody forwards
  if (candidates.endpoints.empty()) {
    return {.flow = {}, .dropped = candidates.dropped, .unreachable = candidates.in_socket};
  }

  return open(edge, target, client, candidates, chooser_.choose(target, client, candidates, id, now), id, now);
}

Dial ServiceDialer::dial_to(EdgeIndex edge, PodIndex client, PodIndex server, std::uint64_t id, Time now) {
  const EdgeTarget& target = targets_[edge];
  const Candidates candidates = resolver_.of(target, client, id, now);
  const auto found = std::ranges::find(candidates.endpoints, server, &Endpoint::pod);
  if (found == candidates.endpoints.end()) return {.flow = {}};
  const Chosen chosen{.endpoint = *found,
                      .index = static_cast<std::uint32_t>(found - candidates.endpoints.begin()),
                      .of = static_cast<std::uint32_t>(candidates.endpoints.size())};
  return open(edge, target, client, candidates, chosen, id, now);
}

std::span<const Endpoint> ServiceDialer::endpoints(EdgeIndex edge, PodIndex client, Time now) {
  return resolver_.of(targets_[edge], client, 0, now).endpoints;
}

Dial ServiceDialer::open(EdgeIndex edge, const EdgeTarget& target, PodIndex client, const Candidates& candidates,
                         const Chosen& chosen, std::uint64_t id, Time now) {
  if (!resolver_.answer_comes_back(candidates, client, chosen.endpoint)) return {.flow = {}, .dropped = true};
  const PodIndex server = chosen.endpoint.pod;
  if (server == kNoIndex) return {.flow = {}};  // an address outside the cluster: nothing there to answer

  Dial fate;
  const PolicyVerdict* verdict = nullptr;
  if (policies_ != nullptr && !target.loopback) {
    const FlowClass flow = flow_class(cluster_, target, client, candidates, chosen);
    const Walk& first = book_.at(flow).walks[static_cast<std::size_t>(PacketClass::First)];
    verdict = &policies_->ask(edge, target, client, candidates.asked, chosen.endpoint, first, now);
    if (const auto& denial = verdict->denial) {
      // Nobody hears the ICMP error that a datagram brings about. What the client's own node rejects is refused at once;
      // the SYN that the server's rejects has come there, as to a server that does not listen.
      if (!policies_->refuses() || target.transport == Transport::Udp) return {.flow = {}, .dropped = true};
      if (denial->direction == PolicyDirection::Egress) return {.flow = {}};
      fate.refuses = true;
    }
  }
  if (pods_ != nullptr) {
    const bool silent = !fate.refuses && !pods_->answers(server);
    if (silent) fate = to_silent_pod(target, server, now);
    fate.stale = is_stale(target, server);
    if (silent && !fate.refuses) return fate;
  }

  std::uint32_t holds = 0;
  if (tables_ != nullptr) {
    const auto taken = tables_->take(needs_.of(edge, target, client, candidates, chosen.endpoint), edge, client, now);
    if (const auto* met = std::get_if<KernelLimit>(&taken)) {
      return {.flow = {}, .dropped = *met != KernelLimit::LocalPorts, .met = *met};
    }
    holds = std::get<std::uint32_t>(taken);
  }

  const PlanBook::Entry& entry = book_.at(flow_class(cluster_, target, client, candidates, chosen));
  Dial dial{.flow = {.plans = &entry.plans,
                     .nodes = {},
                     .tuple = flow_tuple(cluster_.pods[client], cluster_.pods[server], chosen.endpoint.port,
                                         target.transport, streams_.get(kSourcePort, id)),
                     .encapsulation = entry.walks[0].encapsulation,
                     .symbols = symbols_.of(target, client, candidates, chosen, chooser_.looked_at(chosen.of), now),
                     .id = id,
                     .datagrams = target.transport == Transport::Udp},
            .server = server,
            .holds = holds,
            .refuses = fate.refuses,
            .stale = fate.stale,
            .path = candidates.path,
            .fits = entry.fits,
            .chosen_at = candidates.asked};
  for (std::size_t i = 0; i < entry.nodes.size(); ++i) {
    dial.flow.nodes[i] = entry.nodes[i] == NodeRole::Client    ? cluster_.pods[client].node
                         : entry.nodes[i] == NodeRole::Ingress ? candidates.asked
                                                               : cluster_.pods[server].node;
  }
  if (verdict != nullptr) {
    const auto set = [&](Symbol symbol, std::uint32_t value) {
      dial.flow.symbols[symbol_index(symbol)] = static_cast<float>(value);
    };
    set(Symbol::EgressRules, verdict->egress.rules);
    set(Symbol::EgressSets, verdict->egress.sets);
    set(Symbol::IngressRules, verdict->ingress.rules);
    set(Symbol::IngressSets, verdict->ingress.sets);
  }
  outer_tuples_.opened(dial.flow, now);
  dial.rules = static_cast<float>(opening_rules(entry, dial.flow));
  if (target.by_proxy()) chooser_.opened(target, candidates.asked, server);
  return dial;
}

// While the kubelet takes a pod down, its network namespace outlives its processes for about a second (an assumption):
// the kernel in it resets. From then on its node knows no such host, and one that is off the network knows nothing.
Dial ServiceDialer::to_silent_pod(const EdgeTarget& target, PodIndex server, Time now) const {
  constexpr Duration kTakenDown = std::chrono::seconds(1);
  if (target.transport == Transport::Udp || !pods_->reachable(server)) return {.flow = {}, .dropped = true};
  const std::optional<Time> stopped = pods_->stopped(server);
  if (cluster_.spec(cluster_.pods[server]).host_network) return {.flow = {}, .refuses = true};  // the node's own kernel
  if (!stopped || now - *stopped < kTakenDown) return {.flow = {}, .refuses = true};
  return {.flow = {}, .dropped = !unreachable_after_, .refused_after = unreachable_after_};
}

bool ServiceDialer::is_stale(const EdgeTarget& target, PodIndex server) const {
  const ServicePortIndex port = target.updates ? target.named : target.by_proxy() ? target.port : kNoIndex;
  if (port == kNoIndex) return false;
  const EndpointView latest = endpoints_.latest();
  return std::ranges::find(latest.endpoints(port), server, &Endpoint::pod) == latest.endpoints(port).end();
}

double ServiceDialer::opening_rules(const PlanBook::Entry& entry, const FlowSpec& flow) const {
  std::array<const MachineSymbols*, 3> at{};
  for (std::size_t i = 0; i < entry.nodes.size(); ++i) {
    at[static_cast<std::size_t>(entry.nodes[i])] = &symbols_.of_node(flow.nodes[i]);
  }
  return entry.opening.value(flow.symbols, at, flow.outer_untracked);
}

void ServiceDialer::hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) {
  if (targets_[edge].by_proxy()) chooser_.closed(targets_[edge], chosen_at, server, now);
}

}  // namespace knetsim
