#include "models/cluster/unmodelled.h"

#include <array>

namespace knetsim {
namespace {

using enum Unmodelled;

constexpr std::array<UnmodelledRow, static_cast<std::size_t>(kCount)> kRows{{
    {ServiceMesh, "sidecar mesh",
     "injection annotations of Istio, Linkerd, Consul or Kuma, their proxy containers, "
     "VirtualService and the like",
     "its proxies are not simulated, requests go straight from container to container"},
    {MultipleNetworks, "several networks of a pod", "annotation k8s.v1.cni.cncf.io/networks",
     "a pod has one interface, that of the cluster's network"},
    {BandwidthLimit, "bandwidth limits of a pod", "annotations kubernetes.io/ingress-bandwidth and egress-bandwidth",
     "the limits are not applied"},
    {Sctp, "SCTP", "protocol: SCTP", "the port exists and has endpoints, but no traffic can be sent to it"},
    {Windows, "Windows nodes", "label kubernetes.io/os=windows, os.name: windows", "every node is simulated as Linux"},
    {Policies, "network policies", "NetworkPolicy",
     "the pod network enforces none (cluster.cni.policy): every pod reaches every pod, and their rules cost nothing"},
    {OtherPolicies, "policies beside NetworkPolicy",
     "the policies of Calico and Cilium, AdminNetworkPolicy and the like", "nobody enforces them"},
    {Ingress, "Ingress and Gateway", "Ingress, Gateway, HTTPRoute and the like",
     "the routes are not served, send the traffic to the Services behind them"},
    {LoadBalancer, "load balancers", "type: LoadBalancer",
     "what is asked by 'loadBalancer' goes through one, or takes the node's short cut; else a Service of this type is "
     "served as ClusterIP and NodePort"},
    {SourceRanges, "source ranges of a load balancer", "loadBalancerSourceRanges",
     "what is asked by 'loadBalancer' is dropped where its source is in none; else nobody looks at them"},
    {TopologyKeys, "topology keys", "topologyKeys of a Service (Kubernetes 1.17 to 1.21)",
     "endpoints are chosen without regard to them"},
    {KernelSettings, "kernel settings of a pod", "securityContext.sysctls", "sockets use the kernel's defaults"},
    {PodAffinity, "pod affinity", "affinity.podAffinity and podAntiAffinity",
     "not considered when pods without nodeName are placed"},
    {Preferences, "preferences of placement",
     "nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution, taints PreferNoSchedule",
     "not scored when pods without nodeName are placed"},
    {SpreadConstraints, "topology spread constraints", "topologySpreadConstraints",
     "pods without nodeName are spread by the scheduler's defaults instead"},
    {ExtendedResources, "extended resources", "requests other than cpu, memory and ephemeral-storage",
     "not considered when pods without nodeName are placed"},
    {OtherScheduler, "other schedulers", "schedulerName",
     "pods without nodeName are placed as by the default scheduler"},
    {FqdnEndpoints, "endpoints by name", "an EndpointSlice with addressType: FQDN", "such a slice is left out"},
    {Autoscaler, "autoscalers", "HorizontalPodAutoscaler, VerticalPodAutoscaler, ScaledObject",
     "the number and size of pods stay as the manifests state them"},
    {Ipv6, "IPv6 Services", "a Service whose first address or ipFamilies is IPv6",
     "simulated traffic is IPv4: a Service of both families is served on its IPv4 address, one of IPv6 alone is not"},
}};

/// A kind of an API group; "*.GROUP" is that group and those below it.
struct KindRow {
  std::string_view group;
  std::string_view kind;
  Unmodelled feature;
};
constexpr std::array kKinds{
    KindRow{"*.istio.io", "VirtualService", ServiceMesh},
    KindRow{"*.istio.io", "DestinationRule", ServiceMesh},
    KindRow{"*.istio.io", "Sidecar", ServiceMesh},
    KindRow{"*.istio.io", "ServiceEntry", ServiceMesh},
    KindRow{"*.istio.io", "PeerAuthentication", ServiceMesh},
    KindRow{"*.istio.io", "Gateway", Ingress},
    KindRow{"linkerd.io", "ServiceProfile", ServiceMesh},
    KindRow{"k8s.cni.cncf.io", "NetworkAttachmentDefinition", MultipleNetworks},
    KindRow{"networking.k8s.io", "NetworkPolicy", Policies},
    KindRow{"extensions", "NetworkPolicy", Policies},
    KindRow{"*.projectcalico.org", "NetworkPolicy", OtherPolicies},
    KindRow{"*.projectcalico.org", "GlobalNetworkPolicy", OtherPolicies},
    KindRow{"policy.networking.k8s.io", "AdminNetworkPolicy", OtherPolicies},
    KindRow{"policy.networking.k8s.io", "BaselineAdminNetworkPolicy", OtherPolicies},
    KindRow{"policy.networking.k8s.io", "ClusterNetworkPolicy", OtherPolicies},
    KindRow{"cilium.io", "CiliumNetworkPolicy", OtherPolicies},
    KindRow{"cilium.io", "CiliumClusterwideNetworkPolicy", OtherPolicies},
    KindRow{"*.projectcalico.org", "StagedNetworkPolicy", OtherPolicies},
    KindRow{"*.projectcalico.org", "StagedGlobalNetworkPolicy", OtherPolicies},
    KindRow{"networking.k8s.io", "Ingress", Ingress},
    KindRow{"extensions", "Ingress", Ingress},
    KindRow{"gateway.networking.k8s.io", "Gateway", Ingress},
    KindRow{"gateway.networking.k8s.io", "HTTPRoute", Ingress},
    KindRow{"gateway.networking.k8s.io", "GRPCRoute", Ingress},
    KindRow{"gateway.networking.k8s.io", "TCPRoute", Ingress},
    KindRow{"gateway.networking.k8s.io", "TLSRoute", Ingress},
    KindRow{"gateway.networking.k8s.io", "UDPRoute", Ingress},
    KindRow{"traefik.io", "IngressRoute", Ingress},
    KindRow{"traefik.containo.us", "IngressRoute", Ingress},
    KindRow{"autoscaling", "HorizontalPodAutoscaler", Autoscaler},
    KindRow{"autoscaling.k8s.io", "VerticalPodAutoscaler", Autoscaler},
    KindRow{"keda.sh", "ScaledObject", Autoscaler},
};

/// "*.istio.io" takes networking.istio.io and istio.io.
bool takes(std::string_view pattern, std::string_view group) {
  if (!pattern.starts_with("*.")) return pattern == group;
  return group == pattern.substr(2) || group.ends_with(pattern.substr(1));
}

struct AnnotationRow {
  std::string_view key;
  std::string_view value;  ///< "": any.
  Unmodelled feature;
};
constexpr std::array kAnnotations{
    AnnotationRow{"sidecar.istio.io/inject", "true", ServiceMesh},
    AnnotationRow{"sidecar.istio.io/status", "", ServiceMesh},
    AnnotationRow{"istio-injection", "enabled", ServiceMesh},
    AnnotationRow{"istio.io/rev", "", ServiceMesh},
    AnnotationRow{"linkerd.io/inject", "enabled", ServiceMesh},
    AnnotationRow{"linkerd.io/inject", "ingress", ServiceMesh},
    AnnotationRow{"consul.hashicorp.com/connect-inject", "true", ServiceMesh},
    AnnotationRow{"kuma.io/sidecar-injection", "enabled", ServiceMesh},
    AnnotationRow{"k8s.v1.cni.cncf.io/networks", "", MultipleNetworks},
    AnnotationRow{"kubernetes.io/ingress-bandwidth", "", BandwidthLimit},
    AnnotationRow{"kubernetes.io/egress-bandwidth", "", BandwidthLimit},
    AnnotationRow{"kubernetes.io/os", "windows", Windows},
};

}  // namespace

std::span<const UnmodelledRow> unmodelled_rows() { return kRows; }

const UnmodelledRow& unmodelled_row(Unmodelled feature) { return kRows[static_cast<std::size_t>(feature)]; }

Unmodelled unmodelled_kind(std::string_view group, std::string_view kind) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind && takes(row.group, group)) return row.feature;
  }
  return kCount;
}

Unmodelled unmodelled_annotation(std::string_view key, std::string_view value) {
  for (const AnnotationRow& row : kAnnotations) {
    if (row.key == key && (row.value.empty() || row.value == value)) return row.feature;
  }
  return kCount;
}

}  // namespace knetsim
