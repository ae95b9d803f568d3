#include "models/service/resolver.h"

#include <algorithm>
#include <iterator>

#include "models/service/flow_tuple.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kIngress("nodeport.node");
constexpr Purpose kPoll("proxy.config.poll");

}  // namespace

std::vector<Endpoint> named_endpoints(const EndpointView& view, ServicePortIndex port) {
  std::vector<Endpoint> ready;
  std::ranges::copy_if(view.endpoints(port), std::back_inserter(ready), &Endpoint::ready);
  return ready;
}

std::span<const Endpoint> Resolver::found_by_name(const EdgeTarget& target, PodIndex client, Time now) {
  std::uint64_t version = endpoints_.latest().version();
  if (version != 0 && target.updates) version = brought(*target.updates, client, now);
  if (version == 0) return target.direct;
  std::vector<Named>& known = named_[target.named];
  const auto found = std::ranges::find(known, version, &Named::version);
  if (found != known.end()) return found->endpoints;
  if (known.size() == kNamedVersions) known.erase(known.begin());
  known.push_back({version, named_endpoints(endpoints_.version(version), target.named)});
  return known.back().endpoints;
}

std::uint64_t Resolver::brought(const ConfigUpdatePolicy& policy, PodIndex client, Time now) {
  auto of = std::ranges::find(updates_, policy, &ConfigUpdates::policy);
  if (of == updates_.end()) of = updates_.insert(updates_.end(), ConfigUpdates(policy));
  for (std::uint64_t next = of->heard() + 1; next <= endpoints_.latest().version(); ++next) {
    of->published(next, endpoints_.published_at(next));
  }
  Duration phase{};
  if (policy.poll > Duration{}) {
    const Pod& proxy = cluster_.pods[client];
    phase = Duration(static_cast<std::int64_t>(
        streams_.get(kPoll, name_key(proxy.ns, proxy.name)).below(static_cast<std::uint64_t>(policy.poll.count()))));
  }
  return of->known(phase, now);
}

std::span<const Endpoint> Resolver::addressed(const EdgeTarget& target) {
  if (pods_ == nullptr) return target.direct;
  addressed_.clear();
  const auto keep = [&](const auto& wanted) {
    std::ranges::copy_if(target.direct, std::back_inserter(addressed_),
                         [&](const Endpoint& one) { return one.pod == kNoIndex || wanted(one.pod); });
  };
  keep([&](PodIndex pod) { return pods_->ready(pod) && !pods_->terminating(pod); });
  if (addressed_.empty()) keep([&](PodIndex pod) { return !cluster_.pods[pod].later; });
  return addressed_;
}

Candidates Resolver::of(const EdgeTarget& target, PodIndex client, std::uint64_t id, Time now) {
  Candidates candidates{.asked = cluster_.pods[client].node};
  if (target.loopback) {
    own_pod_ = {.pod = client, .node = candidates.asked};
    candidates.endpoints = {&own_pod_, 1};
  } else if (target.port != kNoIndex) {
    candidates = behind_proxy(target, client, id);
  } else if (target.named != kNoIndex) {
    candidates.endpoints = found_by_name(target, client, now);
  } else if (!target.admits(cluster_.pods[client].ip)) {
    candidates.dropped = true;
  } else {
    candidates.endpoints = target.on_own_node ? on_node(target, candidates.asked) : addressed(target);
    candidates.in_socket = target.exposure == Exposure::HostPort && in_socket(target, client);
  }
  return candidates;
}

std::span<const Endpoint> Resolver::on_node(const EdgeTarget& target, NodeIndex node) {
  const auto first = std::ranges::lower_bound(target.direct, node, {}, &Endpoint::node);
  const auto last = std::ranges::upper_bound(target.direct, node, {}, &Endpoint::node);
  return {first, last};
}

bool Resolver::in_socket(const EdgeTarget& target, PodIndex client) const {
  return reach_.in_socket(proxy_, target.exposure, client);
}

NodeIndex Resolver::asked_node(const EdgeTarget& target, PodIndex client, std::uint64_t id) const {
  if (target.through != kNoIndex) return target.through;
  if (!target.balanced) return static_cast<NodeIndex>(streams_.get(kIngress, id).below(cluster_.members().size()));
  KNETSIM_ENSURE(balancer_ != nullptr);
  return balancer_->node_for(target.service, at_balancer(target, client, id));
}

FiveTuple Resolver::at_balancer(const EdgeTarget& target, PodIndex client, std::uint64_t id) const {
  const Service& service = cluster_.services[target.service];
  const Pod& from = cluster_.pods[client];
  return {.src_address = name_key(from.ns, from.name),
          .dst_address = name_key(service.ns, service.name),
          .src_port = local_port(streams_.get(kSourcePort, id)),
          .dst_port = cluster_.service_ports[target.port].port,
          .protocol = target.transport == Transport::Udp ? kProtocolUdp : kProtocolTcp};
}

Candidates Resolver::behind_proxy(const EdgeTarget& target, PodIndex client, std::uint64_t id) {
  Candidates candidates{.in_socket = in_socket(target, client), .asked = cluster_.pods[client].node};
  if (target.balanced && !target.admits(cluster_.pods[client].ip)) {
    candidates.dropped = true;
    return candidates;
  }
  // An external IP that the cluster's own clients ask never leaves their node, which has rules for it.
  if (target.exposure == Exposure::ExternalIp ? cluster_.is_external(client)
                                              : target.exposure == Exposure::NodePort && !candidates.in_socket) {
    const NodeIndex asked = asked_node(target, client, id);
    if (asked == kNoIndex) {  // no node has the address: ARP goes unanswered, or no route leads there
      candidates.dropped = true;
      return candidates;
    }
    candidates.asked = asked;
    // Another node serves datagrams of a flow that it does not know as those of a new one.
    if (target.balanced && !balancer_->kind().tracks_connections && target.transport == Transport::Tcp) {
      candidates.path = NodeBalancer::path_of(at_balancer(target, client, id));
    }
  }
  const ServiceReach::Answer answer = reach_.of(proxy_, target, client, candidates.asked);
  candidates.endpoints = answer.endpoints;
  candidates.local_policy = answer.local_policy;
  if (answer.endpoints.empty()) {
    // A process whose own node drops its datagram is told so by sendto() (nf_hook_slow: EPERM); connect() goes on.
    const bool told =
        target.transport == Transport::Udp && reach_.source_at(client, candidates.asked) == AddressKind::ThisNode;
    candidates.dropped = answer.reach == Reach::Dropped && !told;
  }
  return candidates;
}

}  // namespace knetsim
