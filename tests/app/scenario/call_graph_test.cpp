// Goal: names of apps, calls and workloads become edges with the right target.
// Method: small clusters whose endpoints are known; mistakes are golden texts in scenario_errors_test.cpp.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/experiment/simulation.h"
#include "app/scenario/target_lookup.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

std::string workload(const std::string& to) {
  return "workloads: {browse: {from: app=client, to: " + to + ", arrivals: {constant: 100/s}}}\n";
}

const EdgeSpec* edge_named(const CallGraph& graph, const std::string& name) {
  for (const EdgeSpec& edge : graph.traffic.edges) {
    if (edge.name == name) return &edge;
  }
  return nullptr;
}

const EdgeTarget& target_of(const CallGraph& graph, const std::string& name) {
  return graph.targets[static_cast<std::size_t>(edge_named(graph, name) - graph.traffic.edges.data())];
}

TEST(CallGraph, StepsFollowTheCallsAndInnerListsAreConcurrent) {
  Bound bound(
      scenario_text("apps: {web: {work: 1ms, calls: [[cart, catalog], sleep: 2ms, cart]}}\n" + workload("web")),
      app_manifests("web", 2) + app_manifests("cart", 1) + app_manifests("catalog", 1) + app_manifests("client", 3));
  ASSERT_EQ(bound.errors(), "");
  const TrafficPlan& plan = bound.graph.traffic;
  ASSERT_EQ(plan.apps.size(), 1u);
  ASSERT_EQ(plan.apps[0].steps.size(), 4u);
  EXPECT_DOUBLE_EQ(plan.apps[0].steps[0].work_seconds->mean(), 1e-3);
  EXPECT_EQ(plan.apps[0].steps[1].calls.size(), 2u);
  EXPECT_DOUBLE_EQ(plan.apps[0].steps[2].sleep_seconds->mean(), 2e-3);
  EXPECT_EQ(plan.apps[0].steps[3].calls.size(), 1u);
  EXPECT_NE(edge_named(bound.graph, "web > cart (2)"), nullptr);
  EXPECT_EQ(plan.app_of_pod, (std::vector<AppIndex>{0, 0, kNoIndex, kNoIndex, kNoIndex, kNoIndex, kNoIndex}));
  ASSERT_EQ(plan.sources.size(), 1u);
  EXPECT_EQ(plan.sources[0].clients, (std::vector<PodIndex>{4, 5, 6}));
  EXPECT_EQ(std::get<ConstantArrivals>(plan.sources[0].arrivals).per_second, 100);
  EXPECT_EQ(target_of(bound.graph, "browse").exposure, Exposure::ClusterIp);
}

