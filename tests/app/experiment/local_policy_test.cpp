// Goal: connections that a policy Local drops for want of an endpoint on the node are told of before anything is
// simulated. Method: one endpoint on two machines, and clients on both; with an endpoint on each there is nothing to
// tell.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

std::string notices(int web_replicas, const std::string& policy, const std::string& to, const std::string& mode,
                    const std::string& more = "") {
  const Ready scene("cluster: {nodes: {count: 2, cpu: 8}, kernel: '6.1', cni: {kind: flannel}, proxy: {mode: " + mode +
                        "}}\npatches: {Service/web: {" + policy + "}}\nworkloads: {ask: {from: app=client, to: " + to +
                        ", arrivals: {poisson: 10/s}" + more + "}}\n",
                    app_manifests("web", web_replicas) + app_manifests("client", 2));
  return render(scene.loaded->diagnostics.notices());
}

const char* const kInside = "spec.internalTrafficPolicy: Local";
const char* const kOutside = "spec.type: NodePort, spec.externalTrafficPolicy: Local";

TEST(LocalPolicy, ClientsWithoutAnEndpointOnTheirNodeAreToldOf) {
  for (const char* mode : {"iptables", "nftables"}) {
    EXPECT_THAT(notices(1, kInside, "web", mode),
                testing::AllOf(testing::HasSubstr("1 of 2 clients of 'ask' have no endpoint of Service web"),
                               testing::HasSubstr("are dropped there, and end at their timeout")));
    EXPECT_EQ(notices(2, kInside, "web", mode), "");
    EXPECT_EQ(notices(1, "spec.internalTrafficPolicy: Cluster", "web", mode), "");
  }
  EXPECT_EQ(notices(1, std::string("spec.type: NodePort, ") + kInside, "{nodePort: web}", "iptables"), "");
}

TEST(LocalPolicy, ConnectGivesUpBeforeALongTimeout) {
  EXPECT_THAT(notices(1, kInside, "web", "iptables", ", timeout: 200s"),
              testing::HasSubstr("end when connect() gives up, after 127 s"));
  EXPECT_THAT(notices(1, kInside, "web", "iptables", ", timeout: 200s, protocol: tcp, retries: 1"),
              testing::HasSubstr("after 127 s"));
}

// IPVS has the Service's other endpoints where it is reached from outside too, and no destination at all where not.
TEST(LocalPolicy, IpvsRefusesWhereItHasNoDestination) {
  EXPECT_THAT(notices(1, kInside, "web", "ipvs"),
              testing::AllOf(testing::HasSubstr("1 of 2 clients of 'ask' have no endpoint of Service web"),
                             testing::HasSubstr("connections are refused there")));
  EXPECT_EQ(notices(1, std::string("spec.type: NodePort, ") + kInside, "web", "ipvs"), "");
}

TEST(LocalPolicy, NodesThatAreAskedWithoutAnEndpointAreToldOf) {
  for (const char* mode : {"iptables", "nftables"}) {
    EXPECT_THAT(notices(1, kOutside, "{nodePort: web}", mode),
                testing::AllOf(testing::HasSubstr("1 of 2 nodes that 'ask' asks have no endpoint of Service web"),
                               testing::HasSubstr("connections of clients on other nodes are dropped")));
    EXPECT_EQ(notices(2, kOutside, "{nodePort: web}", mode), "");
    EXPECT_EQ(notices(1, kOutside, "web", mode), "");
  }
  // flannel masquerades what IPVS sends on.
  EXPECT_EQ(notices(1, kOutside, "{nodePort: web}", "ipvs"), "");
}

// Without a masquerade of the pod network the asked node sees a pod's own address, and sends it to all endpoints.
TEST(LocalPolicy, AnswersThatDoNotComeBackAreToldOf) {
  const Ready scene("cluster: {nodes: {count: 2, cpu: 8}, cni: {kind: routed}}\npatches: {Service/web: {" +
                        std::string(kOutside) +
                        "}}\nworkloads: {ask: {from: app=client, to: {nodePort: web}, arrivals: {poisson: 10/s}}}\n",
                    app_manifests("web", 2) + app_manifests("client", 2));
  EXPECT_THAT(render(scene.loaded->diagnostics.notices()),
              testing::HasSubstr("2 of 2 nodes that 'ask' asks send connections of clients on other nodes to endpoints "
                                 "of Service web on other nodes too"));
}

}  // namespace
}  // namespace knetsim
