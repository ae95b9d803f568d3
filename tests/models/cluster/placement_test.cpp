// Goal: pods go where the default scheduler would put them.
// Method: scores worked out by hand from the plugins' formulas, filters one by one, and properties over random
// clusters: no node is given more than it has, and a pod is refused only if it fits nowhere.

#include "models/cluster/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "draw.h"
#include "load.h"

namespace knetsim {
namespace {

constexpr std::int64_t kGi = std::int64_t{1} << 30;

ClusterNode node_of(std::int64_t cpu_milli, std::int64_t memory_bytes, std::uint32_t max_pods = 110) {
  ClusterNode node;
  node.capacity = node.allocatable = {cpu_milli, memory_bytes};
  node.max_pods = max_pods;
  return node;
}

PodSpec spec_of(std::int64_t cpu_milli, std::int64_t memory_bytes) {
  PodSpec spec;
  spec.containers.emplace_back();
  spec.containers[0].requests = spec.requests = {cpu_milli, memory_bytes};
  spec.scored = {cpu_milli == 0 ? 100 : cpu_milli, memory_bytes == 0 ? 200 * (kGi / 1024) : memory_bytes};
  return spec;
}

// numFeasibleNodesToFind in k/k: all below 100; 50 - n/125 percent, at least 5 percent and 100 nodes.
TEST(Placement, LooksAtAsManyNodesAsTheSchedulerDoes) {
  EXPECT_EQ(feasible_nodes_to_find(6), 6U);
  EXPECT_EQ(feasible_nodes_to_find(99), 99U);
  EXPECT_EQ(feasible_nodes_to_find(100), 100U);
  EXPECT_EQ(feasible_nodes_to_find(1000), 420U);
  EXPECT_EQ(feasible_nodes_to_find(5000), 500U);
  EXPECT_EQ(feasible_nodes_to_find(6000), 300U);
  EXPECT_EQ(feasible_nodes_to_find(20000), 1000U);
}

TEST(Placement, ReplicasGoToDifferentNodesBeforeAnyNodeGetsASecond) {
  const Loaded loaded = load_text(deployment("web", 14));
  ASSERT_EQ(loaded.errors(), "");
  std::map<NodeIndex, int> by_node;
  for (const Pod& pod : loaded.cluster.pods) ++by_node[pod.node];
  ASSERT_EQ(by_node.size(), 6U);
  for (const auto& [node, pods] : by_node) EXPECT_TRUE(pods == 2 || pods == 3) << "node " << node;
}

// LeastAllocated: ((4000-1000)*100/4000 + (8-2)*100/8)/2 = 75 on the small node and ((8000-1000)*100/8000 + 75)/2 = 81
// on the large; balanced: 100 - |1/4-1/4|/2 = 100 against 100*(1 - |1/8-1/4|/2) = 93. The sums are 175 and 174: the
// small one wins.
TEST(Placement, AddsLeastAllocatedAndBalancedAllocationAsTheDefaultProfileDoes) {
  Cluster cluster;
  cluster.nodes = {node_of(8000, 8 * kGi), node_of(4000, 8 * kGi)};
  cluster.pod_specs = {spec_of(1000, 2 * kGi)};
  EXPECT_EQ(Placement(cluster).place(0, kNoIndex, 0), 1U);
  // With 500 Mi the large node wins: (87+93)/2 = 90 + 96 = 186 against (75+93)/2 = 84 + 90 = 174.
  cluster.pod_specs = {spec_of(1000, kGi / 2)};
  EXPECT_EQ(Placement(cluster).place(0, kNoIndex, 0), 0U);
}

// A pod without requests is scored as if it asked for 100m and 200Mi (1 % of these nodes each, so that no rounding
// hides a step), and takes room for one more pod, not CPU.
TEST(Placement, PodsWithoutRequestsSpreadToo) {
  Cluster cluster;
  cluster.nodes.assign(3, node_of(10000, 20000 * (kGi / 1024)));
  cluster.pod_specs = {spec_of(0, 0)};
  Placement placement(cluster);
  std::map<NodeIndex, int> by_node;
  for (int i = 0; i < 30; ++i) ++by_node[placement.place(0, kNoIndex, 0)];
  for (NodeIndex node = 0; node < 3; ++node) EXPECT_EQ(by_node[node], 10);
}

TEST(Placement, ZonesShareTheReplicas) {
  std::string text;
  for (int i = 0; i < 6; ++i) {
    // Four nodes in zone a, two in zone b.
    text += "---\napiVersion: v1\nkind: Node\nmetadata: {name: n" + std::to_string(i) +
            ", labels: {topology.kubernetes.io/zone: " + (i < 4 ? "a" : "b") +
            "}}\nstatus: {allocatable: {cpu: 8, memory: 32Gi, pods: 110}}\n";
  }
  const Loaded loaded = load_text(text + deployment("web", 4));
  ASSERT_EQ(loaded.errors(), "");
  std::map<std::string_view, int> by_zone;
  for (const Pod& pod : loaded.cluster.pods) ++by_zone[loaded.cluster.nodes[pod.node].zone];
  EXPECT_EQ(by_zone["a"], 2);
  EXPECT_EQ(by_zone["b"], 2);
}

TEST(Placement, HostPortsAndTheNumberOfPodsAreLimits) {
  Cluster cluster;
  cluster.nodes = {node_of(8000, 8 * kGi, 2), node_of(8000, 8 * kGi, 1)};
  PodSpec port = spec_of(0, 0);
  port.containers[0].ports.push_back({.name = "", .port = 80, .host_port = 80});
  PodSpec other_address = port;
  port.containers[0].ports[0].host_ip = IpAddress::v4(0x0a000001);
  other_address.containers[0].ports[0].host_ip = IpAddress::v4(0x0a000002);
  cluster.pod_specs = {port, other_address};
  Placement placement(cluster);
  EXPECT_NE(placement.place(0, kNoIndex, 0), placement.place(0, kNoIndex, 0)) << "one port 80 on each node";
  EXPECT_EQ(placement.place(0, kNoIndex, 0), kNoIndex);
  EXPECT_EQ(placement.place(1, kNoIndex, 0), 0U) << "another address of the node is no conflict, and node 1 is full";
  EXPECT_EQ(placement.place(1, kNoIndex, 0), kNoIndex);
  EXPECT_EQ(placement.why_not(1),
            "of 2 nodes: 2 hold as many pods as they may, 1 have host port 80/TCP taken by another pod");
}

// selectHost (k/k pkg/scheduler/schedule_one.go) takes each of n equal nodes with probability 1/n: over 6,000 pods that
// see ten empty nodes, the counts of the nodes have a chi-square of 9 degrees of freedom, whose 0.1 % point is 27.9.
TEST(Placement, DrawsAmongNodesOfEqualScoreWithEqualChances) {
  Cluster cluster;
  cluster.nodes.assign(10, node_of(64000, 256 * kGi));
  cluster.pod_specs = {spec_of(0, 0)};
  std::map<NodeIndex, int> by_node;
  constexpr int kDraws = 6000;
  for (int pod = 0; pod < kDraws; ++pod) {
    ++by_node[Placement(cluster, 42).place(0, kNoIndex, static_cast<std::uint64_t>(pod))];
  }
  double chi_square = 0;
  for (NodeIndex node = 0; node < 10; ++node) {
    const double off = by_node[node] - kDraws / 10.0;
    chi_square += off * off / (kDraws / 10.0);
  }
  EXPECT_LT(chi_square, 27.9);
}

// The draws are a pod's own: what is placed before it and does not change the scores changes nothing for it. Another
// seed is another cluster.
TEST(Placement, ThePodsNumberAndTheSeedDecideTheDraw) {
  Cluster cluster;
  cluster.nodes.assign(50, node_of(64000, 256 * kGi));
  cluster.pod_specs = {spec_of(0, 0)};
  std::set<NodeIndex> of_seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const NodeIndex alone = Placement(cluster, seed).place(0, kNoIndex, 7);
    EXPECT_EQ(Placement(cluster, seed).place(0, kNoIndex, 7), alone);
    of_seeds.insert(alone);
  }
  EXPECT_GT(of_seeds.size(), 10U);
}

// On nodes this large a pod without requests changes no score: the scheduler sees ten equal nodes each time.
TEST(Placement, SingleReplicasWithoutRequestsAreSpreadOverLargeNodes) {
  std::string text;
  for (const char* name : {"d1", "d2", "d3", "d4", "d5", "d6"}) text += deployment(name, 1, "{}");
  ClusterOptions options;
  options.nodes = {.count = 10, .capacity = {.cpu_milli = 64000, .memory_bytes = 256 * kGi}};
  std::size_t nodes_used = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    options.seed = seed;
    const Loaded loaded = load_text(text, options);
    ASSERT_EQ(loaded.errors(), "");
    std::set<NodeIndex> used;
    for (const Pod& pod : loaded.cluster.pods) used.insert(pod.node);
    EXPECT_GT(used.size(), 1U) << "seed " << seed;
    nodes_used += used.size();
  }
  // Six balls into ten boxes use 10 (1 - 0.9^6) = 4.69 of them on average, with a deviation of 0.22 over 20 trials.
  EXPECT_NEAR(static_cast<double>(nodes_used) / 20, 4.69, 4 * 0.22);
}

