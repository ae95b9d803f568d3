#include "models/cluster/endpoint_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "models/cluster/pod_selection.h"

namespace knetsim {
namespace {

constexpr std::array<IpFamily, 2> kFamilies{IpFamily::V4, IpFamily::V6};
constexpr std::size_t kMostSuggestions = 50;

/// An address and its conditions before the choice of the usable ones.
struct Conditioned {
  Endpoint endpoint;
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  EndpointHints hints{};
};

/// Those that a proxy may send to: ready, or terminating and serving where it looks at these. Moves their hints.
struct Usable {
  std::vector<Endpoint> endpoints;
  std::vector<EndpointHints> hints;  ///< Of each.
};

Usable usable(std::span<Conditioned> all, bool terminating_serve) {
  Usable chosen;
  for (Conditioned& one : all) {
    if (!one.ready && !(terminating_serve && one.serving && one.terminating)) continue;
    chosen.endpoints.push_back(one.endpoint);
    chosen.endpoints.back().ready = one.ready;
    chosen.hints.push_back(std::move(one.hints));
  }
  return chosen;
}

IpAddress address_of(const Pod& pod, IpFamily family) {
  if (pod.ip && pod.ip.family() == family) return pod.ip;
  if (pod.secondary_ip && pod.secondary_ip.family() == family) return pod.secondary_ip;
  return {};
}

class Builder {
 public:
  Builder(const Manifests& manifests, const Cluster& cluster, bool terminating_serve, Diagnostics& diagnostics)
      : manifests_(manifests),
        cluster_(cluster),
        terminating_serve_(terminating_serve),
        diagnostics_(diagnostics),
        names_(cluster),
        selection_(cluster),
        table_(cluster.service_ports.size()) {
    for (ZoneIndex zone = 0; zone < cluster.zones.size(); ++zone) zones_.try_emplace(cluster.zones[zone], zone);
  }

  /// @param all  With all pods of a run, each as if it were ready.
  BuiltEndpoints build(bool all) {
    all_ = all;
    const auto by_slice = group(manifests_.endpoint_slices);
    const auto by_legacy = group(manifests_.legacy_endpoints);
    for (ServiceIndex i = 0; i < cluster_.services.size(); ++i) {
      const Service& service = cluster_.services[i];
      if (service.type == ServiceType::ExternalName) continue;
      const bool listed = !by_slice[i].empty() || !by_legacy[i].empty();
      if (!service.selector.empty() && (all_ || !listed)) {
        from_pods(i);
      } else if (!by_slice[i].empty()) {
        from_slices(i, manifests_.endpoint_slices, by_slice[i]);
      } else if (!by_legacy[i].empty()) {
        from_slices(i, manifests_.legacy_endpoints, by_legacy[i]);
      } else if (service.port_count > 0) {
        notice(service, "spec",
               "has neither a selector nor an EndpointSlice: it has no endpoints, connections to it are refused");
      }
    }
    return {.table = std::move(table_), .stated_hints = std::move(stated_)};
  }

 private:
  std::vector<std::vector<const Slice*>> group(const SliceTables& tables) const {
    std::vector<std::vector<const Slice*>> by_service(cluster_.services.size());
    for (const Slice& slice : tables.slices) {
      const ServiceIndex service = names_.service(slice.ns, slice.service);
      if (service != kNoIndex) by_service[service].push_back(&slice);
    }
    return by_service;
  }

  void notice(const Service& service, std::string path, std::string message) {
    Diagnostic diagnostic =
        Diagnostic::at(Severity::Notice, service.selector_mark, std::move(path), std::move(message));
    diagnostic.object = object_label("Service", service.ns, service.name);
    diagnostics_.add(std::move(diagnostic));
  }

  Conditioned resolve(const SliceTables& tables, const Slice& slice, const SliceEndpoint& from,
                      std::uint16_t port) const {
    Conditioned to{{.address = from.address, .port = port}, from.ready, from.serving, from.terminating};
    if (!from.pod.empty()) to.endpoint.pod = names_.pod(slice.ns, from.pod);
    if (to.endpoint.pod != kNoIndex) {
      const IpAddress of_pod = address_of(cluster_.pods[to.endpoint.pod], slice.family);
      if (from.made_up && of_pod) to.endpoint.address = of_pod;
      to.endpoint.node = cluster_.pods[to.endpoint.pod].node;
    } else if (!from.node.empty()) {
      to.endpoint.node = names_.node(from.node);
    }
    to.hints.for_zones = from.zone_hints > 0;
    to.hints.for_nodes = from.node_hints > 0;
    for (const std::string_view zone : tables.zones_of(from)) {
      if (const auto known = zones_.find(zone); known != zones_.end()) to.hints.zones.push_back(known->second);
    }
    for (const std::string_view name : tables.nodes_of(from)) {
      if (const NodeIndex node = names_.node(name); node != kNoIndex) to.hints.nodes.push_back(node);
    }
    return to;
  }

