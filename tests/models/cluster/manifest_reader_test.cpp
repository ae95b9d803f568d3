// Goal: manifests are understood as Kubernetes understands them: what a pod asks for, who owns it, what is made of a
// controller, which objects count.
// Method: small manifests with the result that the API's documents and defaults demand.

#include "models/cluster/manifest_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "load.h"

namespace knetsim {
namespace {

constexpr std::int64_t kMi = std::int64_t{1} << 20;

std::string pod(const std::string& spec) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: " + spec + "\n";
}

Resources requests_of(const std::string& spec) {
  const Loaded loaded = load_text(pod(spec));
  EXPECT_EQ(loaded.errors(), "");
  return loaded.cluster.pod_specs.at(0).requests;
}

TEST(PodSpec, RequestsAreCountedAsTheSchedulerCountsThem) {
  EXPECT_EQ(
      requests_of("{containers: [{name: a, resources: {requests: {cpu: 250m, memory: 64Mi}}}, {name: b, resources: "
                  "{requests: {cpu: 0.5, memory: 1e6}}}]}"),
      (Resources{750, 64 * kMi + 1000000}));
  // A limit without a request is the request.
  EXPECT_EQ(requests_of("{containers: [{name: a, resources: {limits: {cpu: 2, memory: 1Gi}, requests: {cpu: 1}}}]}"),
            (Resources{1000, 1024 * kMi}));
  // The largest init container counts where it asks for more than all that run together.
  EXPECT_EQ(
      requests_of("{initContainers: [{name: i, resources: {requests: {cpu: 3, memory: 1Mi}}}, {name: j, resources: "
                  "{requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 2, memory: 8Mi}}}]}"),
      (Resources{3000, 8 * kMi}));
  // A sidecar runs beside the containers, and beside the init containers after it.
  EXPECT_EQ(
      requests_of("{initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}, {name: j, "
                  "resources: {requests: {cpu: 2}}}], containers: [{name: a, resources: {requests: {cpu: 500m}}}]}"),
      (Resources{3000, 0}));
  EXPECT_EQ(
      requests_of("{overhead: {cpu: 50m, memory: 32Mi}, containers: [{name: a, resources: {requests: {cpu: 100m}}}]}"),
      (Resources{150, 32 * kMi}));
}

// SetDefaults_Pod gives the limit where a request is absent; a stated 0 is one. What is scored is a little for each
// container that states none (k/k pkg/scheduler/util/pod_resources.go), with those of
// init containers and overhead.
TEST(PodSpec, AStatedRequestOfZeroStays) {
  const auto scored = [](const std::string& spec) { return load_text(pod(spec)).cluster.pod_specs.at(0).scored; };
  const std::string zero = "{containers: [{name: a, resources: {requests: {cpu: 0, memory: '0'}, limits: {cpu: 2}}}]}";
  EXPECT_EQ(requests_of(zero), (Resources{0, 0}));
  EXPECT_EQ(scored(zero), (Resources{0, 0}));
  const std::string absent = "{containers: [{name: a}, {name: b, resources: {requests: {cpu: 50m}}}]}";
  EXPECT_EQ(requests_of(absent), (Resources{50, 0}));
  EXPECT_EQ(scored(absent), (Resources{150, 400 * kMi}));
  EXPECT_EQ(scored("{containers: [{name: a, resources: {limits: {cpu: 0}}}]}"), (Resources{0, 200 * kMi}));
  EXPECT_EQ(scored("{overhead: {cpu: 10m}, initContainers: [{name: i, resources: {requests: {cpu: 3}}}], containers: "
                   "[{name: a}]}"),
            (Resources{3010, 200 * kMi}));
  // Resources of the whole pod stand for those of its containers, also a 0.
  EXPECT_EQ(requests_of("{resources: {requests: {cpu: 0}}, containers: [{name: a, resources: {requests: {cpu: 1}}}]}"),
            (Resources{0, 0}));
  EXPECT_EQ(scored("{resources: {requests: {cpu: 1}}, containers: [{name: a}, {name: b, resources: {requests: {memory: "
                   "64Mi}}}]}"),
            (Resources{1000, 64 * kMi}));
}

TEST(PodSpec, AnUnlimitedContainerMakesThePodUnlimited) {
  const Loaded loaded =
      load_text(pod("{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b, resources: "
                    "{limits: {cpu: 500m}}}]}"));
  EXPECT_EQ(loaded.cluster.pod_specs[0].limits, (Resources{1500, 0}));
}

// k/k component-helpers/resource/helpers.go, PodLimits, and pkg/kubelet/cm/helpers_linux.go: every container counts,
// those that run before the others as well; a limit of the whole pod stands for all of them.
TEST(PodSpec, LimitsOfAPodAreThoseOfAllItsContainersOrItsOwn) {
  const auto cpu_limit = [](const std::string& spec) {
    return load_text(pod(spec)).cluster.pod_specs[0].limits.cpu_milli;
  };
  const std::string app = "containers: [{name: a, resources: {limits: {cpu: 1}}}]";
  EXPECT_EQ(cpu_limit("{initContainers: [{name: i}], " + app + "}"), 0);
  EXPECT_EQ(cpu_limit("{initContainers: [{name: i, resources: {limits: {cpu: 3}}}], " + app + "}"), 3000);
  EXPECT_EQ(
      cpu_limit("{initContainers: [{name: i, restartPolicy: Always, resources: {limits: {cpu: 3}}}], " + app + "}"),
      4000);
  EXPECT_EQ(cpu_limit("{initContainers: [{name: i, restartPolicy: Always}], " + app + "}"), 0);
  EXPECT_EQ(cpu_limit("{resources: {limits: {cpu: 2}}, containers: [{name: a}, {name: b}]}"), 2000);
  EXPECT_EQ(cpu_limit("{overhead: {cpu: 50m}, " + app + "}"), 1050);
}

TEST(PodSpec, ContainerPortsOfAHostNetworkPodAreHostPorts) {
  const Loaded loaded =
      load_text(pod("{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 53, "
                    "protocol: UDP}]}]}"));
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pod_specs[0].containers[0].ports[0].host_port, 80);
  EXPECT_EQ(loaded.cluster.pod_specs[0].containers[0].ports[1].host_port, 53);
}