// updateIdentity of k/k pkg/controller/statefulset labels each pod with its own name and number.
TEST(Placement, PodsOfAStatefulSetCarryTheirNameAndIndex) {
  std::string set = deployment("db", 3);
  set.replace(set.find("Deployment"), 10, "StatefulSet");
  set.insert(set.find("  replicas"), "  ordinals: {start: 5}\n");
  const auto service = [](const std::string& name, const std::string& selector) {
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {selector: {" + selector +
           "}, ports: [{port: 80}]}\n";
  };
  const Loaded loaded =
      load_text(set + service("db-6", "statefulset.kubernetes.io/pod-name: db-6") +
                service("by-index", "app: db, apps.kubernetes.io/pod-index: \"7\"") + service("all", "app: db"));
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  const Cluster& cluster = loaded.cluster;
  const EndpointView view = cluster.endpoints.latest();
  ASSERT_EQ(view.endpoints(0).size(), 1U);
  EXPECT_EQ(cluster.pods[view.endpoints(0)[0].pod].name, "db-6");
  ASSERT_EQ(view.endpoints(1).size(), 1U);
  EXPECT_EQ(cluster.pods[view.endpoints(1)[0].pod].name, "db-7");
  EXPECT_EQ(view.endpoints(2).size(), 3U);
}

// A pod that fits nowhere is no error: the others run, the Service has their endpoints, and what has none says why.
TEST(Placement, APodThatFitsNowhereStaysPendingAndTheRestRuns) {
  const std::string service =
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: APP}, ports: [{port: 80}]}\n";
  const auto of = [&](const std::string& app) { return std::string(service).replace(service.find("APP"), 3, app); };
  ClusterOptions options;
  options.nodes.count = 2;
  // 8 cores hold two pods of 3 each: of five, one stays pending.
  const Loaded some = load_text(deployment("web", 5, "{cpu: 3}") + of("web"), options);
  ASSERT_EQ(some.errors(), "");
  EXPECT_EQ(some.cluster.pods.size(), 4U);
  EXPECT_EQ(some.cluster.workloads[0].pods.size(), 4U);
  EXPECT_EQ(some.summary.pods_pending, 1U);
  EXPECT_EQ(some.cluster.endpoints.latest().endpoints(0).size(), 4U);
  EXPECT_NE(
      some.notices().find("1 of 5 pods fits no node and stays pending; of 2 nodes: 2 lack CPU (3 asked, at most 2 "
                          "free)"),
      std::string::npos)
      << some.notices();
  const Loaded none = load_text(deployment("big", 2, "{cpu: 9}") + of("big"), options);
  ASSERT_EQ(none.errors(), "");
  EXPECT_EQ(none.cluster.pods.size(), 0U);
  EXPECT_NE(
      none.notices().find("selects no pod that runs; the pods of Deployment big fit no node: of 2 nodes: 2 lack CPU"),
      std::string::npos)
      << none.notices();
}

