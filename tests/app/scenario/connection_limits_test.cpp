// Goal: what a cluster's kernel would run out of at the rates of a scenario is told before the run. Method: rates whose
// limits follow from the kernel's constants by hand: 28,232 local ports (32768 to 60999) of which each waits 60 s, so
// 470 connections a second from one address to one destination; 64,512 ports of a masquerading node that conntrack
// keeps 120 s, so 537; 131,072 entries of conntrack on nodes of up to four cores, 32,768 a core beyond.

#include "app/scenario/connection_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/scenario/traffic_rates.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string scene_of(const std::string& workload, const std::string& cluster = "{nodes: {count: 2, cpu: 4}}") {
  return "cluster: " + cluster + "\nworkloads: {ask: {from: app=client, to: web, " + workload + "}}\n";
}

std::string pods(int clients, int servers) { return app_manifests("client", clients) + app_manifests("web", servers); }

struct Told {
  Ready scene;
  ConnectionLimits limits;
  std::string notices;
  Told(const std::string& body, const std::string& manifests, const std::string& run)
      : scene(body, manifests, run),
        limits(connection_limits(scene.variant())),
        notices(render(scene.loaded->warnings)) {}
  double last_s(std::size_t edge = 0) const { return limits.ports.at(edge).ports_last_s; }
};

TEST(ConnectionLimits, LocalPortsLastAsLongAsTheirNumberOverTheRate) {
  const Told told(scene_of("arrivals: {constant: 2000/s}"), pods(1, 1), "{duration: 90s}");
  EXPECT_DOUBLE_EQ(told.last_s(), 28'232.0 / 2'000);
  EXPECT_NEAR(told.limits.ports[0].lasting_per_second, 470.5, 0.1);
  EXPECT_THAT(told.notices, HasSubstr("28,232 local ports last 14.1s"));
  EXPECT_THAT(told.notices, HasSubstr("s.yaml:"));
  EXPECT_FALSE(told.scene.loaded->warnings.front().unsupported) << "the run has it";
  EXPECT_TRUE(table_limits(told.scene.loaded->variants.front()).local_ports);
}

// The socket of a connection that connect() translates has the endpoint's address, and programs carry its packets past conntrack.
TEST(ConnectionLimits, WhereTheSystemCallTranslatesEndpointsAreTheDestinations) {
  const Told told(scene_of("arrivals: {constant: 2000/s}", "{cni: {kind: cilium}, proxy: {mode: ebpf}}"), pods(1, 3),
                  "{duration: 20s}");
  EXPECT_EQ(told.limits.ports[0].destinations, 3U);
  EXPECT_DOUBLE_EQ(told.last_s(), 3 * 28'232.0 / 2'000);
  EXPECT_FALSE(table_limits(told.scene.loaded->variants.front()).any());
}

TEST(ConnectionLimits, ARunThatEndsBeforeIsLeftInPeace) {
  const Told told(scene_of("arrivals: {constant: 2000/s}"), pods(1, 1), "{duration: 10s, warmUp: 4s}");
  EXPECT_DOUBLE_EQ(told.last_s(), 28'232.0 / 2'000);
  EXPECT_EQ(told.notices, "");
}

TEST(ConnectionLimits, RatesAreThoseOfOneAddressAndOfConnections) {
  const auto forever = [](const std::string& workload, int clients, int servers = 1) {
    return std::isinf(Told(scene_of(workload), pods(clients, servers), "{duration: 1h}").last_s());
  };
  EXPECT_TRUE(forever("arrivals: {poisson: 470/s}", 1));
  EXPECT_FALSE(forever("arrivals: {poisson: 471/s}", 1));
  EXPECT_TRUE(forever("arrivals: {poisson: 1880/s}", 4));
  EXPECT_FALSE(forever("arrivals: {poisson: 1884/s}", 4));
  EXPECT_TRUE(forever("arrivals: {poisson: 4700/s}, connection: {requestsPerConnection: 10}", 1));
  EXPECT_TRUE(forever("arrivals: {poisson: 9000/s}, connection: {requestsPerConnection: 0}", 1));
}