  void from_slices(ServiceIndex index, const SliceTables& tables, std::span<const Slice* const> slices) {
    const Service& service = cluster_.services[index];
    const bool managed = std::ranges::all_of(slices, [](const Slice* slice) { return slice->managed; });
    std::size_t found = 0;
    for (ServicePortIndex p = service.first_port; p < service.first_port + service.port_count; ++p) {
      const ServicePort& port = cluster_.service_ports[p];
      for (const IpFamily family : kFamilies) {
        if (!serves(service, family)) continue;
        conditioned_.clear();
        std::size_t sources = 0;
        for (const Slice* slice : slices) {
          if (slice->family != family) continue;
          for (const SlicePort& open : tables.ports_of(*slice)) {
            if (open.name != port.name || open.protocol != port.protocol) continue;
            ++sources;
            for (const SliceEndpoint& endpoint : tables.endpoints_of(*slice)) {
              conditioned_.push_back(resolve(tables, *slice, endpoint, open.port));
            }
          }
        }
        if (sources > 1) drop_repeated();
        found += set(service, p, family, managed);
      }
    }
    if (found == 0 && service.port_count > 0 && serves(service, IpFamily::V4)) {
      notice(service, "spec.selector", "has no ready endpoint in its EndpointSlices: connections to it are refused");
    }
  }

  /// An endpoint that moves from one slice to another stands in both for a while; a proxy counts it once.
  void drop_repeated() {
    std::map<std::pair<IpAddress, std::uint16_t>, bool> seen;
    std::erase_if(conditioned_, [&](const Conditioned& one) {
      return !seen.try_emplace({one.endpoint.address, one.endpoint.port}, true).second;
    });
  }

  void from_pods(ServiceIndex index) {
    const Service& service = cluster_.services[index];
    const std::vector<PodIndex> pods = selection_.select(service.ns, service.selector);
    if (pods.empty()) {
      notice(service, "spec.selector", no_match(service));
      return;
    }
    std::size_t found = 0;
    bool told = false;
    for (ServicePortIndex p = service.first_port; p < service.first_port + service.port_count; ++p) {
      const ServicePort& port = cluster_.service_ports[p];
      PodIndex without_port = kNoIndex;  // the first
      for (const IpFamily family : kFamilies) {
        if (!serves(service, family)) continue;
        conditioned_.clear();
        for (const PodIndex i : pods) {
          const Pod& pod = cluster_.pods[i];
          if (pod.later && !all_) continue;
          const IpAddress address = address_of(pod, family);
          if (!address) continue;
          std::uint16_t number = port.target_port;
          if (number == 0) {
            const auto named = find_port(cluster_.spec(pod), port.target_name, port.protocol);
            if (!named) {
              if (without_port == kNoIndex) without_port = i;
              continue;
            }
            number = *named;
          }
          conditioned_.push_back({{.address = address, .port = number, .pod = i, .node = pod.node},
                                  all_ || service.publish_not_ready || (pod.ready && !pod.terminating),
                                  service.publish_not_ready || pod.ready,
                                  pod.terminating});
        }
        found += set(service, p, family, true);
      }
      if (without_port != kNoIndex) missing_port(service, p, cluster_.pods[without_port]);
      told = told || without_port != kNoIndex;
    }
    if (found == 0 && !told && service.port_count > 0 && serves(service, IpFamily::V4)) {
      notice(service, "spec.selector",
             fmt::format("selects {} pod{}, but none is a ready endpoint: connections to it are refused", pods.size(),
                         pods.size() == 1 ? "" : "s"));
    }
  }

  /// @param managed  By the EndpointSlice controller: hints are those that the Service asks for; else as they stand.
  std::size_t set(const Service& service, ServicePortIndex port, IpFamily family, bool managed) {
    if (!managed) {
      for (const Conditioned& one : conditioned_) {
        if (one.hints.for_zones || one.hints.for_nodes) stated_.add(port, one.endpoint, one.hints);
      }
    }
    Usable chosen = usable(conditioned_, terminating_serve_);
    if (chosen.endpoints.empty()) return 0;
    if (managed) set_hints(service, chosen);
    table_.set(port, family, chosen.endpoints, HintedEndpoints::of(chosen.endpoints, chosen.hints));
    return chosen.endpoints.size();
  }

