#pragma once

#include <fmt/format.h>
#include <fmt/os.h>

#include <cstdint>
#include <string>

namespace knetsim {

/// A cluster of any size for tests and benchmarks: every Service has a Deployment of its own whose pods are spread over
/// the nodes in turn.
struct SnapshotSize {
  std::uint32_t nodes = 5000;
  std::uint32_t services = 10000;
  std::uint32_t pods = 150000;  ///< A multiple of `services`.
  std::uint32_t namespaces = 100;

  std::uint32_t replicas() const { return pods / services; }
};

/// Writes it twice: as `kubectl get nodes,pods,services,endpointslices -A -o json` prints it, about 3 KB a Pod, and as
/// the Deployments and Services in YAML that would have led to it.
class ClusterSnapshot {
 public:
  explicit ClusterSnapshot(SnapshotSize size) : size_(size) {}

  void write_json(const std::string& path) const {
    fmt::ostream out = fmt::output_file(path);
    out.print("{{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
    bool first = true;
    const auto separate = [&] {
      out.print("{}", first ? "\n" : ",\n");
      first = false;
    };
    for (std::uint32_t i = 0; i < size_.nodes; ++i) {
      separate();
      write_node(out, i);
    }
    for (std::uint32_t i = 0; i < size_.pods; ++i) {
      separate();
      write_pod(out, i);
    }
    for (std::uint32_t i = 0; i < size_.services; ++i) {
      separate();
      write_service(out, i);
    }
    for (std::uint32_t i = 0; i < size_.services; ++i) {
      separate();
      write_slice(out, i);
    }
    out.print(
        "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {{\n        \"resourceVersion\": \"\"\n    }}\n}}\n");
  }

  void write_yaml(const std::string& path) const {
    fmt::ostream out = fmt::output_file(path);
    for (std::uint32_t s = 0; s < size_.services; ++s) {
      out.print(R"(---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {0}
  namespace: {1}
  labels:
    app: {0}
spec:
  replicas: {2}
  selector:
    matchLabels:
      app: {0}
  template:
    metadata:
      labels:
        app: {0}
        tier: backend
    spec:
      containers:
        - name: server
          image: registry.example/team/{0}:1.27.3
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              cpu: 500m
              memory: 256Mi
---
apiVersion: v1
kind: Service
metadata:
  name: {0}
  namespace: {1}
spec:
  selector:
    app: {0}
  ports:
    - name: http
      port: 80
      targetPort: http
)",
                service_name(s), ns(s), size_.replicas());
    }
  }

  std::string service_name(std::uint32_t service) const { return fmt::format("service-{:05}", service); }
  std::string ns(std::uint32_t service) const { return fmt::format("team-{:03}", service % size_.namespaces); }
  std::string node_name(std::uint32_t node) const { return fmt::format("worker-{:04}", node); }
  std::string node_ip(std::uint32_t node) const {
    return fmt::format("172.16.{}.{}", (node + 10) / 256, (node + 10) % 256);
  }
  /// Pods are dealt to the nodes in turn; 10.128.0.0/9 in blocks of 256.
  std::uint32_t node_of(std::uint32_t pod) const { return pod % size_.nodes; }
  std::string pod_ip(std::uint32_t pod) const {
    const std::uint32_t node = node_of(pod);
    return fmt::format("10.{}.{}.{}", 128 + node / 256, node % 256, 2 + pod / size_.nodes);
  }
  std::string pod_name(std::uint32_t pod) const {
    return fmt::format("{}-{}-{:05x}", service_name(pod / size_.replicas()), hash(pod / size_.replicas()), pod);
  }
  std::string cluster_ip(std::uint32_t service) const {
    return fmt::format("10.{}.{}.{}", 97 + service / 65536, service / 256 % 256, service % 256);
  }

 private:
  static std::string hash(std::uint32_t service) { return fmt::format("{:010x}", service * 2654435761u); }
  static std::string uid(char kind, std::uint32_t index) {
    return fmt::format("{:08x}-5f1{}-4c3d-9e2b-{:012x}", index * 2654435761u, kind, index);
  }

