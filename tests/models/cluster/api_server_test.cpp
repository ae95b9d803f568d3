// Goal: manifests are taken as kubectl and the API server take them: what they fill in, what they pass over, what they
// refuse. Method: small manifests; each expected value is a rule of k/k (pkg/apis/core/v1/defaults.go, .../validation)
// or of YAML 1.1 as goyaml.v2 resolves it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "load.h"
#include "models/cluster/name_rules.h"

namespace knetsim {
namespace {

using testing::HasSubstr;

std::string service(const std::string& spec, const std::string& name = "s") {
  return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n";
}
std::string pod_with(const std::string& containers) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web}}\nspec: {containers: [" + containers +
         "]}\n";
}
std::string other(const std::string& api_version, const std::string& kind, const std::string& spec = "{}") {
  return "---\napiVersion: " + api_version + "\nkind: " + kind + "\nmetadata: {name: w}\nspec: " + spec + "\n";
}
std::vector<Endpoint> endpoints(const Loaded& loaded, ServicePortIndex port = 0) {
  const auto found = loaded.cluster.endpoints.latest().endpoints(port);
  return {found.begin(), found.end()};
}

// SetDefaults_Service: a targetPort of 0 or "" is the port.
TEST(ApiServer, FillsInATargetPortOfZeroOrNothing) {
  for (const char* target : {"0", "\"\"", "0.0", "null"}) {
    const Loaded loaded =
        load_text(pod_with("{name: a}") + service(std::string("selector: {app: web}, ports: [{port: 80, "
                                                              "targetPort: ") +
                                                  target + "}]"));
    ASSERT_EQ(loaded.errors() + loaded.notices(), "") << target;
    ASSERT_EQ(endpoints(loaded).size(), 1U) << target;
    EXPECT_EQ(endpoints(loaded)[0].port, 80) << target;
  }
}

// validateContainerPorts looks for names twice within a container; FindPort takes the first container that has one.
TEST(ApiServer, PortNamesBelongToAContainer) {
  const Loaded loaded =
      load_text(pod_with("{name: a, ports: [{name: metrics, containerPort: 9100}]}, {name: b, ports: [{name: "
                         "metrics, containerPort: 9200}]}") +
                service("selector: {app: web}, ports: [{port: 80, targetPort: metrics}]"));
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  ASSERT_EQ(endpoints(loaded).size(), 1U);
  EXPECT_EQ(endpoints(loaded)[0].port, 9100);
}

// ValidatePodSpec, ValidateDeploymentSpec, ValidateServiceSpec ...: what is required and null is missing, as a template
// with an unset value leaves it.
TEST(ApiServer, RefusesNullWhereSomethingIsRequired) {
  const auto object = [](const std::string& api, const std::string& kind, const std::string& rest) {
    return load_text("apiVersion: " + api + "\nkind: " + kind + "\n" + rest).errors();
  };
  const std::string web = "metadata: {name: web}\n";
  const std::string selected = "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}";
  EXPECT_THAT(object("apps/v1", "Deployment", web + "spec:\n"), HasSubstr("spec is missing"));
  EXPECT_THAT(object("apps/v1", "Deployment", web + "spec: {selector: {matchLabels: {a: b}}, template: }\n"),
              HasSubstr("template is missing"));
  EXPECT_THAT(object("apps/v1", "Deployment", web + "spec: {" + selected + ", spec: }}\n"),
              HasSubstr("spec is missing"));
  EXPECT_THAT(object("apps/v1", "Deployment", web + "spec: {" + selected + ", spec: {containers: }}}\n"),
              HasSubstr("containers is missing"));
  EXPECT_THAT(object("v1", "Pod", web + "spec: {containers: [{name: ''}]}\n"), HasSubstr("name is missing"));
  EXPECT_THAT(object("v1", "Service", web + "spec:\n"), HasSubstr("spec is missing"));
  for (const char* name : {"metadata: {name: ''}\n", "metadata: {name: }\n", "metadata: {name: ~}\n", "metadata:\n"}) {
    for (const char* kind : {"Service", "Node", "Pod"}) {
      EXPECT_THAT(object("v1", kind, name), HasSubstr("metadata.name is missing")) << kind << ' ' << name;
    }
  }
  EXPECT_THAT(object("discovery.k8s.io/v1", "EndpointSlice",
                     "metadata: {name: e, labels: {kubernetes.io/service-name: s}}\naddressType:\nendpoints: []\n"),
              HasSubstr("addressType is missing"));
}

// A null in a list of structures is one without its required fields.
TEST(ApiServer, RefusesEmptyEntriesWhereFieldsAreRequired) {
  for (const std::string& text :
       {service("ports: [~]"), pod_with("~"), pod_with("{name: a, ports: [~]}"),
        std::string("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}], tolerations: [~], "
                    "initContainers: []}\n"),
        std::string("apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nspec: {taints: [~]}\n"),
        other("apps/v1", "Deployment",
              "{selector: {matchExpressions: [~]}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: "
              "a}]}}}")}) {
    EXPECT_THAT(load_text(text).errors(), HasSubstr("an empty entry")) << text;
  }
}

// SetDefaults_ContainerPort: no protocol, in whatever way, is TCP.
TEST(ApiServer, FillsInTcp) {
  for (const char* protocol : {"\"\"", "null", "TCP"}) {
    const std::string ports = std::string("ports: [{name: http, containerPort: 80, protocol: ") + protocol + "}]";
    const Loaded loaded = load_text(pod_with("{name: a, " + ports + "}") +
                                    service("selector: {app: web}, ports: [{port: 80, targetPort: http}]"));
    ASSERT_EQ(loaded.errors() + loaded.notices(), "") << protocol;
    EXPECT_EQ(endpoints(loaded).size(), 1U) << protocol;
  }
}

// k/k pkg/controller/deployment/deployment_controller.go, syncDeployment: one that is paused only follows its size.
TEST(ApiServer, APausedDeploymentMakesNoPods) {
  const Loaded loaded = load_text(
      other("apps/v1", "Deployment",
            "{replicas: 3, paused: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
            "{containers: [{name: a}]}}}"));
  EXPECT_EQ(loaded.errors(), "");
  EXPECT_THAT(loaded.notices(), HasSubstr("paused"));
  EXPECT_EQ(loaded.cluster.pods.size(), 0U);
}

// KEP-3521: a pod with schedulingGates waits; what looks for it says why. Gates came with 1.26, on from 1.27.
TEST(ApiServer, PodsWithSchedulingGatesStayPending) {
  const std::string gated = "{containers: [{name: a}], schedulingGates: [{name: example.com/quota}]}";
  const std::string alone = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web}}\nspec: " + gated + "\n";
  const auto workload = [&](const std::string& kind, const std::string& count) {
    return other("apps/v1", kind,
                 "{" + count +
                     "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: " + gated +
                     "}}");
  };
  const std::string web = service("selector: {app: web}, ports: [{port: 80}]");
  for (const auto& [text, pending] :
       {std::pair(alone, 1U), std::pair(workload("Deployment", "replicas: 2, "), 2U),
        std::pair(workload("StatefulSet", ""), 1U), std::pair(workload("DaemonSet", ""), 6U)}) {
    const Loaded loaded = load_text(text + web);
    ASSERT_EQ(loaded.errors(), "") << text;
    EXPECT_TRUE(loaded.cluster.pods.empty()) << text;
    EXPECT_EQ(loaded.summary.pods_pending, pending) << text;
    EXPECT_THAT(loaded.notices(), HasSubstr("pending: schedulingGates hold the scheduler back")) << text;
    EXPECT_THAT(loaded.notices(), HasSubstr("selects no pod that runs; the pods of ")) << text;
  }
  EXPECT_EQ(load_text(alone, six_nodes(), 26).cluster.pods.size(), 1U);
  EXPECT_EQ(load_text("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {schedulingGates: [], containers: [{name: "
                      "a}]}\n")
                .cluster.pods.size(),
            1U);
}

