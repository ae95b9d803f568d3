#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"
#include "sim/input/diagnostics.h"

namespace knetsim {

/// The object that metadata.ownerReferences names with `controller: true`; an empty kind when there is none.
struct OwnerReference {
  std::string_view kind{};
  std::string_view name{};
};

/// A Deployment, ReplicaSet, ReplicationController, StatefulSet or DaemonSet as it was read.
struct Controller {
  std::string_view kind{};
  std::string_view ns{};
  std::string_view name{};
  OwnerReference owner{};
  std::uint32_t replicas = 1;
  std::uint32_t first_ordinal = 0;  ///< StatefulSet: spec.ordinals.start
  PodSpecIndex spec = kNoIndex;
  LabelSetId pod_labels = 0;
  bool pods_ready = true;
  std::string_view node{};  ///< The template's spec.nodeName, or "".
  Mark node_mark{};
  Mark mark{};
  RolloutStrategy strategy{};
};

/// An address of an EndpointSlice or of an Endpoints subset.
struct SliceEndpoint {
  IpAddress address{};
  bool made_up = false;    ///< Masked in the dump: its pod's address stands for it, once that has one.
  std::string_view pod{};  ///< targetRef of kind Pod, in the slice's namespace; "" when it names none.
  std::string_view node{};
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::uint32_t first_hint = 0;  ///< In SliceTables::hints: names of zones, and behind them of nodes.
  std::uint16_t zone_hints = 0;
  std::uint16_t node_hints = 0;
};

struct SlicePort {
  std::string_view name{};  ///< The Service port's name.
  Protocol protocol = Protocol::Tcp;
  std::uint16_t port = 0;  ///< The endpoints' port.
};

/// An EndpointSlice, or one subset of an Endpoints object: every port is open on every address.
struct Slice {
  std::string_view ns{};
  std::string_view service{};
  IpFamily family = IpFamily::V4;
  std::uint32_t first_endpoint = 0;
  std::uint32_t endpoint_count = 0;
  std::uint32_t first_port = 0;
  std::uint32_t port_count = 0;
  bool managed = false;  ///< By the EndpointSlice controller, which sets hints as the Service says.
  Mark mark{};
};

struct SliceTables {
  std::vector<Slice> slices{};
  std::vector<SliceEndpoint> endpoints{};
  std::vector<SlicePort> ports{};
  std::vector<std::string_view> hints{};

  std::span<const SliceEndpoint> endpoints_of(const Slice& slice) const {
    return std::span(endpoints).subspan(slice.first_endpoint, slice.endpoint_count);
  }
  std::span<const SlicePort> ports_of(const Slice& slice) const {
    return std::span(ports).subspan(slice.first_port, slice.port_count);
  }
  std::span<const std::string_view> zones_of(const SliceEndpoint& endpoint) const {
    return std::span(hints).subspan(endpoint.first_hint, endpoint.zone_hints);
  }
  std::span<const std::string_view> nodes_of(const SliceEndpoint& endpoint) const {
    return std::span(hints).subspan(endpoint.first_hint + endpoint.zone_hints, endpoint.node_hints);
  }
};

/// What kube-proxy's ConfigMap says, if it is among the manifests.
struct KubeProxyConfig {
  std::string mode;  ///< "iptables" where it is left to kube-proxy.
  Diagnostic place;  ///< A notice without a message.
};

/// What the manifests say, before it is bound together: pods without nodes, controllers not yet expanded.
struct Manifests {
  std::uint32_t kubernetes_minor = 36;  ///< Of the cluster's version 1.MINOR.
  Cluster cluster;
  std::vector<OwnerReference> pod_owners{};   ///< By pod.
  std::vector<std::string_view> pod_nodes{};  ///< By pod: spec.nodeName, or "".
  std::vector<Mark> pod_marks{};              ///< By pod.
  std::vector<Controller> controllers{};
  SliceTables endpoint_slices;
  SliceTables legacy_endpoints;  ///< Endpoints objects; used for a Service that has no slice.
  std::optional<KubeProxyConfig> kube_proxy;
  std::size_t objects = 0;                      ///< Everything read, used or not.
  std::map<std::string, std::size_t> not_used;  ///< By kind.
};

}  // namespace knetsim