constexpr const char* kDeployment = R"(---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}
)";
constexpr const char* kReplicaSet = R"(---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d8, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "1", controller: true}]}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, pod-template-hash: 5d8}}, spec: {containers: [{name: a}]}}
)";
constexpr const char* kOldReplicaSet = R"(---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-old, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "1", controller: true}]}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}
)";
constexpr const char* kPods = R"(---
apiVersion: v1
kind: Pod
metadata: {name: web-5d8-a, labels: {app: web, pod-template-hash: 5d8}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d8, uid: "2", controller: true}]}
spec: {containers: [{name: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d8-b, labels: {app: web, pod-template-hash: 5d8}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d8, uid: "2", controller: true}]}
spec: {containers: [{name: a}]}
)";

// Whatever part of the chain was read, each pod counts once and belongs to the Deployment "web".
TEST(Owners, AChainOfControllersIsExpandedOnce) {
  const std::map<char, std::string> parts{{'d', kDeployment}, {'r', kReplicaSet}, {'o', kOldReplicaSet}, {'p', kPods}};
  for (const auto& [order, pods] : std::vector<std::pair<std::string, std::size_t>>{{"d", 3},
                                                                                    {"dr", 3},
                                                                                    {"rd", 3},
                                                                                    {"dro", 3},
                                                                                    {"drop", 2},
                                                                                    {"pord", 2},
                                                                                    {"p", 2},
                                                                                    {"dp", 2},
                                                                                    {"rp", 2},
                                                                                    {"r", 3}}) {
    std::string text;
    for (const char part : order) text += parts.at(part);
    const Loaded loaded = load_text(text);
    ASSERT_EQ(loaded.errors(), "") << text;
    EXPECT_EQ(loaded.cluster.pods.size(), pods) << order;
    ASSERT_EQ(loaded.cluster.workloads.size(), 1U) << text;
    const Workload& workload = loaded.cluster.workloads[0];
    EXPECT_EQ(workload.pods.size(), pods);
    if (order == "r") {
      EXPECT_EQ(workload.name, "web-5d8") << "its Deployment was not read, and no pod label tells of it";
    } else {
      EXPECT_EQ(workload.kind, "Deployment") << order;
      EXPECT_EQ(workload.name, "web") << order;
    }
  }
}

TEST(Owners, PodsOnTheirOwnAndStaticPodsAreWorkloadsOfTheirOwn) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Pod
metadata: {name: client}
spec: {containers: [{name: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: etcd-n1, ownerReferences: [{apiVersion: v1, kind: Node, name: n1, uid: "1", controller: true}]}
spec: {containers: [{name: a}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: "1", controller: true}]}
spec: {containers: [{name: a}]}
)");
  ASSERT_EQ(loaded.errors(), "");
  ASSERT_EQ(loaded.cluster.workloads.size(), 3U);
  EXPECT_EQ(loaded.cluster.workloads[0].kind, "Pod");
  EXPECT_EQ(loaded.cluster.workloads[1].name, "etcd-n1");
  EXPECT_EQ(loaded.cluster.workloads[2].kind, "StatefulSet");
  EXPECT_EQ(loaded.cluster.workloads[2].name, "db");
}