// k/k issue 64023: the label controller-revision-hash is the name, a dash and mostly ten characters, of at most 63.
TEST(ApiServer, AStatefulSetWithALongNameMakesNoPods) {
  const auto named = [](std::size_t length) {
    return load_text("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: " + std::string(length, 'a') +
                     "}\nspec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: "
                     "web}}, spec: {containers: [{name: a}]}}}\n" +
                     service("selector: {app: web}, ports: [{port: 80}]"));
  };
  EXPECT_EQ(named(52).cluster.pods.size(), 2U);
  const Loaded longer = named(53);
  ASSERT_EQ(longer.errors(), "");
  EXPECT_TRUE(longer.cluster.pods.empty());
  EXPECT_THAT(longer.notices(), HasSubstr("its pods are not made: its name has more than 52 characters"));
  EXPECT_THAT(longer.notices(), HasSubstr("selects no pod that runs"));
  EXPECT_THAT(named(64).errors(), HasSubstr("is not the name of a StatefulSet"));
  EXPECT_THAT(
      load_text(
          other("apps/v1", "StatefulSet").replace(other("apps/v1", "StatefulSet").find("name: w"), 7, "name: w.x"))
          .errors(),
      HasSubstr("'w.x' is not the name of a StatefulSet"));
}

// A bound pod with a status is ready where that says so (k/k pkg/api/v1/pod/util.go, IsPodReady); one without a status,
// or with nothing in it but addresses, was written by hand.
TEST(ApiServer, ABoundPodIsReadyAsItsStatusSays) {
  const auto ready = [](const std::string& node, const std::string& status) {
    const Loaded loaded = load_text(
        "apiVersion: v1\nkind: Node\nmetadata: {name: w1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: "
        "{app: web}}\nspec: {" +
        node + "containers: [{name: a}]}\n" + status + "\n" + service("selector: {app: web}, ports: [{port: 80}]"));
    EXPECT_EQ(loaded.errors(), "") << status;
    EXPECT_EQ(loaded.cluster.pods.size(), 1U) << status;
    return !endpoints(loaded).empty();
  };
  const std::string bound = "nodeName: w1, ";
  EXPECT_TRUE(ready(bound, ""));
  EXPECT_TRUE(ready(bound, "status: {}"));
  EXPECT_TRUE(ready(bound, "status: {podIP: 10.244.0.9}"));
  EXPECT_TRUE(ready(bound, "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}"));
  EXPECT_FALSE(ready(bound, "status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}"));
  EXPECT_FALSE(ready(bound, "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'True'}]}"));
  EXPECT_FALSE(ready(bound, "status: {phase: Pending}"));
  // What kubectl create --dry-run=server prints of a pod that nobody has bound.
  EXPECT_TRUE(ready("", "status: {phase: Pending, qosClass: BestEffort}"));
}

