// Goal: a run that is bound to end at the limit of requests in flight says so before it begins. Method: rates and work
// whose queue grows by a number known by hand: 1,000,000 over (asked - done) seconds.

#include "app/scenario/overload_notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scenario_fixture.h"

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

/// The container "server" of app_manifests() with resources of its own, and perhaps another one beside it.
std::string limited(const std::string& name, const std::string& resources, const std::string& beside = {}) {
  std::string text = app_manifests(name, 1, beside);
  const std::string image = "image: x, ";
  return text.insert(text.find(image) + image.size(), "resources: " + resources + ", ");
}

// A pod has a limit where all of its containers do (ResourceConfigForPod); the app's own binds it all the same.
TEST(OverloadNotice, TheLimitIsThatOfTheContainerThatRunsTheApp) {
  const std::string half = "{limits: {cpu: 500m}}";
  EXPECT_THAT(told({.manifests = limited("web", half)}), HasSubstr("can do 500:"));
  EXPECT_THAT(told({.manifests = limited("web", half, "      - {name: mesh, image: x}\n")}), HasSubstr("can do 500:"));
  EXPECT_THAT(
      told({.manifests = limited("web", half, "      - {name: mesh, image: x, resources: {limits: {cpu: 1}}}\n")}),
      HasSubstr("can do 500:"));
}

/// Two apps on one node of four cores.
std::string told_of_two(const std::string& web, const std::string& web_rate, const std::string& cart,
                        const std::string& cart_work, const std::string& cart_rate) {
  const Ready scene("cluster: {nodes: {count: 1, cpu: 4}}\napps: {web: {work: 1ms}, cart: {work: " + cart_work +
                        "}}\nworkloads:\n  a: {from: app=client, to: web, arrivals: {constant: " + web_rate +
                        "}}\n  b: {from: app=client, to: cart, arrivals: {constant: " + cart_rate + "}}\n",
                    app_manifests("client", 1) + web + cart, "{duration: 600s}");
  return render(scene.loaded->warnings);
}

// By hand: four cores by weight. Who asks for less than its part gets it all, and the other one the rest.
TEST(OverloadNotice, CoresAreDealtByWeightAndNoPodGetsMoreThanItAsksFor) {
  const std::string web = app_manifests("web", 1), cart = app_manifests("cart", 1);
  EXPECT_THAT(told_of_two(web, "50000/s", cart, "1ms", "100/s"), HasSubstr("'web' are asked for 50,000 requests a "
                                                                           "second and can do 3,900:"));
  EXPECT_THAT(told_of_two(web, "50000/s", cart, "1ms", "5000/s"), HasSubstr("can do 2,000:"));
  EXPECT_THAT(told_of_two(limited("web", "{requests: {cpu: 600m}}"), "50000/s",
                          limited("cart", "{requests: {cpu: 200m}}"), "1ms", "5000/s"),
              HasSubstr("can do 3,000:"));
}

// web asks for a core and may use half of one, which is 500 requests a second that stay: a million after 2,000 s. cart
// has the 3.2 cores that it needs.
TEST(OverloadNotice, WhatALimitKeepsAPodFromIsLeftToOthers) {
  EXPECT_THAT(
      told_of_two(limited("web", "{limits: {cpu: 500m}}"), "1000/s", app_manifests("cart", 1), "80us", "40000/s"),
      Not(HasSubstr("can do")));
}

}  // namespace
}  // namespace knetsim