struct AffinityCase {
  std::string rules;
  std::set<std::string_view> allowed;
};

TEST(NodeRules, SelectorsAffinityAndTaintsLetOnWhatTheSchedulerLetsOn) {
  const std::string nodes = R"(
apiVersion: v1
kind: Node
metadata: {name: plain, labels: {disk: hdd, cores: "8"}}
---
apiVersion: v1
kind: Node
metadata: {name: fast, labels: {disk: ssd, cores: "16"}}
---
apiVersion: v1
kind: Node
metadata: {name: tainted, labels: {disk: ssd, cores: "32"}}
spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}, {key: soft, effect: PreferNoSchedule}]}
---
apiVersion: v1
kind: Node
metadata: {name: cordoned, labels: {}}
spec: {unschedulable: true}
)";
  const auto affinity = [](const std::string& terms) {
    return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: " + terms +
           "}}}";
  };
  const std::string tolerate = ", tolerations: [{operator: Exists}]";
  const std::vector<AffinityCase> cases{
      {"nodeSelector: {}", {"plain", "fast"}},
      {"nodeSelector: {disk: ssd}", {"fast"}},
      {"nodeSelector: {disk: ssd, cores: \"8\"}", {}},
      {"tolerations: [{key: dedicated, value: db}]", {"plain", "fast", "tainted"}},
      {"tolerations: [{key: dedicated, value: web}]", {"plain", "fast"}},
      {"tolerations: [{key: dedicated, operator: Exists, effect: NoExecute}]", {"plain", "fast"}},
      {"tolerations: [{operator: Exists}]", {"plain", "fast", "tainted", "cordoned"}},
      {affinity("[{matchExpressions: [{key: disk, operator: In, values: [ssd, nvme]}]}]"), {"fast"}},
      {affinity("[{matchExpressions: [{key: disk, operator: NotIn, values: [ssd]}]}]") + tolerate,
       {"plain", "cordoned"}},
      {affinity("[{matchExpressions: [{key: disk, operator: Exists}]}]") + tolerate, {"plain", "fast", "tainted"}},
      {affinity("[{matchExpressions: [{key: disk, operator: DoesNotExist}]}]") + tolerate, {"cordoned"}},
      {affinity("[{matchExpressions: [{key: cores, operator: Gt, values: [\"8\"]}]}]") + tolerate, {"fast", "tainted"}},
      {affinity("[{matchExpressions: [{key: cores, operator: Lt, values: [\"9\"]}]}]"), {"plain"}},
      {affinity("[{matchFields: [{key: metadata.name, operator: In, values: [fast]}]}]"), {"fast"}},
      {affinity("[{matchExpressions: [{key: disk, operator: In, values: [hdd]}, {key: cores, operator: In, values: "
                "[\"16\"]}]}]"),
       {}},
      {affinity("[{matchExpressions: [{key: disk, operator: In, values: [hdd]}]}, {matchFields: [{key: metadata.name, "
                "operator: "
                "In, values: [fast]}]}]"),
       {"plain", "fast"}},
  };
  for (const AffinityCase& one : cases) {
    // A DaemonSet would tolerate the cordon by itself: a pod on each node is asked for through the rules instead.
    Loaded loaded = load_text(nodes +
                              "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: plain, "
                              "containers: [{name: a}], " +
                              one.rules + "}\n");
    ASSERT_EQ(loaded.errors(), "") << one.rules;
    std::set<std::string_view> allowed;
    for (const ClusterNode& node : loaded.cluster.nodes) {
      const auto& rules = loaded.cluster.pod_specs[0].scheduling;
      if (node_refusal(loaded.cluster.label_sets, node, rules, false, false) == NodeRefusal::None)
        allowed.insert(node.name);
    }
    EXPECT_EQ(allowed, one.allowed) << one.rules;
  }
}