// A kind is one of its group's: the same name elsewhere is another project's.
TEST(ApiServer, KindsOfOtherGroupsAreNotUsed) {
  std::string text;
  std::size_t count = 0;
  for (const char* kind : {"Service", "Node", "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                           "Endpoints", "EndpointSlice", "Ingress", "NetworkPolicy", "Gateway"}) {
    text += other("example.com/v1", kind, "{replicas: x, ports: 3, selector: [1]}");
    ++count;
  }
  const Loaded loaded = load_text(text);
  EXPECT_EQ(loaded.errors() + loaded.notices(), "");
  EXPECT_EQ(loaded.summary.objects, count);
  EXPECT_EQ(loaded.summary.not_used.at("Service of example.com"), 1U);
  EXPECT_EQ(loaded.cluster.services.size(), 0U);
  EXPECT_EQ(loaded.cluster.nodes.size(), 6U) << "made up: a Node of another group is none";
  // Kubernetes' own groups have no such kind: kubectl says "no matches for kind".
  EXPECT_THAT(load_text(other("batch/v1", "Service")).errors(), HasSubstr("apiVersion batch/v1 has no kind Service"));
}

// kubectl apply, file by file: the last one counts as a whole, with its ports, addresses and pods.
TEST(ApiServer, OfOneObjectGivenTwiceTheLastCounts) {
  const std::string text =
      deployment("web", 3) + deployment("api", 1) + deployment("web", 2) +
      service(
          "type: NodePort, clusterIP: 10.96.0.7, selector: {app: web}, ports: [{name: a, port: 80, nodePort: 30080}, "
          "{name: b, port: 81, nodePort: 30081}]") +
      service("selector: {app: api}, ports: [{port: 82}]", "t") +
      service("type: NodePort, clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 83, nodePort: 30080}]") +
      service("type: NodePort, selector: {app: web}, ports: [{port: 84, nodePort: 30081}]", "u") +
      pod_with("{name: a}") + pod_with("{name: a}") +
      "---\napiVersion: v1\nkind: Node\nmetadata: {name: w1}\n---\napiVersion: v1\nkind: "
      "Node\nmetadata: {name: w1}\n";
  const Loaded loaded = load_text(text);
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_THAT(loaded.notices(),
              HasSubstr("a second Deployment web: this one counts, as for kubectl apply; the first is at "
                        "test.yaml:4:"));
  const Cluster& cluster = loaded.cluster;
  EXPECT_EQ(cluster.nodes.size(), 1U);
  EXPECT_EQ(cluster.pods.size(), 4U) << "two of web, one of api, one alone";
  ASSERT_EQ(cluster.services.size(), 3U);
  ASSERT_EQ(cluster.service_ports.size(), 3U);
  EXPECT_EQ(cluster.services[0].name, "t");
  EXPECT_EQ(cluster.services[1].name, "s");
  for (ServiceIndex i = 0; i < 3; ++i) {
    ASSERT_EQ(cluster.ports(cluster.services[i]).size(), 1U);
    EXPECT_EQ(cluster.ports(cluster.services[i])[0].service, i);
    EXPECT_EQ(cluster.ports(cluster.services[i])[0].port, 82 + i);
  }
  EXPECT_EQ(endpoints(loaded, 1).size(), 3U) << "pods of web and the one alone";
}

// What another object took in between is taken: the API server would have refused that one then.
TEST(ApiServer, ANodePortIsFreeOnlyAfterItsServiceIsReplaced) {
  const std::string with = "type: NodePort, ports: [{port: 80, nodePort: 30080}]";
  const std::string without = "type: NodePort, ports: [{port: 80}]";
  EXPECT_EQ(load_text(service(with) + service(without) + service(with, "t")).errors(), "");
  EXPECT_THAT(load_text(service(with) + service(with, "t") + service(without)).errors(),
              HasSubstr("node port 30080/TCP belongs to Service s already"));
}

TEST(ApiServer, OfSlicesAndEndpointsGivenTwiceTheLastCounts) {
  const auto slice = [](const std::string& address) {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-1, labels: "
           "{kubernetes.io/service-name: s}}\naddressType: IPv4\nports: [{port: 80}]\nendpoints: [{addresses: [" +
           address + "]}]\n";
  };
  const auto legacy = [](const std::string& address) {
    return "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s}\nsubsets: [{addresses: [{ip: " + address +
           "}], ports: [{port: 80}]}]\n";
  };
  const std::string s = service("ports: [{port: 80}]");
  for (const std::string& text : {slice("10.0.0.1") + slice("10.0.0.2"), legacy("10.0.0.1") + legacy("10.0.0.2")}) {
    const Loaded loaded = load_text(s + text);
    ASSERT_EQ(loaded.errors(), "");
    ASSERT_EQ(endpoints(loaded).size(), 1U);
    EXPECT_EQ(to_string(endpoints(loaded)[0].address), "10.0.0.2");
  }
}

TEST(ApiServer, OfTwoItemsOfAListTheLastCount) {
  const std::string item = "- {apiVersion: v1, kind: Service, metadata: {name: ";
  const std::string ports = "}, spec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}}\n";
  const Loaded loaded =
      load_text("apiVersion: v1\nkind: List\nitems:\n" + item + "a" + ports +
                "- {apiVersion: v1, kind: Secret, metadata: {name: x}}\nitems:\n" + item + "b" + ports);
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_THAT(loaded.notices(), HasSubstr("duplicate key 'items'"));
  EXPECT_THAT(loaded.notices(), testing::Not(HasSubstr("a second")));
  ASSERT_EQ(loaded.cluster.services.size(), 1U);
  EXPECT_EQ(loaded.cluster.services[0].name, "b");
  EXPECT_EQ(loaded.summary.objects, 1U);
  EXPECT_TRUE(loaded.summary.not_used.empty());
}

TEST(ApiServer, ListsWithinListsGiveTheirItems) {
  const std::string inner =
      "- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: ServiceList\n    items:\n    - "
      "metadata: "
      "{name: s}\n      spec: {ports: [{port: 80}]}\n";
  const Loaded loaded = load_text("apiVersion: v1\nkind: List\nitems:\n" + inner);
  ASSERT_EQ(loaded.errors(), "");
  ASSERT_EQ(loaded.cluster.services.size(), 1U);
  EXPECT_EQ(loaded.cluster.services[0].name, "s");
  EXPECT_TRUE(loaded.summary.not_used.empty());
}

// The deprecation guide: extensions/v1beta1 and apps/v1beta1 ended with 1.16, and filled in the selector.
TEST(ApiServer, OldVersionsAreValidWhereTheClusterServedThem) {
  const std::string old =
      "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: "
      "{metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}\n";
  const std::string ingress = other("extensions/v1beta1", "Ingress",
                                    "{rules: [{http: {paths: [{backend: {serviceName: web, servicePort: 80}}]}}]}");
  const Loaded then = load_text(old + ingress + service("selector: {app: web}, ports: [{port: 80}]"), six_nodes(), 15);
  ASSERT_EQ(then.errors(), "");
  EXPECT_THAT(then.notices(), testing::Not(HasSubstr("removed")));
  EXPECT_THAT(then.notices(), testing::Not(HasSubstr("serviceName")));
  EXPECT_EQ(endpoints(then).size(), 1U);
  const Loaded now = load_text(old + ingress);
  EXPECT_THAT(now.notices(), HasSubstr("extensions/v1beta1 was removed in Kubernetes 1.16; read as apps/v1"));
  EXPECT_THAT(now.errors(), HasSubstr("selector is missing"));
  EXPECT_THAT(now.notices(), HasSubstr("no Ingress in apiVersion extensions/v1beta1 since Kubernetes 1.22"));
  const Loaded early = load_text(deployment("web", 1), six_nodes(), 8);
  EXPECT_EQ(early.errors(), "");
  EXPECT_THAT(early.notices(), HasSubstr("apps/v1 Deployment came with Kubernetes 1.9; the cluster's is 1.8"));
}

// KEP-4017: the label is set from 1.28 on.
TEST(ApiServer, PodIndexIsALabelOfItsVersions) {
  std::string set = deployment("db", 1);
  set.replace(set.find("Deployment"), 10, "StatefulSet");
  const std::string by_index = service("selector: {apps.kubernetes.io/pod-index: \"0\"}, ports: [{port: 80}]");
  EXPECT_EQ(endpoints(load_text(set + by_index, six_nodes(), 28)).size(), 1U);
  EXPECT_EQ(endpoints(load_text(set + by_index, six_nodes(), 27)).size(), 0U);
}

// encoding/json writes 2.0 as 2; goyaml.v2's resolve reads 010 as octal, drops underscores, and 08 as a float.
TEST(ApiServer, NumbersAreThoseOfYaml11) {
  const Loaded loaded = load_text(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 2.0, selector: {matchLabels: {a: "
      "b}}, "
      "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, ports: [{containerPort: 8_0.0e0}], "
      "resources: "
      "{requests: {cpu: 010m, memory: 1_000_000}}}, {name: b, resources: {requests: {cpu: 010, memory: 0x100000}}}, "
      "{name: "
      "c, resources: {requests: {cpu: \"010\", memory: 08}}}]}}}\n");
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 0U) << "18 cores fit no node";
  EXPECT_EQ(loaded.summary.pods_pending, 2U);
  const std::vector<Container>& containers = loaded.cluster.pod_specs[0].containers;
  EXPECT_EQ(containers[0].requests.cpu_milli, 10) << "010m is a text";
  EXPECT_EQ(containers[0].requests.memory_bytes, 1'000'000);
  EXPECT_EQ(containers[1].requests.cpu_milli, 8000);
  EXPECT_EQ(containers[1].requests.memory_bytes, 1 << 20);
  EXPECT_EQ(containers[2].requests.cpu_milli, 10'000) << "in quotes it is a text, which a quantity reads as ten";
  EXPECT_EQ(containers[2].requests.memory_bytes, 8);
  EXPECT_THAT(load_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 2.5}\n").errors(),
              HasSubstr("'2.5' is not a whole number"));
}

TEST(ApiServer, OfTwoEqualKeysTheLastCounts) {
  std::string text = deployment("web", 2);
  text.insert(text.find("  selector:"), "  replicas: 3\n");
  const Loaded loaded = load_text(text);
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 3U);
  EXPECT_THAT(
      loaded.notices(),
      HasSubstr("test.yaml:7:3: notice: duplicate key 'replicas': this one counts, as for kubectl; line 6 has the "
                "other"));
  const Loaded json = load_text(
      R"({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "name": "b"}, "spec": {"containers": [{"name": "x"}]}})");
  ASSERT_EQ(json.errors(), "");
  EXPECT_EQ(json.cluster.pods[0].name, "b");
}

// Dumps are passed on with their addresses made unreadable; endpoints are found by the pods that they name.
TEST(ApiServer, MaskedAddressesAreMadeUp) {
  for (const std::string mask :
       {"x.x.x.x", "\"<redacted>\"", "10.x.x.x", "REDACTED", "\"***\"", "0.0.0.0", "A.B.C.D", "10.1.2.N"}) {
    const Loaded loaded = load_text(
        "apiVersion: v1\nkind: Node\nmetadata: {name: w1}\nspec: {podCIDR: " + mask +
        "}\nstatus: {addresses: [{type: InternalIP, address: " + mask +
        "}], allocatable: {cpu: 4, memory: 8Gi}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: "
        "{nodeName: w1, "
        "containers: [{name: a}]}\nstatus: {podIP: " +
        mask + "}\n" + service("clusterIP: " + mask + ", ports: [{port: 80}]") +
        service("clusterIP: " + mask + ", ports: [{port: 80}]", "t") +
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-1, labels: "
        "{kubernetes.io/service-name: s}}\naddressType: IPv4\nports: [{port: 8080}]\nendpoints: [{addresses: [" +
        mask + "], targetRef: {kind: Pod, name: p}}]\n");
    ASSERT_EQ(loaded.errors(), "") << mask;
    EXPECT_THAT(loaded.notices(), HasSubstr("this address is masked: one is made up")) << mask;
    const Cluster& cluster = loaded.cluster;
    EXPECT_TRUE(cluster.nodes[0].ip) << mask;
    EXPECT_TRUE(cluster.pods[0].ip) << mask;
    EXPECT_NE(cluster.services[0].cluster_ips[0], cluster.services[1].cluster_ips[0]) << mask;
    ASSERT_EQ(endpoints(loaded).size(), 1U) << mask;
    EXPECT_EQ(endpoints(loaded)[0].address, cluster.pods[0].ip) << mask;
  }
  EXPECT_THAT(load_text(service("clusterIP: 10.0.0.300, ports: [{port: 80}]")).errors(),
              HasSubstr("is not an IP address"));
}

// The address of an endpoint is made up whether it is said to be a pod's or not, once for all of its ports, and no two
// have one; so are masked addresses and node ports of Services.
TEST(ApiServer, MaskedEndpointsWithoutAPodAreThere) {
  const std::string ports = "ports: [{name: a, port: 80}, {name: b, port: 81}]";
  const std::string slice =
      "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-1, labels: "
      "{kubernetes.io/service-name: s}}\naddressType: IPv4\n" +
      ports + "\nendpoints: [{addresses: [x.x.x.x]}, {addresses: [10.x.x.x], targetRef: {kind: Pod, name: gone}}]\n";
  const std::string legacy =
      "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s}\nsubsets: [{addresses: [{ip: x.x.x.x}, {ip: "
      "A.B.C.D}], " +
      ports + "}]\n";
  for (const std::string& text : {slice, legacy}) {
    const Loaded loaded = load_text(service(ports) + text);
    ASSERT_EQ(loaded.errors(), "");
    ASSERT_EQ(endpoints(loaded, 0).size(), 2U) << text;
    EXPECT_NE(endpoints(loaded, 0)[0].address, endpoints(loaded, 0)[1].address);
    EXPECT_EQ(endpoints(loaded, 0)[0].address, endpoints(loaded, 1)[0].address);
  }
  const Loaded loaded = load_text(service(
      "type: LoadBalancer, externalIPs: [x.x.x.x], externalTrafficPolicy: Local, healthCheckNodePort: 3xxxx, ports: "
      "[{name: a, port: 80, nodePort: 3xxxx}, {name: b, port: 81, nodePort: \"<redacted>\"}]"));
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_THAT(loaded.notices(), HasSubstr("this port is masked: one is made up (3 times"));
  EXPECT_EQ(loaded.cluster.services[0].external_ips.size(), 1U);
  EXPECT_NE(loaded.cluster.service_ports[0].node_port, 0);
  EXPECT_NE(loaded.cluster.service_ports[0].node_port, loaded.cluster.service_ports[1].node_port);
  EXPECT_THAT(load_text(service("type: NodePort, ports: [{port: 80, nodePort: 30O80}]")).errors(),
              HasSubstr("is not a whole number"));
}

TEST(ApiServer, JobsAreNamedWhereAServiceFindsNoPod) {
  const std::string job = other("batch/v1", "Job",
                                "{template: {metadata: {labels: {app: sum}}, spec: {containers: [{name: "
                                "a}]}}}");
  const std::string cron = other("batch/v1", "CronJob",
                                 "{jobTemplate: {spec: {template: {metadata: {labels: {app: night}}, "
                                 "spec: {containers: [{name: a}]}}}}}");
  const std::string rollout = other("argoproj.io/v1alpha1", "Rollout",
                                    "{template: {metadata: {labels: {app: web}}, spec: "
                                    "{containers: [{name: a}]}}}");
  const auto said = [](const std::string& app, const std::string& text) {
    return load_text(text + service("selector: {" + app + "}, ports: [{port: 80}]")).notices();
  };
  EXPECT_THAT(said("app: sum", job),
              HasSubstr("selects no pod that runs; the pods of Job w are not run: a Job is not"));
  EXPECT_THAT(said("batch.kubernetes.io/job-name: w", job), HasSubstr("the pods of Job w are not run"));
  EXPECT_THAT(said("app: night", cron), HasSubstr("the pods of CronJob w are not run"));
  EXPECT_THAT(said("app: web", rollout), HasSubstr("the pods of Rollout w are not run"));
}

TEST(ApiServer, Ipv6FirstServicesAreTold) {
  for (const char* spec :
       {"ipFamilies: [IPv6], ports: [{port: 80}]", "ipFamilies: [IPv6, IPv4], ports: [{port: 80}]",
        "clusterIP: \"fd00::1\", ports: [{port: 80}]", "clusterIPs: [\"fd00::1\", 10.96.0.9], ports: [{port: 80}]"}) {
    EXPECT_THAT(load_text(service(spec)).notices(), HasSubstr("IPv6 Services: simulated traffic is IPv4")) << spec;
  }
  EXPECT_THAT(load_text(service("ipFamilies: [IPv4, IPv6], ports: [{port: 80}]")).notices(),
              testing::Not(HasSubstr("IPv6 Services")));
}

// Told once; a pod that somebody has placed has no use for a preference.
TEST(ApiServer, PreferencesOfPlacementAreToldOnce) {
  const auto said = [](const std::string& rest) {
    return load_text(
               "apiVersion: v1\nkind: Node\nmetadata: {name: w1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: "
               "p}\nspec: {containers: [{name: a}], " +
               rest)
        .notices();
  };
  const std::string prefer =
      "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: "
      "{matchExpressions: [{key: a, operator: Exists}]}}]}}}\n";
  EXPECT_THAT(said(prefer), HasSubstr("preferences of placement: not scored when pods without nodeName are placed"));
  EXPECT_EQ(said("nodeName: w1, " + prefer), "");
  EXPECT_THAT(said("tolerations: []}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: w2}\nspec: {taints: [{key: a, "
                   "effect: PreferNoSchedule}]}\n"),
              HasSubstr("preferences of placement"));
}

// One of IPv6 alone has no IPv4 address and no IPv4 endpoints; one of both families has them, whichever is first.
TEST(ApiServer, ServicesOfIpv6AloneAreNotServedOnIpv4) {
  const auto loaded = [](const std::string& spec) {
    return load_text(pod_with("{name: a}") + service("selector: {app: web}, ports: [{port: 80}], " + spec));
  };
  for (const char* spec : {"ipFamilies: [IPv6]", "ipFamilies: [IPv6], ipFamilyPolicy: SingleStack", "ipFamily: IPv6",
                           "clusterIP: \"fd00::1\"", "ipFamilies: [IPv6], clusterIP: None",
                           "ipFamilies: [IPv6], clusterIP: \"<redacted>\""}) {
    const Loaded one = loaded(spec);
    ASSERT_EQ(one.errors(), "") << spec;
    EXPECT_THAT(one.notices(), HasSubstr("one of IPv6 alone is not")) << spec;
    EXPECT_THAT(one.notices(), testing::Not(HasSubstr("none is a ready endpoint"))) << spec;
    EXPECT_TRUE(endpoints(one).empty()) << spec;
    for (const IpAddress& ip : one.cluster.services[0].cluster_ips) EXPECT_EQ(ip.family(), IpFamily::V6) << spec;
  }
  for (const char* spec : {"ipFamilies: [IPv6, IPv4]", "ipFamilies: [IPv6], ipFamilyPolicy: PreferDualStack",
                           "clusterIPs: [\"fd00::1\", 10.96.0.9]", "ipFamilyPolicy: RequireDualStack"}) {
    EXPECT_EQ(endpoints(loaded(spec)).size(), 1U) << spec;
  }
}

// The message names a pod without the port, not the first of all.
TEST(ApiServer, AMissingPortIsThatOfThePodThatLacksIt) {
  const std::string text =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p1, labels: {app: web}}\nspec: {containers: [{name: a, ports: "
      "[{name: http, containerPort: 80}]}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p2, labels: {app: "
      "web}}\nspec: {containers: [{name: a, ports: [{name: htpp, containerPort: 80}]}]}\n";
  EXPECT_THAT(load_text(text + service("selector: {app: web}, ports: [{port: 80, targetPort: http}]")).notices(),
              HasSubstr("(the first is p2); did you mean 'htpp'?"));
}

struct Refusal {
  std::string manifest;
  std::string said;
};

// ValidateService, ValidateDeploymentSpec, ValidateTolerations ... of k/k pkg/apis.
TEST(ApiServer, WhatItRefusesIsRefused) {
  const auto workload = [](const std::string& kind, const std::string& spec) {
    return other("apps/v1", kind,
                 "{" + spec + ", template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a}]}}}");
  };
  const auto tolerating = [](const std::string& toleration) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}], tolerations: [" +
           toleration + "]}\n";
  };
  const auto affine = [](const std::string& required) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}], affinity: {nodeAffinity: "
           "{requiredDuringSchedulingIgnoredDuringExecution: {" +
           required + "}}}}\n";
  };
  const std::vector<Refusal> cases{
      {service("externalTrafficPolicy: Local, ports: [{port: 80}]"),
       "externalTrafficPolicy in a Service of type ClusterIP"},
      {service("loadBalancerClass: a/b, ports: [{port: 80}]"), "loadBalancerClass in a Service of type ClusterIP"},
      {service("type: NodePort, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]"),
       "loadBalancerSourceRanges in a Service of type NodePort"},
      {service("type: NodePort, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]"),
       "allocateLoadBalancerNodePorts in a Service of type NodePort"},
      {service("type: LoadBalancer, healthCheckNodePort: 31000, ports: [{port: 80}]"),
       "healthCheckNodePort in a Service of type LoadBalancer"},
      {service("sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}, ports: [{port: 80}]"),
       "sessionAffinityConfig without sessionAffinity"},
      {service("type: ExternalName, externalName: a.b, clusterIP: 10.96.0.7"),
       "clusterIP in a Service of type ExternalName"},
      {service("ports: [{port: 80, name: Web}]"), "'Web' is not the name of a Service's port"},
      {service("ports: [{port: 80}]", "a.b"), "'a.b' is not the name of a Service"},
      {service("selector: {-app: web}, ports: [{port: 80}]"), "'-app' is not a label key"},
      {workload("Deployment", "selector: {}"), "an empty selector is not taken in a Deployment"},
      {workload("StatefulSet", "selector: {matchLabels: {}}"), "an empty selector is not taken in a StatefulSet"},
      {workload("DaemonSet", "selector: {matchExpressions: []}"), "an empty selector is not taken in a DaemonSet"},
      {workload("ReplicaSet", "selector: {}"), "an empty selector is not taken in a ReplicaSet"},
      {pod_with("{name: a_b}"), "'a_b' is not the name of a container"},
      {pod_with("{name: a, ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]}"),
       "host port 80/TCP twice in one pod"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: a..b}\nspec: {containers: [{name: a}]}\n",
       "'a..b' is not an object name"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: a.b}\nspec: {containers: [{name: a}]}\n",
       "'a.b' is not the name of a namespace"},
      {tolerating("{key: a, operator: Exists, value: b}"), "a value beside operator Exists"},
      {tolerating("{effect: NoSchedule}"), "a toleration without key takes every taint"},
      {service("ipFamilies: [IPv5], ports: [{port: 80}]"), "unknown value 'IPv5'"},
      {service("ipFamilies: [IPv4, IPv4], ports: [{port: 80}]"), "IPv4 twice"},
      {service("ipFamilyPolicy: Dual, ports: [{port: 80}]"), "unknown value 'Dual'"},
      {service("trafficDistribution: Near, ports: [{port: 80}]"), "unknown value 'Near'"},
      {service("clusterIP: 10.96.0.8, clusterIPs: [10.96.0.9], ports: [{port: 80}]"),
       "clusterIP is 10.96.0.8, and clusterIPs begins with 10.96.0.9"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeName: b, schedulingGates: [{name: a/b}], "
       "containers: [{name: a}]}\n",
       "schedulingGates beside a nodeName"},
      {affine("nodeSelectorTerms: []"), "nodeSelectorTerms is missing"},
      {affine(""), "nodeSelectorTerms is missing"},
      {affine("nodeSelectorTerms: [{matchExpressions: [{key: a, values: [b]}]}]"), "operator is missing"},
      {affine("nodeSelectorTerms: [{matchExpressions: [{operator: Exists}]}]"), "key is missing"},
      {workload("Deployment", "selector: {matchExpressions: [{key: a, values: [b]}]}"), "operator is missing"},
      {workload("Deployment", "selector: {matchExpressions: [{key: a, operator: In}]}"), "operator In without values"},
      {workload("Deployment", "selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}"),
       "operator Exists with values"},
      {"apiVersion: v1\nkind: Node\nmetadata: {name: w}\nspec: {taints: [{key: a}]}\n", "effect is missing"},
      {"apiVersion: v1\nkind: Node\nmetadata: {name: w}\nspec: {taints: [{effect: NoSchedule}]}\n", "key is missing"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}], restartPolicy: always}\n",
       "unknown value 'always'; did you mean 'Always'?"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}], dnsPolicy: Cluster}\n",
       "unknown value 'Cluster'"},
      {pod_with("{name: a, restartPolicy: Often}"), "unknown value 'Often'"},
      {pod_with("{name: a, resources: {requests: {cpu: 1}, limits: {cpu: 0}}}"),
       "the request for cpu is above its limit"},
  };
  for (const Refusal& one : cases) EXPECT_THAT(load_text(one.manifest).errors(), HasSubstr(one.said)) << one.manifest;
  // RelaxedServiceNameValidation, beta in 1.36: a digit may come first.
  const std::string digit = service("ports: [{port: 80}]", "1st");
  EXPECT_EQ(load_text(digit).errors(), "");
  EXPECT_THAT(load_text(digit, six_nodes(), 35).errors(), HasSubstr("'1st' is not the name of a Service"));
  EXPECT_EQ(load_text(service("type: NodePort, externalTrafficPolicy: Local, ports: [{port: 80}]") +
                      service("externalIPs: [1.2.3.4], externalTrafficPolicy: Local, ports: [{port: 80}]", "t"))
                .errors(),
            "");
}

