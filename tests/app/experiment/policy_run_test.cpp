// Goal: in a run exactly the connections that network policies forbid fail, as their enforcer has them fail, and are counted
// by policy. Method: constant arrivals of one connection a request, from clients that are allowed beside some that are not.

#include <gmock/gmock.h>

#include <algorithm>

#include "app/experiment/simulation.h"
#include "app/scenario/variant_models.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string policy_of(const std::string& name, const std::string& spec) {
  return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + "}\nspec: " + spec +
         "\n---\n";
}

const std::string kOnlyClient =
    policy_of("only-client",
              "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: "
              "client}}}], ports: [{port: http}]}]}");
const std::string kNoEgress =
    policy_of("no-egress", "{podSelector: {matchLabels: {app: stranger}}, policyTypes: [Egress]}");

/// A part of a pod's spec.
std::string on_node(const std::string& name) { return "      nodeName: " + name + "\n"; }

/// `good` asks from client, `bad` from stranger, 100 connections a second each for a second.
struct PolicyRun {
  Ready scene;
  PointResult result;

  PolicyRun(const std::string& cni, const std::string& policies, const std::string& proxy = "iptables")
      : scene("cluster: {nodes: {count: 2, cpu: 8}, cni: {" + cni + "}, proxy: {mode: " + proxy +
                  "}}\n"
                  "workloads:\n"
                  "  good: {from: app=client, to: web, arrivals: {constant: 100/s}, timeout: 500ms}\n"
                  "  bad: {from: app=stranger, to: web, arrivals: {constant: 100/s}, timeout: 500ms}\n",
              policies + app_manifests("web", 3) + app_manifests("client", 2) + app_manifests("stranger", 2),
              "{duration: 1s, warmUp: 0s}"),
        result(simulate(scene.variant(), 0)) {}

  const EdgeStats& edge(const std::string& name) const {
    const auto& edges = scene.loaded->variants.front().traffic.edges;
    const auto found = std::ranges::find(edges, name, &EdgeSpec::name);
    return result.edges[static_cast<std::size_t>(found - edges.begin())];
  }
  std::string warnings() const { return render(scene.loaded->warnings); }
};

void expect_all_well(const EdgeStats& edge) {
  EXPECT_EQ(edge.asked, 100U);
  EXPECT_EQ(edge.ok, edge.asked);
}

TEST(PolicyRun, WhatIngressForbidsIsRefusedByRules) {
  const PolicyRun run("kind: flannel, policy: iptables", kOnlyClient);
  expect_all_well(run.edge("good"));
  const EdgeStats& bad = run.edge("bad");
  EXPECT_EQ(bad.asked, 100U);
  EXPECT_EQ(bad.errors, 100U);
  EXPECT_EQ(bad.errors_by_failure[static_cast<std::size_t>(Failure::Refused)], 100U);
  ASSERT_EQ(run.result.denied.size(), 1U);
  const DeniedConnections& denied = run.result.denied.front();
  EXPECT_EQ(denied.direction, PolicyDirection::Ingress);
  EXPECT_TRUE(denied.refused);
  ASSERT_EQ(denied.by.size(), 1U);
  EXPECT_EQ(run.scene.loaded->variants.front().models->policies->name(denied.by[0]), "default/only-client");
  EXPECT_GE(denied.connections, 100U) << "with those of the drain";
  EXPECT_THAT(run.warnings(),
              HasSubstr("network policies forbid the connections of 'bad', which are refused: ingress of"));
  EXPECT_THAT(run.warnings(), Not(HasSubstr("'good'")));
}

TEST(PolicyRun, WhatIsDroppedEndsAtItsTimeout) {
  for (const char* cni : {"kind: flannel, policy: iptables, denied: drop", "kind: calico", "kind: cilium"}) {
    const PolicyRun run(cni, kOnlyClient, std::string(cni) == "kind: cilium" ? "ebpf" : "iptables");
    expect_all_well(run.edge("good"));
    EXPECT_EQ(run.edge("bad").timeouts, 100U) << cni;
    EXPECT_EQ(run.edge("bad").errors, 0U) << cni;
    ASSERT_EQ(run.result.denied.size(), 1U) << cni;
    EXPECT_FALSE(run.result.denied.front().refused) << cni;
  }
}

// The stranger's own node rejects its SYNs: they never reach the other policy.
TEST(PolicyRun, EgressIsMetBeforeIngress) {
  const PolicyRun run("kind: routed", kOnlyClient + kNoEgress);
  EXPECT_EQ(run.edge("bad").errors_by_failure[static_cast<std::size_t>(Failure::Refused)], 100U);
  ASSERT_EQ(run.result.denied.size(), 1U);
  EXPECT_EQ(run.result.denied.front().direction, PolicyDirection::Egress);
}