TEST(Placement, ADaemonSetHasOnePodOnEachMatchingNode) {
  const Loaded loaded = load_text(R"(
apiVersion: v1
kind: Node
metadata: {name: a, labels: {disk: ssd}}
---
apiVersion: v1
kind: Node
metadata: {name: b}
---
apiVersion: v1
kind: Node
metadata: {name: c, labels: {disk: ssd}}
spec: {unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}
---
apiVersion: v1
kind: Node
metadata: {name: d, labels: {disk: ssd}}
spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {nodeSelector: {disk: ssd}, containers: [{name: a}]}
)");
  ASSERT_EQ(loaded.errors(), "");
  ASSERT_EQ(loaded.cluster.pods.size(), 2U) << "a cordoned node keeps its daemons, a tainted one wants a toleration";
  EXPECT_EQ(loaded.cluster.pods[0].name, "agent-a");
  EXPECT_EQ(loaded.cluster.pods[1].name, "agent-c");
}

// The DaemonSet controller makes a pod for each node whose labels and taints allow it; the scheduler then finds the
// port taken and leaves the pod pending.
TEST(Placement, ADaemonSetThatLandsNowhereSaysWhy) {
  const auto daemon = [](const std::string& name, const std::string& spec) {
    return "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: " + name +
           "}\nspec: {selector: {matchLabels: {app: " + name + "}}, template: {metadata: {labels: {app: " + name +
           "}}, spec: {" + spec + "}}}\n";
  };
  const std::string port80 = "containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]";
  const Loaded ports = load_text(daemon("d", port80) + daemon("e", port80));
  ASSERT_EQ(ports.errors(), "");
  EXPECT_EQ(ports.cluster.pods.size(), 6U);
  EXPECT_NE(
      ports.notices().find("6 of its 6 pods stay pending; of 6 nodes: 6 have host port 80/TCP taken by DaemonSet d"),
      std::string::npos)
      << ports.notices();
  const Loaded labels = load_text(daemon("d", "nodeSelector: {disk: ssd}, containers: [{name: a}]"));
  ASSERT_EQ(labels.errors(), "");
  EXPECT_EQ(labels.cluster.pods.size(), 0U);
  EXPECT_NE(
      labels.notices().find("runs on no node; of 6 nodes: 6 do not match its nodeSelector or node affinity (none has "
                            "disk=ssd)"),
      std::string::npos)
      << labels.notices();
}