TEST(ApiServer, FieldsOf136AreKnown) {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {schedulingGroup: {podGroupName: g}, containers: [{name: "
      "a}]}\n");
  EXPECT_EQ(loaded.errors() + loaded.notices(), "");
}

// What is not used is never fatal, and told for what it is; where there is nothing else it is an error.
TEST(ApiServer, FilesOfHelmAndKustomizeAreNamed) {
  const auto beside = [](const std::string& name, const std::string& text, bool alone) {
    Loaded loaded;
    loaded.inputs.add_text(name, text);
    if (!alone) loaded.inputs.add_text("m.yaml", service("ports: [{port: 80}]"));
    load(loaded, six_nodes());
    return loaded.errors() + loaded.notices();
  };
  const std::vector<std::pair<std::string, std::string>> files{
      {"values.yaml", "replicaCount: 2\nimage: {repository: nginx}\n"},
      {"chart/prod-values.yaml", "replicaCount: 2\n"},
      {"Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
      {"kustomization.yaml", "resources: [a.yaml]\n"},
      {"k.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"}};
  for (const auto& [name, text] : files) {
    EXPECT_THAT(beside(name, text, false), HasSubstr(": notice: ")) << name;
    EXPECT_THAT(beside(name, text, false), testing::Not(HasSubstr(": error: "))) << name;
    EXPECT_THAT(beside(name, text, true), HasSubstr(": error: ")) << name;
  }
  EXPECT_THAT(beside("values.yaml", "a: 1\n", true), HasSubstr("the values of a Helm chart, no manifest"));
  EXPECT_THAT(beside("kustomization.yml", "resources: [a.yaml]\n", true), HasSubstr("a kustomization: its patches"));
}

// Errors of a patch are those of a part: the kustomization says so beside them, also where it stands behind.
TEST(ApiServer, PatchesOfKustomizeAreNamedBesideTheirErrors) {
  const std::string patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 9}\n";
  const auto said = [&](const std::string& list, const std::string& file) {
    Loaded loaded;
    loaded.inputs.add_text("k8s/base/web.yaml", deployment("web", 1));
    loaded.inputs.add_text(file, patch);
    loaded.inputs.add_text("k8s/prod/kustomization.yaml", "resources: [../base]\n" + list);
    load(loaded, six_nodes());
    return loaded.errors();
  };
  for (const char* list : {"patchesStrategicMerge: [replicas.yaml]\n", "patches: [{path: ./replicas.yaml}]\n",
                           "patchesJson6902: [{target: {kind: Deployment, name: web}, path: replicas.yaml}]\n"}) {
    EXPECT_THAT(said(list, "k8s/prod/replicas.yaml"),
                HasSubstr("k8s/prod/replicas.yaml is one of its patches, no manifest of its own"))
        << list;
  }
  EXPECT_THAT(said("patches: [{path: ../replicas.yaml}]\n", "k8s/replicas.yaml"), HasSubstr("one of its patches"));
  EXPECT_THAT(said("patches: [{path: other.yaml}]\n", "k8s/prod/replicas.yaml"),
              testing::Not(HasSubstr("one of its patches")));
}

TEST(NameRules, AreThoseOfTheApiMachinery) {
  EXPECT_TRUE(is_dns_subdomain("a-1.b.c") && is_dns_subdomain("0"));
  EXPECT_FALSE(is_dns_subdomain("a..b") || is_dns_subdomain(".a") || is_dns_subdomain("a.-b") || is_dns_subdomain("A"));
  EXPECT_FALSE(is_dns_subdomain(std::string(254, 'a')));
  EXPECT_TRUE(is_dns_label("1a") && is_dns1035_label("a1"));
  EXPECT_FALSE(is_dns1035_label("1a") || is_dns_label("a.b") || is_dns_label(std::string(64, 'a')) || is_dns_label(""));
  EXPECT_TRUE(is_qualified_name("app.kubernetes.io/name") && is_qualified_name("a_B.c"));
  EXPECT_FALSE(is_qualified_name("a/b/c") || is_qualified_name("/a") || is_qualified_name("a/") ||
               is_qualified_name(""));
}

}  // namespace
}  // namespace knetsim