  void write_node(fmt::ostream& out, std::uint32_t i) const {
    out.print(R"(        {{
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {{
                "creationTimestamp": "2025-03-01T08:00:00Z",
                "labels": {{
                    "beta.kubernetes.io/arch": "amd64",
                    "beta.kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "kubernetes.io/hostname": "{0}",
                    "kubernetes.io/os": "linux",
                    "topology.kubernetes.io/zone": "zone-{1}"
                }},
                "name": "{0}",
                "resourceVersion": "{2}",
                "uid": "{3}"
            }},
            "spec": {{
                "podCIDR": "10.{4}.{5}.0/24",
                "podCIDRs": [
                    "10.{4}.{5}.0/24"
                ]
            }},
            "status": {{
                "addresses": [
                    {{
                        "address": "{6}",
                        "type": "InternalIP"
                    }},
                    {{
                        "address": "{0}",
                        "type": "Hostname"
                    }}
                ],
                "allocatable": {{
                    "cpu": "15890m",
                    "ephemeral-storage": "95551679124",
                    "hugepages-2Mi": "0",
                    "memory": "64272784Ki",
                    "pods": "110"
                }},
                "capacity": {{
                    "cpu": "16",
                    "ephemeral-storage": "103880232Ki",
                    "hugepages-2Mi": "0",
                    "memory": "65372560Ki",
                    "pods": "110"
                }},
                "conditions": [
                    {{
                        "lastHeartbeatTime": "2025-03-01T09:00:00Z",
                        "lastTransitionTime": "2025-03-01T08:00:30Z",
                        "message": "kubelet is posting ready status",
                        "reason": "KubeletReady",
                        "status": "True",
                        "type": "Ready"
                    }}
                ],
                "nodeInfo": {{
                    "architecture": "amd64",
                    "containerRuntimeVersion": "containerd://2.0.2",
                    "kernelVersion": "6.12.9",
                    "kubeletVersion": "v1.34.1",
                    "operatingSystem": "linux"
                }}
            }}
        }})",
              node_name(i), i % 3, 1000 + i, uid('a', i), 128 + i / 256, i % 256, node_ip(i));
  }

  void write_pod(fmt::ostream& out, std::uint32_t i) const {
    const std::uint32_t service = i / size_.replicas();
    out.print(R"(        {{
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {{
                "creationTimestamp": "2025-03-01T08:10:00Z",
                "generateName": "{0}-{1}-",
                "labels": {{
                    "app": "{0}",
                    "pod-template-hash": "{1}",
                    "tier": "backend"
                }},
                "name": "{2}",
                "namespace": "{3}",
                "ownerReferences": [
                    {{
                        "apiVersion": "apps/v1",
                        "blockOwnerDeletion": true,
                        "controller": true,
                        "kind": "ReplicaSet",
                        "name": "{0}-{1}",
                        "uid": "{4}"
                    }}
                ],
                "resourceVersion": "{5}",
                "uid": "{6}"
            }},
            "spec": {{
                "containers": [
                    {{
                        "image": "registry.example/team/{0}:1.27.3",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "server",
                        "ports": [
                            {{
                                "containerPort": 8080,
                                "name": "http",
                                "protocol": "TCP"
                            }}
                        ],
                        "resources": {{
                            "limits": {{
                                "cpu": "500m",
                                "memory": "256Mi"
                            }},
                            "requests": {{
                                "cpu": "100m",
                                "memory": "128Mi"
                            }}
                        }},
                        "terminationMessagePath": "/dev/termination-log"
                    }}
                ],
                "dnsPolicy": "ClusterFirst",
                "nodeName": "{7}",
                "restartPolicy": "Always",
                "schedulerName": "default-scheduler",
                "securityContext": {{}},
                "serviceAccountName": "default",
                "terminationGracePeriodSeconds": 30,
                "tolerations": [
                    {{
                        "effect": "NoExecute",
                        "key": "node.kubernetes.io/not-ready",
                        "operator": "Exists",
                        "tolerationSeconds": 300
                    }}
                ]
            }},
            "status": {{
                "conditions": [
                    {{
                        "lastProbeTime": null,
                        "lastTransitionTime": "2025-03-01T08:10:04Z",
                        "status": "True",
                        "type": "Ready"
                    }},
                    {{
                        "lastProbeTime": null,
                        "lastTransitionTime": "2025-03-01T08:10:00Z",
                        "status": "True",
                        "type": "PodScheduled"
                    }}
                ],
                "hostIP": "{8}",
                "phase": "Running",
                "podIP": "{9}",
                "podIPs": [
                    {{
                        "ip": "{9}"
                    }}
                ],
                "qosClass": "Burstable",
                "startTime": "2025-03-01T08:10:00Z"
            }}
        }})",
              service_name(service), hash(service), pod_name(i), ns(service), uid('b', service), 100000 + i,
              uid('c', i), node_name(node_of(i)), node_ip(node_of(i)), pod_ip(i));
  }

  void write_service(fmt::ostream& out, std::uint32_t i) const {
    out.print(R"(        {{
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {{
                "creationTimestamp": "2025-03-01T08:05:00Z",
                "name": "{0}",
                "namespace": "{1}",
                "resourceVersion": "{2}",
                "uid": "{3}"
            }},
            "spec": {{
                "clusterIP": "{4}",
                "clusterIPs": [
                    "{4}"
                ],
                "internalTrafficPolicy": "Cluster",
                "ipFamilies": [
                    "IPv4"
                ],
                "ipFamilyPolicy": "SingleStack",
                "ports": [
                    {{
                        "name": "http",
                        "port": 80,
                        "protocol": "TCP",
                        "targetPort": "http"
                    }}
                ],
                "selector": {{
                    "app": "{0}"
                }},
                "sessionAffinity": "None",
                "type": "ClusterIP"
            }},
            "status": {{
                "loadBalancer": {{}}
            }}
        }})",
              service_name(i), ns(i), 50000 + i, uid('d', i), cluster_ip(i));
  }

  void write_slice(fmt::ostream& out, std::uint32_t i) const {
    out.print(R"(        {{
            "addressType": "IPv4",
            "apiVersion": "discovery.k8s.io/v1",
            "endpoints": [)");
    for (std::uint32_t k = 0; k < size_.replicas(); ++k) {
      const std::uint32_t pod = i * size_.replicas() + k;
      out.print(R"({0}
                {{
                    "addresses": [
                        "{1}"
                    ],
                    "conditions": {{
                        "ready": true,
                        "serving": true,
                        "terminating": false
                    }},
                    "nodeName": "{2}",
                    "targetRef": {{
                        "kind": "Pod",
                        "name": "{3}",
                        "namespace": "{4}",
                        "uid": "{5}"
                    }},
                    "zone": "zone-{6}"
                }})",
                k == 0 ? "" : ",", pod_ip(pod), node_name(node_of(pod)), pod_name(pod), ns(i), uid('c', pod),
                node_of(pod) % 3);
    }
    out.print(R"(
            ],
            "kind": "EndpointSlice",
            "metadata": {{
                "creationTimestamp": "2025-03-01T08:05:01Z",
                "generateName": "{0}-",
                "labels": {{
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    "kubernetes.io/service-name": "{0}"
                }},
                "name": "{0}-x7k2p",
                "namespace": "{1}",
                "ownerReferences": [
                    {{
                        "apiVersion": "v1",
                        "blockOwnerDeletion": true,
                        "controller": true,
                        "kind": "Service",
                        "name": "{0}",
                        "uid": "{2}"
                    }}
                ],
                "resourceVersion": "{3}",
                "uid": "{4}"
            }},
            "ports": [
                {{
                    "name": "http",
                    "port": 8080,
                    "protocol": "TCP"
                }}
            ]
        }})",
              service_name(i), ns(i), uid('d', i), 60000 + i, uid('e', i));
  }

  SnapshotSize size_;
};

}  // namespace knetsim