TEST(PolicyRun, BridgeAndFlannelEnforceNothingAndSaySo) {
  const PolicyRun run("kind: flannel", kOnlyClient);
  expect_all_well(run.edge("bad"));
  EXPECT_TRUE(run.result.denied.empty());
  EXPECT_THAT(render(run.scene.loaded->diagnostics.notices()),
              HasSubstr("network policies: the pod network enforces none (cluster.cni.policy)"));
  const PolicyRun without("kind: flannel", "");
  EXPECT_EQ(run.result.events, without.result.events);
}

TEST(PolicyRun, WhatIsAllowedPaysItsWalk) {
  const PolicyRun with("kind: flannel, policy: iptables", policy_of("all", "{podSelector: {}, ingress: [{}]}"));
  const PolicyRun without("kind: flannel", "");
  expect_all_well(with.edge("good"));
  EXPECT_TRUE(with.result.denied.empty());
  EXPECT_GT(with.edge("good").rules_evaluated, without.edge("good").rules_evaluated);
}

// By hand, from kube-router's pod.go and policy.go, one pod a node. FORWARD of a new packet: the jump, four rules of the one
// pod, six of its own chain beside those for policies, the marked ACCEPT: 12, and 3 for the client's pod (the default for
// egress and its MARK, a jump to the policy that does not match), 4 for the server's (the default for egress, which does
// not match, the jump, MARK and RETURN). Its answer: 1 + 3 + 1 where its source is, 1 + 1 + 1 where its destination is.
// kube-proxy's own rules stand in tables of their own with nftables, and count as before.
TEST(PolicyRun, WhatIsAllowedMeetsTheRulesOfBothPods) {
  const auto rules_with = [](const std::string& policies) {
    Ready scene(
        "cluster: {nodes: {count: 2, cpu: 8}, cni: {kind: routed}, proxy: {mode: nftables}}\n"
        "workloads: {ask: {from: app=client, to: web, arrivals: {constant: 100/s}}}\n",
        policies + app_manifests("web", 1, on_node("node-0")) + app_manifests("client", 1, on_node("node-1")),
        "{duration: 1s, warmUp: 0s}");
    const EdgeStats edge = simulate(scene.variant(), 0).edges.front();
    EXPECT_EQ(edge.ok, 100U);
    return edge.rules_evaluated / static_cast<double>(edge.connections);
  };
  EXPECT_NEAR(rules_with(policy_of("all", "{podSelector: {}, ingress: [{}]}")) - rules_with(""),
              (12 + 3) + (12 + 4) + 5 + 3, 1e-3);
}

// Asked at the other node a client outside has that node's address for the pod's node, behind its masquerade: a block of
// the client's own addresses lets in what came by the pod's node alone, where rules see it before they masquerade.
TEST(PolicyRun, ABlockIsMatchedWithTheSourceThatThePodsNodeSees) {
  const auto errors_by = [](const std::string& node) {
    Ready scene(
        "cluster: {nodes: {count: 2, cpu: 8}, cni: {kind: routed}}\n"
        "patches: {Service/web: {spec.type: NodePort}}\n"
        "workloads: {ask: {from: {external: {count: 2, rtt: 1ms}}, to: {nodePort: web, through: " +
            node + "}, arrivals: {constant: 100/s}}}\n",
        policy_of("outside",
                  "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: "
                  "198.18.0.0/15}}]}]}") +
            app_manifests("web", 1, on_node("node-0")));
    return simulate(scene.variant(), 0).edges.front().errors;
  };
  EXPECT_EQ(errors_by("node-0"), 0U);
  EXPECT_EQ(errors_by("node-1"), 100U);
}

TEST(PolicyRun, AnEnforcerOfAnotherNetworkIsAnError) {
  EXPECT_THROW(PolicyRun("kind: flannel, policy: ebpf", kOnlyClient), ConfigError);
  EXPECT_THROW(PolicyRun("kind: cilium, policy: iptables", kOnlyClient, "ebpf"), ConfigError);
  EXPECT_THROW(PolicyRun("kind: calico, policy: iptables", kOnlyClient), ConfigError);
  EXPECT_THROW(PolicyRun("kind: routed, policy: calico", kOnlyClient), ConfigError);
}

}  // namespace
}  // namespace knetsim