// A port is taken while its connection is open and then for 60 s: 300 a second of 100 s each use up 28,232 after 94 s.
TEST(ConnectionLimits, PortsOfConnectionsThatStayOpenCountFromWhenTheyAreOpened) {
  const std::string slow = "apps: {web: {workers: 100000, calls: [{sleep: 100s}]}}\n" +
                           scene_of("arrivals: {constant: 300/s}, timeout: 1000s");
  const Told brief(slow, pods(1, 1), "{duration: 10s}");
  EXPECT_EQ(brief.notices, "");
  EXPECT_DOUBLE_EQ(brief.last_s(), 28'232.0 / 300);
  EXPECT_THAT(Told(slow, pods(1, 1), "{duration: 100s}").notices,
              HasSubstr("local ports last 1m34s, since each is open for 1m40s and each waits 1m in TIME_WAIT"));
}

// Each attempt opens a connection: where the answer takes longer than the timeout, six of them.
TEST(ConnectionLimits, RetriesTakePortsToo) {
  const std::string late =
      "apps: {web: {work: 50ms}}\n" + scene_of("arrivals: {constant: 400/s}, timeout: 10ms, retries: {attempts: 5}");
  EXPECT_DOUBLE_EQ(Told(late, pods(1, 1), "{duration: 90s}").last_s(), 28'232.0 / 2'400);
  const std::string in_time =
      "apps: {web: {work: 5ms}}\n" + scene_of("arrivals: {constant: 400/s}, timeout: 10ms, retries: {attempts: 5}");
  EXPECT_TRUE(std::isinf(Told(in_time, pods(1, 1), "{duration: 90s}").last_s()));
}

TEST(ConnectionLimits, DestinationsAreWhatTheClientAddresses) {
  // A cluster IP is one, pods behind it are several where they are asked themselves.
  const auto destinations = [](const std::string& body, const std::string& manifests) {
    return Told(body, manifests, "{duration: 1s}").limits.ports.at(0).destinations;
  };
  EXPECT_EQ(destinations(scene_of("arrivals: {poisson: 10/s}"), pods(1, 3)), 1u);
  EXPECT_EQ(
      destinations("workloads: {ask: {from: app=client, to: {pod: web}, arrivals: {poisson: 10/s}}}\n", pods(1, 3)),
      3u);
  EXPECT_EQ(destinations(scene_of("arrivals: {poisson: 10/s}", "{proxy: {mode: none}}"), pods(1, 3)), 3u);
}

TEST(ConnectionLimits, WorkloadsOfOneAddressToOnePlaceShareItsPorts) {
  const Told told(
      "workloads:\n"
      "  one: {from: app=client, to: web, arrivals: {poisson: 300/s}}\n"
      "  two: {from: app=client, to: web, arrivals: {poisson: 300/s}}\n"
      "  elsewhere: {from: app=client, to: {pod: web}, arrivals: {poisson: 300/s}}\n",
      pods(1, 1), "{duration: 60s}");
  EXPECT_DOUBLE_EQ(told.last_s(0), 28'232.0 / 600);
  EXPECT_TRUE(std::isinf(told.last_s(2)));
}

TEST(ConnectionLimits, HostNetworkPodsShareTheirNodesAddress) {
  // No ports, since two pods of one node cannot open the same one.
  const std::string clients =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: client}\nspec:\n  replicas: 3\n"
      "  selector: {matchLabels: {app: client}}\n  template:\n    metadata: {labels: {app: client}}\n"
      "    spec: {nodeName: a, hostNetwork: true, containers: [{name: c, image: x}]}\n---\n";
  const Told told(scene_of("arrivals: {poisson: 900/s}", "{}"), clients + app_manifests("web", 1), "{duration: 60s}");
  EXPECT_DOUBLE_EQ(told.last_s(), 28'232.0 / 900);
  EXPECT_THAT(told.notices, HasSubstr("(Node a)"));
}

TEST(ConnectionLimits, AClosedLoopIsBoundedByItsPausesAndTheWorkOfThoseItAsks) {
  // 100 users, each 1 s of thought and 50 ms of work: at most 95.2 a second.
  const std::string loop = "arrivals: {closed: {users: 100, think: 1s}}";
  Ready slow("apps: {web: {work: 50ms}}\n" + scene_of(loop), pods(1, 1));
  const EdgeRate rate = edge_rates(slow.variant()).at(0);
  EXPECT_TRUE(rate.at_most);
  EXPECT_NEAR(rate.per_second, 100 / 1.05, 0.1);
  EXPECT_DOUBLE_EQ(rate.least_seconds, 0.05);
  // Sixteen workers of 50 ms answer 320 a second, however many ask without a pause.
  Ready fast("apps: {web: {work: 50ms}}\n" + scene_of("arrivals: {closed: {users: 1000}}"), pods(1, 1));
  EXPECT_DOUBLE_EQ(edge_rates(fast.variant()).at(0).per_second, 320);
}

TEST(ConnectionLimits, CallsHaveTheRateOfWhatCausesThem) {
  // Two pods of web get 600 a second, and each calls cart twice: 600 a second of each pod to one destination.
  const Told told("apps: {web: {calls: [cart, [cart]]}}\n" + scene_of("arrivals: {poisson: 600/s}"),
                  pods(3, 2) + app_manifests("cart", 1), "{duration: 60s}");
  const auto& edges = told.scene.loaded->variants.front().traffic.edges;
  for (const PortUse& use : told.limits.ports) {
    EXPECT_DOUBLE_EQ(use.per_second, edges[use.edge].name == "ask" ? 200 : 600) << edges[use.edge].name;
  }
  EXPECT_THAT(told.notices, HasSubstr("'web > cart' opens 600 connections a second from one address (Pod web-"));
}

TEST(ConnectionLimits, WhoEverClosesFirstWaits) {
  const Told told(scene_of("arrivals: {poisson: 5000/s}, connection: {awaitClose: true}"), pods(1, 1),
                  "{duration: 60s}");
  EXPECT_TRUE(std::isinf(told.last_s())) << "the server's FIN comes first, and its port is no local one";
}

TEST(ConnectionLimits, ConntrackKeepsAConnectionForTwoMinutesAfterItsEnd) {
  // 4,000/s of 4 clients, of which every connection passes both nodes: 240,000 entries after 60 s.
  const std::string manifests =
      app_manifests("client", 10, "      nodeName: a\n") + app_manifests("web", 1, "      nodeName: b\n");
  const Told told(scene_of("arrivals: {poisson: 4000/s}", "{nodes: {cpu: 4}}"), manifests, "{duration: 60s}");
  EXPECT_DOUBLE_EQ(told.limits.conntrack.entries, 240'000);
  EXPECT_DOUBLE_EQ(told.limits.conntrack.lasting, 480'000);
  EXPECT_EQ(told.limits.conntrack.most, 131'072u);
  EXPECT_THAT(told.notices, HasSubstr("has 240,000 entries at the run's end, and room for 131,072"));
  const Told larger(scene_of("arrivals: {poisson: 4000/s}", "{nodes: {cpu: 16}}"), manifests, "{duration: 60s}");
  EXPECT_EQ(larger.limits.conntrack.most, 524'288u);
  EXPECT_EQ(larger.notices, "");
}

TEST(ConnectionLimits, ANodeMasqueradesWithItsOwnPorts) {
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: outer}\nspec:\n  type: NodePort\n  selector: {app: web}\n"
      "  ports: [{port: 80, targetPort: 8080}]\n";
  const auto told = [&](const std::string& policy, const std::string& kernel = "6.6") {
    return Told("cluster: {kernel: \"" + kernel +
                    "\"}\nworkloads: {ask: {from: app=client, to: {nodePort: outer, through: a}, arrivals: {poisson: "
                    "1000/s}}}\n",
                app_manifests("client", 10, "      nodeName: a\n") + app_manifests("web", 1, "      nodeName: a\n") +
                    service + policy,
                "{duration: 100s}");
  };
  const Told cluster = told("");
  ASSERT_EQ(cluster.limits.masquerades.size(), 1u);
  EXPECT_DOUBLE_EQ(cluster.limits.masquerades[0].ports_last_s, 64'512.0 / 1'000);
  EXPECT_THAT(cluster.notices,
              HasSubstr("1,000 connections a second are masqueraded by one node towards one endpoint"));
  EXPECT_TRUE(told("  externalTrafficPolicy: Local\n").limits.masquerades.empty());
  EXPECT_TRUE(std::isinf(told("", "6.7").limits.masquerades[0].ports_last_s)) << "closing entries give way";
}

std::string behind_nat(const std::string& clients, const std::string& rate, const std::string& more = "",
                       const std::string& balancer = "metallb-bgp") {
  return "cluster: {kernel: \"6.6\", nodes: {count: 2, cpu: 16}, loadBalancer: {kind: " + balancer +
         "}}\nworkloads: {ask: {from: {external: {" + clients +
         ", rtt: 1ms}}, to: {loadBalancer: outer}, arrivals: {constant: " + rate + "}" + more + "}}\n";
}

std::string balanced(const std::string& spec) {
  return app_manifests("web", 3) +
         "apiVersion: v1\nkind: Service\nmetadata: {name: outer}\nspec:\n  type: LoadBalancer\n  selector: {app: web}\n"
         "  ports: [{port: 80, targetPort: 8080}]\n" +
         spec;
}

// Linux as the NAT: 64,512 ports towards one destination, each of which conntrack keeps for 120 s after the connection.
TEST(ConnectionLimits, ClientsBehindOneAddressShareTheirNatsPorts) {
  const auto told = [&](const std::string& clients, const std::string& more = "") {
    return Told(behind_nat(clients, "1200/s", more), balanced("  externalTrafficPolicy: Local\n"), "{duration: 200s}");
  };
  const Told one = told("count: 60, addresses: 1");
  EXPECT_DOUBLE_EQ(one.last_s(), 64'512.0 / 1'200);
  EXPECT_DOUBLE_EQ(one.limits.ports[0].lasting_per_second, 64'512.0 / 120);
  EXPECT_THAT(one.notices,
              HasSubstr("'ask' opens 1,200 connections a second from one address (198.18.0.1, of 60 clients) "
                        "to one destination: its 64,512 ports at a NAT last 53.8s, since each waits 2m in "
                        "conntrack; 537 a second would last"));
  EXPECT_DOUBLE_EQ(told("count: 60, addresses: 1", ", connection: {awaitClose: true}").last_s(), 64'512.0 / 1'200)
      << "whoever closes first";
  EXPECT_DOUBLE_EQ(told("count: 4, addresses: 2").last_s(), 64'512.0 / 600);
  EXPECT_TRUE(std::isinf(told("count: 60, addresses: 3").last_s())) << "400 a second each";
  EXPECT_DOUBLE_EQ(told("count: 2").last_s(), 28'232.0 / 600) << "local ports of their own";
  EXPECT_THAT(told("count: 60").notices, Not(HasSubstr("one address")));
}

// Two nodes masquerade 1,200 connections a second to three endpoints: 200 a second for each pair, or, where a node keeps to one
// endpoint for an address, half of what comes from that.
TEST(ConnectionLimits, SessionAffinityMasqueradesAnAddressTowardsOneEndpoint) {
  const auto pair = [&](const std::string& clients, const std::string& affinity, const char* kind = "metallb-bgp") {
    const Told told(behind_nat(clients, "1200/s", "", kind), balanced(affinity), "{duration: 200s}");
    EXPECT_EQ(told.limits.masquerades.size(), 1U);
    return told.limits.masquerades.at(0);
  };
  const std::string by_address = "  sessionAffinity: ClientIP\n";
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 1", "").per_second, 200);
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 1", by_address).per_second, 600);
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 1", "", "cloud").per_second, 200);
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 1", by_address, "metallb-l2").per_second, 1200) << "by one node";
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 1", by_address).ports_last_s, 64'512.0 / 600);
  EXPECT_DOUBLE_EQ(pair("count: 60, addresses: 2", by_address).per_second, 300);
  EXPECT_DOUBLE_EQ(pair("count: 60", by_address).per_second, 200);
  EXPECT_FALSE(pair("count: 60", by_address).by_affinity);
  EXPECT_THAT(Told(behind_nat("count: 60, addresses: 1", "1200/s"), balanced(by_address), "{duration: 200s}").notices,
              HasSubstr("600 connections a second are masqueraded by one node towards one endpoint"));
}

TEST(ConnectionLimits, IpvsOfOldKernelsRemembersPorts) {
  // 300/s: a port comes back after 94 s, when IPVS has its entry for 26 s more.
  const auto told = [](const std::string& kernel) {
    return Told(scene_of("arrivals: {poisson: 300/s}", "{kernel: '" + kernel + "', proxy: {mode: ipvs}}"), pods(1, 1),
                "{duration: 200s}")
        .notices;
  };
  EXPECT_THAT(told("5.4"), HasSubstr("conn_reuse_mode"));
  EXPECT_EQ(told("5.10"), "");
}

}  // namespace
}  // namespace knetsim
