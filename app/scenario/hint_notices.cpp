#include "app/scenario/hint_notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "app/scenario/variant_models.h"
#include "models/control/hint_refusals.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

constexpr const char* kZoneLabel = "the label topology.kubernetes.io/zone, or cluster.nodes.zones";

class HintTeller {
 public:
  HintTeller(const BoundVariant& variant, Diagnostics& diagnostics)
      : variant_(variant), cluster_(*variant.cluster), diagnostics_(diagnostics) {}

  void tell() {
    std::set<ServiceIndex> asked;
    for (const EdgeTarget& target : variant_.targets) {
      if (target.port == kNoIndex || target.loopback) continue;
      if (asked.insert(cluster_.service_ports[target.port].service).second) tell_of(target.port);
    }
    const ClusterSettings& settings = variant_.scenario.cluster;
    for (const HintsRefused& one :
         hint_refusals(cluster_, terminating_serve(variant_.scenario), settings.control.endpoint_batch)) {
      if (!asked.contains(one.service)) continue;
      notice(cluster_.services[one.service],
             fmt::format("topology-mode Auto sets no hints from {} on: {}", human(one.at - kTimeZero),
                         refusal_text(one.why, one.endpoints, one.zones)),
             std::string(remedy(one.why)));
    }
  }

 private:
  void notice(const Service& service, std::string message, std::string accepted) {
    const bool by_mode = service.topology_mode != TopologyMode::None;
    Diagnostic told =
        Diagnostic::at(Severity::Notice, service.mark, by_mode ? "metadata.annotations" : "spec.trafficDistribution",
                       std::move(message), std::move(accepted));
    told.object = object_label("Service", service.ns, service.name);
    diagnostics_.add(std::move(told));
  }

  void tell_of(ServicePortIndex port) {
    const Service& service = cluster_.services[cluster_.service_ports[port].service];
    if (service.internal_traffic_local) return;  // what is inside is kept on its node anyway
    const EndpointView view = cluster_.endpoints.latest();
    const auto hinted = view.hinted(port);
    if (hinted == nullptr) {
      tell_missing(service, port, view);
      return;
    }
    const ProxyModel& proxy = *variant_.models->proxy;
    const HintsRead read = proxy.hints_read(service);
    if (read == HintsRead::None || (read == HintsRead::Zones && hinted->by_zone().empty())) {
      const auto [why, accepted] = proxy.unread_hints(service);
      notice(service, fmt::format("its endpoints have topology hints that nobody looks at: {}", why), accepted);
      return;
    }
    const auto members = cluster_.members();
    const auto zoneless = std::ranges::count(members, kNoIndex, &ClusterNode::zone_index);
    if (!hinted->by_zone().empty() && zoneless > 0) {
      notice(
          service,
          fmt::format("{} of {} nodes {} in no zone: what they are asked goes to all endpoints, whatever their hints "
                      "for zones",
                      zoneless, members.size(), zoneless == 1 ? "is" : "are"),
          kZoneLabel);
    }
  }

  /// Hints are wished for, or stand in a slice, and decide nothing since some endpoint has none.
  void tell_missing(const Service& service, ServicePortIndex port, const EndpointView& view) {
    const bool stated = cluster_.stated_hints.any(port);
    if (!stated && (service.hint_policy != HintPolicy::SameZone || cluster_.zones.empty())) return;
    for (const Endpoint& one : view.endpoints(port)) {
      if (!one.ready) continue;
      const EndpointHints own = stated ? cluster_.stated_hints.of(port, one) : EndpointHints{};
      const bool zoneless = one.node == kNoIndex || cluster_.nodes[one.node].zone_index == kNoIndex;
      if (stated ? own.for_zones || own.for_nodes : !zoneless) continue;
      const std::string name = one.pod == kNoIndex ? to_string(one.address) : std::string(cluster_.pods[one.pod].name);
      notice(service,
             fmt::format("topology hints decide nothing: the endpoint {} {}", name,
                         stated ? "has none in its slice" : "is on a node in no zone"),
             stated ? "hints of every ready endpoint" : kZoneLabel);
      return;
    }
  }

  const BoundVariant& variant_;
  const Cluster& cluster_;
  Diagnostics& diagnostics_;
};

}  // namespace

void tell_idle_hints(const BoundVariant& variant, Diagnostics& diagnostics) { HintTeller(variant, diagnostics).tell(); }

}  // namespace knetsim