// k/k pkg/kubelet/kubelet_node_status.go, initialNode: each kubelet labels its node so, a hand-written Node included.
TEST(Placement, NodesHaveTheLabelsThatEveryKubeletSets) {
  const std::string node =
      "apiVersion: v1\nkind: Node\nmetadata: {name: w, labels: {kubernetes.io/arch: arm64, "
      "failure-domain.beta.kubernetes.io/zone: b}}\n";
  for (const bool stated : {false, true}) {
    const Loaded loaded = load_text((stated ? node : std::string()) + deployment("web", 1));
    ASSERT_EQ(loaded.errors(), "");
    const ClusterNode& first = loaded.cluster.nodes[0];
    const auto value = [&](std::string_view key) { return loaded.cluster.label_sets.value(first.labels, key); };
    EXPECT_EQ(value("kubernetes.io/hostname"), first.name);
    EXPECT_EQ(value("kubernetes.io/os"), "linux");
    EXPECT_EQ(value("beta.kubernetes.io/os"), "linux");
    EXPECT_EQ(value("kubernetes.io/arch"), stated ? "arm64" : "amd64");
    EXPECT_EQ(value("beta.kubernetes.io/arch"), stated ? "arm64" : "amd64");
    EXPECT_EQ(value("topology.kubernetes.io/zone"), stated ? std::optional<std::string_view>("b") : std::nullopt);
    EXPECT_EQ(first.zone, stated ? "b" : "");
    EXPECT_EQ(value("node.kubernetes.io/instance-type"), std::nullopt) << "a cloud's to know";
  }
}

