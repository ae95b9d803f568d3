// Goal: a key that changes nothing is told of, once, and a key that some variant reads is not. Method: one key at a
// time, with the default and with a variant that reads it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "app/scenario/load_scenario.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

struct IdleKey {
  const char* set;
  const char* notice;
  const char* variant_that_reads;
};

void PrintTo(const IdleKey& key, std::ostream* out) { *out << key.set; }

std::vector<std::string> notices(const std::vector<std::string>& sets) {
  const auto loaded = load_scenario("configs/tutorial.yaml", {.sets = sets, .variants = {}});
  std::vector<std::string> messages;
  for (const Diagnostic& notice : loaded->diagnostics.notices()) messages.push_back(notice.message);
  return messages;
}

class IdleKeys : public testing::TestWithParam<IdleKey> {};

TEST_P(IdleKeys, AreToldOfUnlessAVariantReadsThem) {
  EXPECT_THAT(notices({GetParam().set}), testing::ElementsAre(testing::HasSubstr(GetParam().notice)));
  const std::string variants = std::string("variants={a: {}, b: ") + GetParam().variant_that_reads + "}";
  EXPECT_THAT(notices({GetParam().set, variants}), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Cluster, IdleKeys,
    testing::Values(
        IdleKey{"cluster.topology.leaves=3", "'leaves' here: it belongs to the topology leaf-spine",
                "{cluster.topology.kind: leaf-spine}"},
        IdleKey{"cluster.topology.spines=3", "'spines'", "{cluster.topology.kind: leaf-spine}"},
        IdleKey{"cluster.topology.uplink=40Gbps", "'uplink'", "{cluster.topology.kind: leaf-spine}"},
        IdleKey{"cluster.topology.k=4", "'k' here: it belongs to the topology fat-tree",
                "{cluster.topology.kind: fat-tree}"},
        IdleKey{"cluster.topology.oversubscription=2", "'oversubscription'", "{cluster.topology.kind: fat-tree}"},
        IdleKey{"cluster.proxy.scheduler=lc", "'scheduler' here: it belongs to the proxy mode ipvs",
                "{cluster.proxy.mode: ipvs}"},
        IdleKey{"cluster.background.endpointsPerService=5", "it belongs to background services",
                "{cluster.background.services: 10}"},
        IdleKey{"cluster.loadBalancer.failover=2s", "'failover' here: it belongs to the load balancer metallb-l2",
                "{cluster.loadBalancer.kind: metallb-l2}"},
        IdleKey{"cluster.loadBalancer.holdTime=9s", "'holdTime' here: it belongs to the load balancer metallb-bgp",
                "{cluster.loadBalancer.kind: metallb-bgp}"},
        IdleKey{"cluster.loadBalancer.rtt=1ms", "'rtt' here: it belongs to the load balancer proxy",
                "{cluster.loadBalancer.kind: proxy}"},
        IdleKey{"cluster.cni.notrack=true",
                "'notrack' here: it belongs to a tunnel that is tracked flow by flow, flannel's",
                "{cluster.cni.kind: flannel}"}));

TEST(IdleKeys, WithoutKubeProxyNothingOfItIsRead) {
  for (const char* key : {"cluster.proxy.syncPeriod=5s", "cluster.background.services=5"}) {
    EXPECT_THAT(notices({"cluster.proxy.mode=none", key}), testing::ElementsAre(testing::HasSubstr("nothing reads")))
        << key;
    EXPECT_THAT(notices({key}), testing::IsEmpty()) << key;
  }
}

// A datagram's socket has no end to wait for, nor has a connection that is kept for ever.
TEST(IdleKeys, AnEndThatNeverComesIsNotAwaited) {
  const std::string close = "workloads.ask.connection.awaitClose=true";
  EXPECT_THAT(notices({close, "workloads.ask.connection.requestsPerConnection=0"}),
              testing::ElementsAre(testing::HasSubstr("nothing reads 'awaitClose' here")));
  EXPECT_THAT(notices({close}), testing::IsEmpty());
}

TEST(IdleKeys, MachinesOfTheScenarioAreToldOfWhereTheManifestsBringNodes) {
  TemporaryFolder folder;
  const std::string node =
      "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nstatus: {capacity: {cpu: \"8\", memory: 8Gi}}\n";
  folder.write("m.yaml", app_manifests("web", 1) + app_manifests("client", 1) + node);
  const std::string costs = "costs: " KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n";
  const auto notices_with = [&](const std::string& nodes) {
    const std::string path =
        folder.write("s.yaml", scenario_text(costs + "cluster: {nodes: " + nodes + "}\n" + kBrowse));
    return render(load_scenario(path, {})->diagnostics.notices());
  };
  EXPECT_THAT(notices_with("{count: 3}"), testing::HasSubstr("the manifests bring 1 Node objects"));
  EXPECT_THAT(notices_with("{cpu: 4}"), testing::HasSubstr("are not read"));
  EXPECT_EQ(notices_with("{nic: 10Gbps, cpuFactor: 2}"), "");
}

// The ConfigMap as kubeadm writes it, shortened; kube-proxy takes an empty mode for iptables.
TEST(KubeProxyConfigMap, IsToldOfWhereNoVariantHasItsMode) {
  TemporaryFolder folder;
  const std::string costs = "costs: " KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n";
  const auto notices_with = [&](const std::string& mode, const std::string& cluster, const std::string& ns) {
    folder.write("m.yaml", app_manifests("web", 1) + app_manifests("client", 1) +
                               "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: " + ns +
                               "}\ndata:\n  config.conf: |-\n    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n"
                               "    bindAddress: 0.0.0.0\n    iptables: {masqueradeAll: false}\n"
                               "    kind: KubeProxyConfiguration\n    mode: " +
                               mode + "\n    nodePortAddresses: null\n  kubeconfig.conf: ''\n");
    const std::string path = folder.write("s.yaml", scenario_text(costs + cluster + kBrowse));
    std::string text = render(load_scenario(path, {})->diagnostics.notices());
    for (std::size_t at = text.find(folder.path().string()); at != std::string::npos;
         at = text.find(folder.path().string())) {
      text.erase(at, folder.path().string().size() + 1);
    }
    return text;
  };
  EXPECT_EQ(notices_with("ipvs", "", "kube-system"),
            "m.yaml:43:3: notice: kube-proxy's ConfigMap has the mode ipvs, simulated is iptables; "
            "'cluster.proxy.mode: ipvs' in a scenario sets it\n"
            "  --> ConfigMap kube-system/kube-proxy, data[\"config.conf\"]\n"
            "   |\n"
            "43 |   config.conf: |-\n"
            "   |   ^^^^^^^^^^^\n");
  EXPECT_THAT(notices_with("\"\"", "cluster: {proxy: {mode: nftables}}\n", "kube-system"),
              testing::HasSubstr("has the mode iptables, simulated is nftables"));
  EXPECT_THAT(notices_with("nftables", "variants: {a: {}, b: {cluster.proxy.mode: ipvs}, c: {run.noise: off}}\n",
                           "kube-system"),
              testing::HasSubstr("simulated are iptables, ipvs; 'cluster.proxy.mode: nftables'"));
  EXPECT_THAT(notices_with("userspace", "", "kube-system"), testing::HasSubstr("there is no such model"));
  EXPECT_EQ(notices_with("ipvs", "cluster: {proxy: {mode: ipvs}}\n", "kube-system"), "");
  EXPECT_EQ(notices_with("ipvs", "variants: {a: {}, b: {cluster.proxy.mode: ipvs}}\n", "kube-system"), "");
  EXPECT_EQ(notices_with("\"\"", "", "kube-system"), "");
  EXPECT_EQ(notices_with("ipvs", "", "shop"), "");
  EXPECT_EQ(notices_with("[broken", "", "kube-system"), "");
}

TEST(KubernetesVersion, OneThatIsNotKnownIsToldOf) {
  EXPECT_THAT(notices({"cluster.kubernetes=9.99"}), testing::ElementsAre(testing::HasSubstr("those of 1.36")));
  EXPECT_THAT(notices({"cluster.kubernetes=1.36"}), testing::IsEmpty());
}

}  // namespace
}  // namespace knetsim
