#include "app/scenario/policy_notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "app/scenario/variant_calls.h"
#include "app/scenario/variant_models.h"
#include "models/service/flow_class.h"
#include "models/service/policy_gate.h"
#include "models/service/service_reach.h"

namespace knetsim {
namespace {

/// To a policy pods of one namespace and set of labels are alike, on one node or on another.
using Alike = std::tuple<std::string_view, LabelSetId, bool>;

/// Of the sorts of clients and of endpoints of an edge, one each stands for its like.
class PolicyNotices {
 public:
  PolicyNotices(const BoundVariant& variant, Diagnostics& diagnostics)
      : variant_(variant),
        cluster_(*variant.cluster),
        diagnostics_(diagnostics),
        models_(*variant.models),
        reach_(cluster_, cluster_.endpoints, {.cni_masquerades = models_.cni->masquerades()}) {}

  void check(EdgeIndex edge, const std::vector<PodIndex>& clients, Node at) {
    check_one(edge, clients, at);
    for (const CallerStep& step : variant_.traffic.edges[edge].script) {
      if (const auto* resolve = std::get_if<Resolve>(&step)) check(resolve->lookup, clients, at);
      if (const auto* names = std::get_if<SearchNames>(&step)) check_one(names->questions, clients, at);
    }
  }

 private:
  struct Found {
    std::size_t pairs = 0;
    std::size_t forbidden = 0;
    std::vector<std::string> why;
    std::set<std::pair<PolicyDirection, std::vector<PolicyIndex>>> told;
  };

  static constexpr std::size_t kSortsTried = 64;  // of clients: each is asked against each sort of endpoint

  Alike alike(PodIndex pod, NodeIndex other) const {
    const Pod& one = cluster_.pods[pod];
    return {one.ns, cluster_.is_external(pod) ? pod : one.labels, one.node == other};
  }

  void check_one(EdgeIndex edge, const std::vector<PodIndex>& clients, Node at) {
    const EdgeTarget& target = variant_.targets[edge];
    if (target.loopback) return;
    Found found;
    std::set<Alike> sorts;
    for (const PodIndex client : clients) {
      if (sorts.size() == kSortsTried) break;
      if (!sorts.insert(alike(client, kNoIndex)).second) continue;
      ask(edge, client, found);
    }
    if (found.forbidden == 0) return;
    const bool all = found.forbidden == found.pairs;
    const bool refused = rejects_denied(variant_.scenario.cluster) && target.transport == Transport::Tcp;
    for (const std::string& why : found.why) {
      diagnostics_.notice(at, fmt::format("network policies forbid {} of '{}', which are {}: {}",
                                          all ? "the connections" : "some connections",
                                          variant_.traffic.edges[edge].name, refused ? "refused" : "dropped", why));
    }
  }

  /// What the client's connections are sent to by the node that is asked; of nodes that any client may ask one that is
  /// neither end's stands for them.
  Candidates candidates_of(const EdgeTarget& target, PodIndex client) {
    Candidates candidates{.asked = cluster_.pods[client].node};
    if (!target.by_proxy()) {
      candidates.endpoints = target.direct;
      return candidates;
    }
    candidates.in_socket = reach_.in_socket(*models_.proxy, target.exposure, client);
    const bool asks_node = target.exposure == Exposure::ExternalIp
                               ? cluster_.is_external(client)
                               : target.exposure == Exposure::NodePort && !candidates.in_socket;
    if (asks_node) {
      candidates.asked = target.through;
      for (NodeIndex node = 0; candidates.asked == kNoIndex && node < cluster_.members().size(); ++node) {
        if (node != cluster_.pods[client].node) candidates.asked = node;
      }
      if (candidates.asked == kNoIndex) candidates.asked = 0;
    }
    const auto answer = reach_.of(*models_.proxy, target, client, candidates.asked);
    candidates.endpoints = answer.endpoints;
    candidates.local_policy = answer.local_policy;
    return candidates;
  }

  void ask(EdgeIndex edge, PodIndex client, Found& found) {
    const EdgeTarget& target = variant_.targets[edge];
    const Candidates candidates = candidates_of(target, client);
    std::set<Alike> sorts;
    for (const Endpoint& endpoint : candidates.endpoints) {
      if (endpoint.pod == kNoIndex || !sorts.insert(alike(endpoint.pod, cluster_.pods[client].node)).second) continue;
      const Chosen chosen{.endpoint = endpoint, .index = 0, .of = 1};
      const Walk& first = first_walk(flow_class(cluster_, target, client, candidates, chosen));
      const auto denial = policy_denial(cluster_, *models_.policies, client, endpoint.pod,
                                        policy_question(cluster_, target, client, candidates.asked, endpoint, first));
      ++found.pairs;
      if (!denial) continue;
      ++found.forbidden;
      if (!found.told.insert({denial->direction, {denial->by.begin(), denial->by.end()}}).second) continue;
      const bool egress = denial->direction == PolicyDirection::Egress;
      std::vector<std::string> names;
      for (const PolicyIndex one : denial->by) names.push_back(models_.policies->name(one));
      const std::string from = fmt::format("{}/{}", cluster_.pods[client].ns, cluster_.pods[client].name);
      const std::string to =
          fmt::format("{}/{}:{}", cluster_.pods[endpoint.pod].ns, cluster_.pods[endpoint.pod].name, endpoint.port);
      found.why.push_back(fmt::format("{} of {} is isolated by {}, and no rule allows {} {}",
                                      egress ? "egress" : "ingress", egress ? from : to, fmt::join(names, ", "),
                                      egress ? "to" : "from", egress ? to : from));
    }
  }

  const Walk& first_walk(const FlowClass& flow) {
    const auto [entry, added] = walks_.try_emplace(flow);
    if (added) entry->second = describe(flow, PacketClass::First, models_.datapath());
    return entry->second;
  }

  const BoundVariant& variant_;
  const Cluster& cluster_;
  Diagnostics& diagnostics_;
  const VariantModels& models_;
  ServiceReach reach_;
  std::map<FlowClass, Walk> walks_;
};

}  // namespace

void tell_forbidden(const BoundVariant& variant, Diagnostics& diagnostics) {
  if (!variant.models->policies) return;
  PolicyNotices notices(variant, diagnostics);
  visit_calls(variant,
              [&](EdgeIndex edge, const std::vector<PodIndex>& clients, Node at) { notices.check(edge, clients, at); });
}

}  // namespace knetsim