TEST(Placement, PoolsOfNodesHaveTheirOwnShape) {
  ClusterOptions options;
  options.nodes.count = 2;
  options.nodes.labels = {{"env", "test"}};
  NodePool pool;
  pool.name = "db";
  pool.count = 3;
  pool.capacity = {.cpu_milli = 16000, .memory_bytes = 64 * kGi};
  pool.zones = {"a", "b"};
  pool.labels = {{"env", "prod"}};
  pool.taints = {{.key = "dedicated", .value = "db"}};
  options.pools = {pool};
  const std::string bears = "      tolerations: [{key: dedicated, value: db}]\n      nodeSelector: {env: prod}\n";
  const Loaded loaded = load_text(deployment("web", 4) + deployment("db", 3, "{cpu: 9}") + bears, options);
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  ASSERT_EQ(loaded.cluster.nodes.size(), 5U);
  EXPECT_EQ(loaded.cluster.nodes[1].name, "node-1");
  EXPECT_EQ(loaded.cluster.nodes[1].pool, kNoIndex);
  EXPECT_EQ(loaded.cluster.nodes[3].name, "db-1");
  EXPECT_EQ(loaded.cluster.nodes[3].zone, "b");
  EXPECT_EQ(loaded.cluster.nodes[4].pool, 0U);
  std::set<NodeIndex> of_db;
  for (const Pod& pod : loaded.cluster.pods) {
    const bool db = pod.name.starts_with("db");
    EXPECT_EQ(loaded.cluster.nodes[pod.node].name.starts_with("db"), db) << pod.name;
    if (db) of_db.insert(pod.node);
  }
  EXPECT_EQ(of_db.size(), 3U) << "16 cores hold one pod of 9";
}

// Kubernetes: "If the nodeName field is not empty, the scheduler ignores the Pod and the kubelet on the named node
// tries to place the Pod on that node" (Assigning Pods to Nodes). Neither the emptier node nor the cordon and the
// NoSchedule taint of the named one matter; its room does, to those that come later too.
TEST(Placement, PodsOfATemplateWithANodeNameGoToThatNode) {
  const std::string nodes = R"(
apiVersion: v1
kind: Node
metadata: {name: free}
status: {allocatable: {cpu: 64, memory: 64Gi, pods: 110}}
---
apiVersion: v1
kind: Node
metadata: {name: named}
spec: {unschedulable: true, taints: [{key: dedicated, effect: NoSchedule}]}
status: {allocatable: {cpu: 4, memory: 8Gi, pods: 110}}
)";
  for (const std::string kind : {"Deployment", "ReplicaSet", "StatefulSet"}) {
    std::string pinned = deployment("web", 3) + "      nodeName: named\n";
    pinned.replace(pinned.find("Deployment"), 10, kind);
    const Loaded loaded = load_text(nodes + pinned + deployment("other", 2));
    ASSERT_EQ(loaded.errors(), "") << kind;
    ASSERT_EQ(loaded.cluster.pods.size(), 5U);
    for (const Pod& pod : loaded.cluster.pods) {
      EXPECT_EQ(loaded.cluster.nodes[pod.node].name, pod.name.starts_with("web") ? "named" : "free") << pod.name;
    }
    EXPECT_EQ(loaded.summary.pods_kept, 3U);
    EXPECT_EQ(loaded.summary.pods_placed, 2U);
  }
  std::string daemon = deployment("agent", 1) + "      nodeName: free\n";
  daemon.replace(daemon.find("Deployment"), 10, "DaemonSet");
  daemon.erase(daemon.find("  replicas: 1\n"), 14);
  const Loaded one = load_text(nodes + daemon);
  ASSERT_EQ(one.errors(), "");
  ASSERT_EQ(one.cluster.pods.size(), 1U) << "tolerates the cordon of the other, but is not for it";
  EXPECT_EQ(one.cluster.pods[0].name, "agent-free");
}

