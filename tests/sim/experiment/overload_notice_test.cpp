// Goal: a run that is bound to end at the limit of requests in flight says so before it begins. Method: rates and work
// whose queue grows by a number known by hand: 1,000,000 over (asked - done) seconds.

#include "sim/experiment/overload_notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.h"

namespace knetsim {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Load {
  std::string arrivals = "{poisson: 50000/s}";
  std::string app = "{work: 1ms}";
  std::string run = "{duration: 60s}";
  int servers = 1;
  std::string manifests{};
};

std::string told(const Load& load) {
  const Ready scene(
      "cluster: {nodes: {count: 2, cpu: 4}}\napps: {web: " + load.app +
          "}\nworkloads: {ask: {from: app=client, to: web, arrivals: " + load.arrivals + "}}\n",
      app_manifests("client", 1) + (load.manifests.empty() ? app_manifests("web", load.servers) : load.manifests),
      load.run);
  return render(scene.loaded->warnings);
}

TEST(OverloadNotice, SaysWhenTheBoundIsMet) {
  const std::string notice = told({});
  EXPECT_THAT(notice,
              HasSubstr("asked for 50,000 requests a second and can do 4,000: after 21.7s there are 1,000,000"));
  EXPECT_THAT(notice, HasSubstr("s.yaml:"));
}

TEST(OverloadNotice, SaysNothingWhereTheRunEndsBeforeOrTheQueueIsShort) {
  EXPECT_THAT(told({.run = "{duration: 20s, warmUp: 1s}"}), Not(HasSubstr("can do")));
  EXPECT_THAT(told({.arrivals = "{poisson: 3900/s}"}), Not(HasSubstr("can do")));
  EXPECT_THAT(told({.arrivals = "{closed: {users: 50000}}"}), Not(HasSubstr("can do"))) << "users wait for answers";
  EXPECT_THAT(told({.app = "{work: 1us}"}), Not(HasSubstr("can do")));
}

TEST(OverloadNotice, WorkersAndLimitsBoundWhatIsDone) {
  EXPECT_THAT(told({.app = "{workers: 2, calls: [{sleep: 10ms}]}"}), HasSubstr("can do 200:"));
  EXPECT_THAT(told({.app = "{workers: 2, calls: [{sleep: 10ms}]}", .servers = 3}), HasSubstr("can do 600:"));
  EXPECT_THAT(told({.manifests = app_manifests("web", 1, "      resources: {limits: {cpu: 500m}}\n")}),
              HasSubstr("can do 500:"));
}

}  // namespace
}  // namespace knetsim
