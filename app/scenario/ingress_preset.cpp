#include "app/scenario/ingress_preset.h"

#include <fmt/format.h>

#include <string_view>

#include "models/l7/proxy_kinds.h"

namespace knetsim {
namespace {

constexpr std::string_view kClass = R"(apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: {class_name}
  annotations: {{ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {{controller: {controller}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: {class_name}}}
spec: {{controllerName: {gateway_controller}}}
---
)";

constexpr std::string_view kPods = R"(apiVersion: apps/v1
kind: {workload}
metadata: {{name: {name}, namespace: {ns}}}
spec:
{replicas}  selector: {{matchLabels: {{app.kubernetes.io/name: {label}}}}}
  template:
    metadata: {{labels: {{app.kubernetes.io/name: {label}}}}}
    spec:
{host_network}      containers:
        - name: controller
          image: {label}
          resources: {{requests: {{cpu: 100m, memory: 90Mi}}}}
          ports:
            - {{name: http, containerPort: 80}}
            - {{name: https, containerPort: 443}}
)";

constexpr std::string_view kService = R"(---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {ns}}}
spec:
  type: {type}
  selector: {{app.kubernetes.io/name: {label}}}
  ports:
    - {{name: http, port: 80, targetPort: http}}
    - {{name: https, port: 443, targetPort: https}}
)";

}  // namespace

std::string ingress_objects(const IngressSettings& settings) {
  using fmt::arg;
  const ProxyKind& kind = *proxy_kind_named(settings.kind);
  if (kind.outside) {
    return fmt::format(fmt::runtime(kClass), arg("class_name", kind.class_name),
                       arg("controller", kind.controllers.front()),
                       arg("gateway_controller", kind.gateway_controllers.front()));
  }
  const std::string label(kind.pod_names.front());
  const std::string name = label + "-controller";
  const bool on_hosts = settings.exposure == "hostNetwork";
  std::string objects =
      fmt::format(fmt::runtime(kClass), arg("class_name", kind.class_name), arg("controller", kind.controllers.front()),
                  arg("gateway_controller", kind.gateway_controllers.front()));
  objects += fmt::format(fmt::runtime(kPods), arg("workload", on_hosts ? "DaemonSet" : "Deployment"), arg("name", name),
                         arg("ns", label), arg("label", label),
                         arg("replicas", on_hosts ? std::string() : fmt::format("  replicas: {}\n", settings.replicas)),
                         arg("host_network", on_hosts ? "      hostNetwork: true\n" : ""));
  if (!on_hosts) {
    objects += fmt::format(fmt::runtime(kService), arg("name", name), arg("ns", label), arg("label", label),
                           arg("type", settings.exposure == "nodePort" ? "NodePort" : "LoadBalancer"));
  }
  return objects;
}

}  // namespace knetsim