TEST(CallGraph, PoolsOfConnectionsAreOfWorkloadsAndOfCalls) {
  Bound bound(
      scenario_text("apps: {web: {calls: [{to: cart, requestsPerConnection: 0, maxConnections: 4, "
                    "idleTimeout: 90s}, catalog]}}\n"
                    "workloads: {browse: {from: app=client, to: web, arrivals: {constant: 100/s}, connection: "
                    "{requestsPerConnection: 100, maxConnections: 2, idleTimeout: 1m}}}\n"),
      app_manifests("web", 1) + app_manifests("cart", 1) + app_manifests("catalog", 1) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const auto policy = [&](const char* edge) { return edge_named(bound.graph, edge)->connections; };
  EXPECT_EQ(policy("web > cart").requests, 0u);
  EXPECT_EQ(policy("web > cart").limit, 4u);
  EXPECT_EQ(policy("web > cart").idle_timeout, std::chrono::seconds(90));
  EXPECT_EQ(policy("web > catalog").requests, 1u);
  EXPECT_EQ(policy("web > catalog").limit, 0u);
  EXPECT_EQ(policy("browse").requests, 100u);
  EXPECT_EQ(policy("browse").limit, 2u);
  EXPECT_EQ(policy("browse").idle_timeout, std::chrono::minutes(1));
}

TEST(CallGraph, WithoutAProxyClientsAddressTheEndpoints) {
  Bound bound(scenario_text("cluster: {proxy: {mode: none}}\n" + workload("web")),
              app_manifests("web", 3) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const EdgeTarget& target = target_of(bound.graph, "browse");
  EXPECT_EQ(target.exposure, Exposure::PodIp);
  EXPECT_EQ(target.port, kNoIndex);
  ASSERT_EQ(target.direct.size(), 3u);
  EXPECT_EQ(target.direct[0].port, 8080);
}

TEST(CallGraph, NodePortsAreFoundByServiceAndByNumber) {
  std::string manifests = app_manifests("web", 1) + app_manifests("client", 1);
  manifests +=
      "apiVersion: v1\nkind: Service\nmetadata: {name: out}\nspec:\n  type: NodePort\n  selector: {app: web}\n"
      "  ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}]\n";
  Bound by_name(scenario_text(workload("{nodePort: out}")), manifests);
  ASSERT_EQ(by_name.errors(), "");
  EXPECT_EQ(target_of(by_name.graph, "browse").exposure, Exposure::NodePort);
  EXPECT_EQ(target_of(by_name.graph, "browse").through, kNoIndex);
  const std::string node(by_name.loaded->cluster.nodes[1].name);
  Bound by_number(scenario_text(workload("{nodePort: 30080, through: " + node + "}")), manifests);
  ASSERT_EQ(by_number.errors(), "");
  EXPECT_EQ(target_of(by_number.graph, "browse").port, target_of(by_name.graph, "browse").port);
  EXPECT_EQ(target_of(by_number.graph, "browse").through, 1u);
}

TEST(CallGraph, ExternalIpsAreFoundByServiceAndByAddressAndLoadBalancersByTheirOwn) {
  std::string manifests = app_manifests("web", 1) + app_manifests("client", 1);
  for (const char* one : {"out", "too"}) {
    manifests += fmt::format(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec:\n  type: LoadBalancer\n  selector: {{app: web}}\n"
        "  externalIPs: [198.51.100.9, 198.51.100.10]\n  loadBalancerSourceRanges: [10.244.0.0/16]\n"
        "  ports: [{{name: http, port: {}, targetPort: http}}]\n---\n",
        one, one == std::string("out") ? 80 : 81);
  }
  Bound by_name(scenario_text(workload("{externalIP: out}")), manifests);
  ASSERT_EQ(by_name.errors(), "");
  EXPECT_EQ(target_of(by_name.graph, "browse").exposure, Exposure::ExternalIp);
  EXPECT_EQ(target_of(by_name.graph, "browse").external, 0U);
  EXPECT_FALSE(target_of(by_name.graph, "browse").admitted);
  // Both have the address; the port tells which is meant.
  Bound by_address(scenario_text(workload("{externalIP: '198.51.100.10:81'}")), manifests);
  ASSERT_EQ(by_address.errors(), "");
  const EdgeTarget& second = target_of(by_address.graph, "browse");
  EXPECT_EQ(by_address.loaded->cluster.services[second.service].name, "too");
  EXPECT_EQ(second.external, 1U);
  Bound balancer(scenario_text(workload("{loadBalancer: out}")), manifests);
  ASSERT_EQ(balancer.errors(), "");
  const EdgeTarget& short_cut = target_of(balancer.graph, "browse");
  EXPECT_EQ(short_cut.exposure, Exposure::ExternalIp);
  EXPECT_EQ(short_cut.external, 2U) << "behind the external IPs";
  EXPECT_FALSE(short_cut.balanced);
  ASSERT_TRUE(short_cut.admitted);
  EXPECT_EQ(short_cut.admitted->size(), 1U);
}

TEST(CallGraph, HostPortsAreAtTheNodesAddress) {
  Bound bound(
      scenario_text(workload("{hostPort: web}") +
                    "patches: {Deployment/web: {\"spec.template.spec.containers[0].ports[0].hostPort\": 9090}}\n"),
      app_manifests("web", 2) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const EdgeTarget& target = target_of(bound.graph, "browse");
  EXPECT_EQ(target.exposure, Exposure::HostPort);
  ASSERT_EQ(target.direct.size(), 2u);
  EXPECT_EQ(target.direct[0].port, 9090);
  EXPECT_EQ(target.direct[0].address, bound.loaded->cluster.nodes[target.direct[0].node].ip);
}

TEST(CallGraph, ContainersOfAPodMeetOverItsLoopback) {
  Bound bound(scenario_text("apps: {web: {calls: ['localhost:6379']}, web/redis: {work: 20us, workers: 1}}\n" +
                            workload("web")),
              app_manifests("web", 2, "      - {name: redis, image: x, ports: [{containerPort: 6379}]}\n") +
                  app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  const EdgeSpec* edge = edge_named(bound.graph, "web > localhost:6379");
  ASSERT_NE(edge, nullptr);
  EXPECT_TRUE(edge->loopback);
  EXPECT_EQ(bound.graph.traffic.apps[edge->app].name, "web/redis");
  EXPECT_TRUE(target_of(bound.graph, edge->name).loopback);
  EXPECT_EQ(bound.graph.traffic.app_of_pod[0], 0u) << "the pod itself serves as web";
}

TEST(CallGraph, PodsAndPortsOfOtherNamesAreFound) {
  Bound bound(scenario_text("apps: {web: {calls: ['cart:http', 'pod:cart', 'pod:cart:8080', default/cart]}}\n" +
                            workload("{pod: web, port: http}")),
              app_manifests("web", 1) + app_manifests("cart", 2) + app_manifests("client", 1));
  ASSERT_EQ(bound.errors(), "");
  EXPECT_EQ(target_of(bound.graph, "web > cart:http").exposure, Exposure::ClusterIp);
  EXPECT_EQ(target_of(bound.graph, "web > pod:cart").direct.size(), 2u);
  EXPECT_EQ(target_of(bound.graph, "web > pod:cart:8080").direct[0].port, 8080);
  EXPECT_EQ(target_of(bound.graph, "web > default/cart").port, target_of(bound.graph, "web > cart:http").port);
  EXPECT_EQ(target_of(bound.graph, "browse").direct.size(), 1u);
}

// Whatever its name: a mode may serve cluster IPs alone.
TEST(CallGraph, NodePortsThatTheModeDoesNotServeAreRefusedByItsName) {
  const Bound bound(scenario_text(workload("web")),
                    app_manifests("web", 1) + app_manifests("client", 1) +
                        "apiVersion: v1\nkind: Service\nmetadata: {name: out}\n"
                        "spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, "
                        "targetPort: http, nodePort: 30080}]}\n");
  ASSERT_EQ(bound.errors(), "");
  ProxyInfo mode = *proxy_mode_named("nftables");
  mode.name = "toy";
  const auto refusal = [&](ExposureSet serves) {
    mode.serves = serves;
    Diagnostics diagnostics;
    TargetLookup lookup(bound.loaded->cluster, {.mode = mode}, diagnostics);
    const bool found = lookup.node_port("out", "default", "", "", Protocol::Tcp, {}).has_value();
    EXPECT_EQ(found, !diagnostics.has_errors());
    return render(diagnostics.errors());
  };
  EXPECT_EQ(refusal({Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort}), "");
  EXPECT_THAT(refusal({Exposure::PodIp, Exposure::ClusterIp}),
              testing::HasSubstr("with the proxy mode toy no node serves node ports"));
  EXPECT_THAT(refusal({Exposure::PodIp}), testing::HasSubstr("or 'hostPort:', or 'pod:' from inside"));
}

// As in a cluster, where kube-proxy rejects: no mistake of the scenario, and the run shows it.
TEST(CallGraph, AServiceWithoutEndpointsRefusesItsConnections) {
  const std::string empty =
      "apiVersion: v1\nkind: Service\nmetadata: {name: gone}\nspec:\n  selector: {app: nobody}\n  ports: [{port: "
      "80}]\n";
  for (const char* mode : {"iptables", "ipvs", "nftables", "none"}) {
    Ready scene("cluster: {proxy: {mode: " + std::string(mode) + "}}\napps: {web: {calls: [gone]}}\n" +
                    "workloads:\n  ask: {from: app=client, to: gone, arrivals: {constant: 50/s}}\n"
                    "  through: {from: app=client, to: web, arrivals: {constant: 20/s}}\n",
                app_manifests("web", 1) + app_manifests("client", 1) + empty);
    ASSERT_EQ(scene.loaded->warnings.size(), 2u) << mode;  // at the call and at the workload
    EXPECT_EQ(
        scene.loaded->warnings[1].message,
        "Service gone has no endpoints: no ready pod with app=nobody has its port; connections to it are refused");
    const PointResult result = simulate(scene.variant(), 0);
    for (EdgeIndex edge = 0; edge < result.edges.size(); ++edge) {
      const bool to_gone = scene.variant().traffic.edges[edge].target == "gone";
      EXPECT_EQ(result.edges[edge].ok, 0u) << mode;  // web answers with an error: its call failed
      EXPECT_GE(result.edges[edge].errors, 19u) << mode << (to_gone ? " gone" : " web");
      EXPECT_EQ(result.edges[edge].timeouts, 0u) << mode;
    }
  }
}

// What is not there has a reason: a Job that is not run, a Service that no IPv4 traffic reaches.
TEST(CallGraph, TargetsThatAreNotServedSayWhy) {
  const auto errors = [](const std::string& to, const std::string& extra) {
    return Bound(scenario_text("workloads: {ask: {from: app=client, to: {" + to + "}, arrivals: {poisson: 10/s}}}\n"),
                 app_manifests("web", 1) + app_manifests("client", 1) + extra)
        .errors();
  };
  const std::string job =
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
  EXPECT_THAT(errors("pod: j", job), testing::HasSubstr("the pods of Job j are not run: a Job is not simulated"));
  EXPECT_THAT(errors("pod: webb", job), testing::HasSubstr("did you mean 'web'?"));
  for (const char* spec : {"type: NodePort", "clusterIP: None"}) {
    const std::string v6 = std::string("apiVersion: v1\nkind: Service\nmetadata: {name: six}\nspec: {") + spec +
                           ", ipFamilies: [IPv6], selector: {app: web}, ports: [{port: 80}]}\n";
    EXPECT_THAT(errors("service: six", v6), testing::HasSubstr("Service six has IPv6 addresses alone")) << spec;
  }
}

TEST(CallGraph, CallingTwiceIsNoCircle) {
  // A diamond: a calls b and c, both call d.
  Bound bound(scenario_text("apps: {a: {calls: [b, c]}, b: {calls: [d]}, c: {calls: [d]}, d: {}}\n"
                            "workloads: {browse: {from: app=client, to: a, arrivals: {poisson: 1/s}}}\n"),
              app_manifests("a", 1) + app_manifests("b", 1) + app_manifests("c", 1) + app_manifests("d", 1) +
                  app_manifests("client", 1));
  EXPECT_EQ(bound.errors(), "");
  EXPECT_EQ(bound.graph.traffic.edges.size(), 5u);
}

}  // namespace
}  // namespace knetsim