TEST(Placement, NoNodeIsGivenMoreThanItHasAndNoPodThatFitsIsRefused) {
  Draw draw(11);
  for (int round = 0; round < 20; ++round) {
    Cluster cluster;
    const std::uint32_t nodes = 1 + draw.below(250);
    for (std::uint32_t i = 0; i < nodes; ++i) {
      cluster.nodes.push_back(node_of(1000 + draw.below(8000), (1 + draw.below(16)) * kGi, 5 + draw.below(20)));
    }
    for (int i = 0; i < 10; ++i)
      cluster.pod_specs.push_back(spec_of(draw.below(2000), (draw.below(2048)) * (kGi / 1024)));
    for (int i = 0; i < 10; ++i) cluster.workloads.push_back({.kind = "Deployment"});
    std::vector<Resources> used(nodes);
    std::vector<std::uint32_t> pods(nodes, 0);
    const auto fits = [&](NodeIndex node, const Resources& asks) {
      return pods[node] < cluster.nodes[node].max_pods &&
             used[node].cpu_milli + asks.cpu_milli <= cluster.nodes[node].allocatable.cpu_milli &&
             used[node].memory_bytes + asks.memory_bytes <= cluster.nodes[node].allocatable.memory_bytes;
    };
    Placement placement(cluster);
    Placement again(cluster);
    for (int i = 0; i < 2000; ++i) {
      const std::uint32_t spec = draw.below(10);
      const auto pod = static_cast<std::uint64_t>(i);
      const Resources asks = cluster.pod_specs[spec].requests;
      const NodeIndex node = placement.place(spec, spec, pod);
      ASSERT_EQ(node, again.place(spec, spec, pod)) << "the same pods in the same order";
      if (node == kNoIndex) {
        for (NodeIndex n = 0; n < nodes; ++n) ASSERT_FALSE(fits(n, asks)) << "refused, but node " << n << " has room";
        continue;
      }
      ASSERT_TRUE(fits(node, asks));
      used[node].cpu_milli += asks.cpu_milli;
      used[node].memory_bytes += asks.memory_bytes;
      ++pods[node];
    }
  }
}

// What is kept of scores from one pod to the next changes nothing: a Placement that has just been made of the same cluster
// chooses alike, whatever was placed, taken away or closed in between. Below 100 nodes each pod looks at all of them, from the
// same one on.
TEST(Placement, ChoosesAsOneThatHasScoredNothingBefore) {
  Draw draw(20261130);
  for (int round = 0; round < 10; ++round) {
    Cluster cluster;
    const std::uint32_t nodes = 2 + draw.below(40);
    for (std::uint32_t i = 0; i < nodes; ++i) {
      cluster.nodes.push_back(node_of(1000 * (1 + draw.below(8)), kGi * (1 + draw.below(8)), 5 + draw.below(30)));
      cluster.nodes.back().zone = std::array{"", "a", "b"}[draw.below(3)];
    }
    constexpr std::uint32_t kSpecs = 4;
    for (std::uint32_t i = 0; i < kSpecs; ++i) {
      cluster.pod_specs.push_back(spec_of(100 * draw.below(8), (kGi / 8) * draw.below(8)));
      if (i == 1) cluster.pod_specs[i].containers[0].ports.push_back({.port = 80, .host_port = 8080});
    }
    for (std::uint32_t i = 0; i < kSpecs; ++i) cluster.workloads.push_back({.kind = "Deployment"});
    Placement placement(cluster);
    std::set<NodeIndex> closed;
    for (std::uint64_t step = 0; step < 400; ++step) {
      const std::uint32_t what = draw.below(10);
      if (what < 2 && !cluster.pods.empty()) {
        const std::uint32_t gone = draw.below(static_cast<std::uint32_t>(cluster.pods.size()));
        const Pod pod = cluster.pods[gone];
        cluster.pods.erase(cluster.pods.begin() + gone);
        placement.release(pod.spec, pod.workload, pod.node);
      } else if (what == 2) {
        const NodeIndex node = draw.below(nodes);
        const bool close = closed.insert(node).second;
        if (!close) closed.erase(node);
        placement.close(node, close);
      } else {
        const std::uint32_t spec = draw.below(kSpecs);
        Placement fresh(cluster);
        for (const NodeIndex node : closed) fresh.close(node, true);
        const NodeIndex node = placement.place(spec, spec, step);
        ASSERT_EQ(node, fresh.place(spec, spec, step)) << "round " << round << ", step " << step;
        if (node != kNoIndex) cluster.pods.push_back({.workload = spec, .spec = spec, .node = node});
      }
    }
  }
}

}  // namespace
}  // namespace knetsim
