#include "app/scenario/dns_objects.h"

#include <fmt/format.h>

#include "models/cluster/object_name.h"

namespace knetsim {
namespace {

std::string core_dns(std::uint32_t replicas) {
  return fmt::format(R"(apiVersion: apps/v1
kind: Deployment
metadata: {{name: coredns, namespace: kube-system, labels: {{k8s-app: kube-dns}}}}
spec:
  replicas: {}
  selector: {{matchLabels: {{k8s-app: kube-dns}}}}
  template:
    metadata: {{labels: {{k8s-app: kube-dns}}}}
    spec:
      dnsPolicy: Default
      tolerations:
      - {{key: CriticalAddonsOnly, operator: Exists}}
      - {{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}}
      containers:
      - name: coredns
        resources: {{requests: {{cpu: 100m, memory: 70Mi}}, limits: {{memory: 170Mi}}}}
        ports:
        - {{name: dns, containerPort: 53, protocol: UDP}}
        - {{name: dns-tcp, containerPort: 53, protocol: TCP}}
        - {{name: metrics, containerPort: 9153, protocol: TCP}}
---
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system, labels: {{k8s-app: kube-dns}}}}
spec:
  selector: {{k8s-app: kube-dns}}
  ports:
  - {{name: dns, port: 53, protocol: UDP, targetPort: 53}}
  - {{name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}}
  - {{name: metrics, port: 9153, protocol: TCP, targetPort: 9153}}
)",
                     replicas);
}

constexpr const char* kNodeCaches = R"(apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system, labels: {k8s-app: node-local-dns}}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      dnsPolicy: Default
      tolerations:
      - {key: CriticalAddonsOnly, operator: Exists}
      - {effect: NoExecute, operator: Exists}
      - {effect: NoSchedule, operator: Exists}
      containers:
      - name: node-cache
        resources: {requests: {cpu: 25m, memory: 5Mi}}
        ports:
        - {name: dns, containerPort: 53, protocol: UDP}
        - {name: dns-tcp, containerPort: 53, protocol: TCP}
        - {name: metrics, containerPort: 9253, protocol: TCP}
)";

constexpr const char* kUpstreamService = R"(apiVersion: v1
kind: Service
metadata: {name: kube-dns-upstream, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  selector: {k8s-app: kube-dns}
  ports:
  - {name: dns, port: 53, protocol: UDP, targetPort: 53}
  - {name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}
)";

}  // namespace

std::vector<std::string> made_dns_objects(const ClusterDnsKeys& keys) {
  std::vector<std::string> texts;
  if (keys.replicas) texts.push_back(core_dns(*keys.replicas));
  if (keys.node_local) texts.emplace_back(kNodeCaches);
  const ObjectName service = split_name(keys.service, "kube-system");
  if (keys.node_local && service.ns == "kube-system" && service.name == "kube-dns")
    texts.emplace_back(kUpstreamService);
  return texts;
}

}  // namespace knetsim