// A ring of owners is no Kubernetes, but must not hang.
TEST(Owners, ARingOfOwnersEnds) {
  const auto replica_set = [](const std::string& name, const std::string& owner) {
    return "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: " + name +
           ", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: " + owner +
           ", uid: a, controller: true}]}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: "
           "b}}, spec: "
           "{containers: [{name: a}]}}}\n";
  };
  const Loaded loaded = load_text(replica_set("a", "b") + replica_set("b", "a") + R"(---
apiVersion: v1
kind: Pod
metadata: {name: p, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: a, uid: a, controller: true}]}
spec: {containers: [{name: a}]}
)");
  EXPECT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 1U);
}

TEST(Controllers, MakeTheirPods) {
  const Loaded loaded = load_text(R"(
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: store}
spec:
  replicas: 2
  serviceName: db
  ordinals: {start: 5}
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a}]}}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  template: {metadata: {labels: {app: old}}, spec: {containers: [{name: a}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one}
spec:
  selector: {matchExpressions: [{key: app, operator: In, values: [one, uno]}, {key: old, operator: DoesNotExist}]}
  template: {metadata: {labels: {app: one}}, spec: {containers: [{name: a}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: a}]}}
)");
  ASSERT_EQ(loaded.errors(), "");
  std::vector<std::string> names;
  for (const Pod& pod : loaded.cluster.pods) names.push_back(std::string(pod.ns) + "/" + std::string(pod.name));
  EXPECT_EQ(names,
            (std::vector<std::string>{"store/db-5", "store/db-6", "default/old-1", "default/old-2", "default/one-1"}));
  EXPECT_EQ(loaded.summary.pods_placed, 5U);
  EXPECT_EQ(loaded.cluster.workloads.size(), 4U) << "a workload scaled to zero is still one";
}

TEST(ManifestReader, ListsTypedListsJsonAndManyDocumentsAreTheSame) {
  const std::string service =
      R"({"metadata": {"name": "%"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})";
  const auto named = [&](const std::string& name, bool whole) {
    std::string text = service;
    text.replace(text.find('%'), 1, name);
    return whole ? "{\"apiVersion\": \"v1\", \"kind\": \"Service\"," + text.substr(1) : text;
  };
  Loaded loaded;
  loaded.inputs.add_text("list.json", R"({"apiVersion": "v1", "kind": "List", "items": [)" + named("a", true) + "," +
                                          named("b", true) + "]}");
  loaded.inputs.add_text("typed.json",
                         R"({"apiVersion": "v1", "kind": "ServiceList", "items": [)" + named("c", false) + "]}");
  loaded.inputs.add_text("docs.yaml",
                         "---\n# nothing\n---\n" + named("d", true) + "\n---\n" + named("e", true) + "\n...\n");
  load(loaded, six_nodes());
  ASSERT_EQ(loaded.errors(), "");
  ASSERT_EQ(loaded.cluster.services.size(), 5U);
  EXPECT_EQ(loaded.cluster.services[2].name, "c");
  EXPECT_EQ(loaded.summary.objects, 5U);
}

TEST(ManifestReader, CountsWhatIsNotUsed) {
  const Loaded loaded = load_text(R"(
{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: c2VjcmV0}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: a}}
---
{apiVersion: v1, kind: Pod, metadata: {name: done}, spec: {containers: [{name: a}]}, status: {phase: Failed}}
---
{apiVersion: v1, kind: Pod, metadata: {name: stuck}, spec: {containers: [{name: a, resources: {requests: {cpu: 900}}}]}, status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable}]}}
)");
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.summary.objects, 6U);
  const std::map<std::string, std::size_t> expected{{"Certificate", 1},
                                                    {"Pod that the cluster's scheduler could not place", 1},
                                                    {"Secret", 1},
                                                    {"ServiceAccount", 2},
                                                    {"finished Pod", 1}};
  EXPECT_EQ(loaded.summary.not_used, expected);
  EXPECT_EQ(loaded.notices(), "");
}

// Fields of the API that the simulation has no use for are no mistakes.
TEST(ManifestReader, EveryFieldThatKubernetesHasIsAccepted) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Pod
metadata:
  name: full
  generateName: full-
  uid: 5f1c
  resourceVersion: "12"
  generation: 1
  creationTimestamp: null
  finalizers: [a/b]
  managedFields: [{manager: kubectl}]