  void set_hints(const Service& service, Usable& chosen) {
    if (all_ || service.hint_policy == HintPolicy::None) {
      chosen.hints.clear();
      return;
    }
    if (!setter_) setter_.emplace(cluster_);
    HintSetter::Set set = setter_->hints(service.hint_policy, chosen.endpoints, chosen.hints);
    chosen.hints = std::move(set.hints);
    if (set.refusal != HintRefusal::None && refused_ != &service) {
      refused_ = &service;
      const auto ready = static_cast<std::size_t>(std::ranges::count_if(chosen.endpoints, &Endpoint::ready));
      no_hints(service, "metadata.annotations",
               "topology-mode Auto sets no hints: " + refusal_text(set.refusal, ready, set.zones),
               std::string(remedy(set.refusal)));
    } else if (service.hint_policy == HintPolicy::SameZone && cluster_.zones.empty() && !zoneless_told_) {
      zoneless_told_ = true;  // once: of all Services alike
      no_hints(service, "spec.trafficDistribution", "trafficDistribution sets no hints: no node has a zone",
               "cluster.nodes.zones, or the label topology.kubernetes.io/zone");
    }
  }

  void no_hints(const Service& service, std::string path, std::string message, std::string accepted) {
    Diagnostic diagnostic =
        Diagnostic::at(Severity::Notice, service.mark, std::move(path), std::move(message), std::move(accepted));
    diagnostic.object = object_label("Service", service.ns, service.name);
    diagnostics_.add(std::move(diagnostic));
  }

  /// @param pod  The first that is selected and has no such port.
  void missing_port(const Service& service, ServicePortIndex index, const Pod& pod) {
    const ServicePort& port = cluster_.service_ports[index];
    std::vector<std::string_view> names;
    for (const Container& container : cluster_.spec(pod).containers) {
      for (const ContainerPort& open : container.ports) {
        if (!open.name.empty() && open.protocol == port.protocol) names.push_back(open.name);
      }
    }
    Diagnostic diagnostic = Diagnostic::at(
        Severity::Notice, port.mark, fmt::format("spec.ports[{}].targetPort", index - service.first_port),
        fmt::format("targetPort '{}' names no {} port of a selected pod (the first is {}){}", port.target_name,
                    to_string(port.protocol), pod.name, suggest(port.target_name, names)),
        names.empty() ? "" : fmt::format("{}", fmt::join(names, ", ")));
    diagnostic.object = object_label("Service", service.ns, service.name);
    diagnostics_.add(std::move(diagnostic));
  }

  /// Names the first label that no pod of the namespace has, or says that no pod has all of them; or what makes pods
  /// that it would select and that are not there.
  std::string no_match(const Service& service) {
    if (++absent_asked_ <= kMostSuggestions) {
      const std::string hint = absent_hint(cluster_, [&](const AbsentPods& pods) {
        return pods.ns == service.ns && cluster_.label_sets.contains(pods.labels, service.selector);
      });
      if (!hint.empty()) return "selects no pod that runs" + hint;
    }
    for (const Label& label : service.selector) {
      const auto values = values_of(service.ns, label.key);
      if (std::ranges::find(values, label.value) != values.end()) continue;
      if (++suggestions_ > kMostSuggestions) break;
      return fmt::format("selects no pod: none in namespace '{}' has the label {}={}{}", service.ns, label.key,
                         label.value, suggest(label.value, values));
    }
    return fmt::format("selects no pod: none in namespace '{}' has all its labels", service.ns);
  }

  /// Distinct values of a label in a namespace, in the order of the pods.
  std::span<const std::string_view> values_of(std::string_view ns, std::string_view key) {
    const auto [entry, added] = values_.try_emplace({ns, key});
    if (added) {
      std::unordered_set<std::string_view> seen;
      for (const Pod& pod : cluster_.pods) {
        if (pod.ns != ns) continue;
        const auto value = cluster_.label_sets.value(pod.labels, key);
        if (value && seen.insert(*value).second) entry->second.push_back(*value);
      }
    }
    return entry->second;
  }

  const Manifests& manifests_;
  const Cluster& cluster_;
  bool terminating_serve_;
  bool all_ = false;
  Diagnostics& diagnostics_;
  ClusterNames names_;
  PodSelection selection_;
  EndpointTable table_;
  StatedHints stated_;
  std::unordered_map<std::string_view, ZoneIndex> zones_;
  std::optional<HintSetter> setter_;  ///< Made when a Service asks for hints.
  const Service* refused_ = nullptr;  ///< The last one that got none.
  bool zoneless_told_ = false;
  std::vector<Conditioned> conditioned_;
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::string_view>> values_;
  std::size_t absent_asked_ = 0;  ///< Looks at what is not there: each goes through all of it.
  std::size_t suggestions_ = 0;   ///< Near names looked for so far: each compares with every value of a label.
};

}  // namespace

BuiltEndpoints build_endpoints(const Manifests& manifests, const Cluster& cluster, bool terminating_serve,
                               Diagnostics& diagnostics) {
  return Builder(manifests, cluster, terminating_serve, diagnostics).build(false);
}

EndpointTable possible_endpoints(const Manifests& manifests, const Cluster& cluster) {
  Diagnostics told;  // by build_endpoints()
  return Builder(manifests, cluster, true, told).build(true).table;
}

}  // namespace knetsim
