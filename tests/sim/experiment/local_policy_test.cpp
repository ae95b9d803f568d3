// Goal: connections that a policy Local drops for want of an endpoint on the node are told of before anything is
// simulated. Method: one endpoint on two machines, and clients on both; with an endpoint on each there is nothing to
// tell.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.h"

namespace knetsim {
namespace {

std::string notices(int web_replicas, const std::string& policy, const std::string& to) {
  const Ready scene(
      "cluster: {nodes: {count: 2, cpu: 8}}\n"
      "patches: {Service/web: {spec.type: NodePort, " +
          policy + "}}\nworkloads: {ask: {from: app=client, to: " + to + ", arrivals: {poisson: 10/s}}}\n",
      app_manifests("web", web_replicas) + app_manifests("client", 2));
  return render(scene.loaded->diagnostics.notices());
}

TEST(LocalPolicy, ClientsWithoutAnEndpointOnTheirNodeAreToldOf) {
  const std::string local = "spec.internalTrafficPolicy: Local";
  EXPECT_THAT(notices(1, local, "web"), testing::HasSubstr("1 of 2 clients of 'ask' have no endpoint of Service web"));
  EXPECT_EQ(notices(2, local, "web"), "");
  EXPECT_EQ(notices(1, local, "{nodePort: web}"), "");
  EXPECT_EQ(notices(1, "spec.internalTrafficPolicy: Cluster", "web"), "");
}

TEST(LocalPolicy, NodesThatAreAskedWithoutAnEndpointAreToldOf) {
  const std::string local = "spec.externalTrafficPolicy: Local";
  EXPECT_THAT(notices(1, local, "{nodePort: web}"),
              testing::HasSubstr("1 of 2 nodes that 'ask' asks have no endpoint of Service web"));
  EXPECT_EQ(notices(2, local, "{nodePort: web}"), "");
  EXPECT_EQ(notices(1, local, "web"), "");
}

}  // namespace
}  // namespace knetsim