spec:
  volumes: [{name: v, emptyDir: {}}]
  ephemeralContainers: []
  restartPolicy: Always
  terminationGracePeriodSeconds: 30
  activeDeadlineSeconds: 100
  dnsPolicy: ClusterFirst
  serviceAccountName: default
  serviceAccount: default
  automountServiceAccountToken: false
  hostPID: false
  hostIPC: false
  hostUsers: true
  shareProcessNamespace: true
  imagePullSecrets: [{name: s}]
  hostname: h
  subdomain: s
  hostAliases: [{ip: 127.0.0.1, hostnames: [a]}]
  priorityClassName: high
  priority: 5
  dnsConfig: {options: [{name: ndots, value: "2"}]}
  readinessGates: [{conditionType: a/b}]
  runtimeClassName: gvisor
  enableServiceLinks: true
  preemptionPolicy: Never
  setHostnameAsFQDN: false
  os: {name: linux}
  schedulingGates: []
  resourceClaims: []
  containers:
  - name: a
    image: a:1
    command: [a]
    args: [b]
    workingDir: /
    envFrom: []
    env: [{name: A, value: "1"}]
    resizePolicy: []
    volumeMounts: [{name: v, mountPath: /v}]
    volumeDevices: []
    livenessProbe: {tcpSocket: {port: 80}}
    readinessProbe: {httpGet: {path: /, port: 80}}
    startupProbe: {grpc: {port: 80}}
    lifecycle: {preStop: {sleep: {seconds: 5}}}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
    imagePullPolicy: IfNotPresent
    securityContext: {privileged: true}
    stdin: false
    stdinOnce: false
    tty: false
---
apiVersion: v1
kind: Service
metadata: {name: full}
spec:
  type: LoadBalancer
  ipFamilies: [IPv4]
  ipFamilyPolicy: SingleStack
  allocateLoadBalancerNodePorts: true
  loadBalancerClass: a/b
  loadBalancerIP: 1.2.3.4
  healthCheckNodePort: 0
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  externalIPs: [1.2.3.5]
  selector: {app: full}
  ports: [{port: 80, appProtocol: http}]
status: {loadBalancer: {ingress: [{ip: 1.2.3.4, ipMode: VIP}, {hostname: a.example}]}}
)");
  ASSERT_EQ(loaded.errors(), "");
  const Service& service = loaded.cluster.services[0];
  EXPECT_EQ(service.affinity_timeout_s, 60);
  EXPECT_TRUE(service.client_ip_affinity && service.external_traffic_local && service.internal_traffic_local);
  EXPECT_EQ(to_string(service.external_ips.at(0)), "1.2.3.5");
  EXPECT_EQ(to_string(service.load_balancer_ips.at(0)), "1.2.3.4");
  EXPECT_EQ(loaded.notices().find("is no field"), std::string::npos) << loaded.notices();
}

TEST(Bind, NodesComeFromTheManifestsElseFromTheScenarioElseFromThePods) {
  const std::string on =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: w1, containers: [{name: a}]}\n";
  const std::string node =
      "---\napiVersion: v1\nkind: Node\nmetadata: {name: w1}\nstatus: {capacity: {cpu: 16, memory: 64Gi}, allocatable: "
      "{cpu: "
      "15500m, memory: 60Gi, pods: \"250\"}}\n";
  const Loaded stated = load_text(node + on);
  ASSERT_EQ(stated.cluster.nodes.size(), 1U);
  EXPECT_EQ(stated.cluster.nodes[0].capacity.cpu_milli, 16000);
  EXPECT_EQ(stated.cluster.nodes[0].allocatable.cpu_milli, 15500);
  EXPECT_EQ(stated.cluster.nodes[0].max_pods, 250U);
  EXPECT_EQ(stated.summary.nodes_made, 0U);
  EXPECT_EQ(stated.summary.pods_kept, 1U);

  const Loaded made = load_text(on);
  ASSERT_EQ(made.cluster.nodes.size(), 6U) << "w1 is one of the six";
  EXPECT_EQ(made.cluster.nodes[0].name, "w1");
  EXPECT_EQ(made.cluster.nodes[5].name, "node-4");

  const std::string pinned = deployment("web", 1);
  const Loaded of_template = load_text(pinned + "      nodeName: w1\n");
  ASSERT_EQ(of_template.cluster.nodes.size(), 6U);
  EXPECT_EQ(of_template.cluster.nodes[0].name, "w1");

  ClusterOptions none;
  EXPECT_EQ(load_text(on, none).cluster.nodes.size(), 1U);
  const Loaded lost =
      load_text("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}", none);
  EXPECT_NE(lost.errors().find("no nodes: the manifests hold no Node"), std::string::npos) << lost.errors();
}

// The API server has the number that YAML makes of it: 31.
TEST(ManifestReader, AHexadecimalMemoryIsDoubtedAndNotFatal) {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x, resources: {limits: "
      "{memory: 0x1F}}}]}\n");
  EXPECT_EQ(loaded.errors(), "");
  EXPECT_NE(loaded.notices().find("memory '31' is 31 bytes; is 31Mi meant?"), std::string::npos) << loaded.notices();
}

}  // namespace
}  // namespace knetsim
