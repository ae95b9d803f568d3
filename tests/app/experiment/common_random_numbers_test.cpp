// Goal: what is put beside a workload or a call leaves its random numbers as they were, so that variants which differ
// in one workload, one call or one object are still compared on the same requests. Method: the same traffic with and
// without the addition, put first; sizes are drawn, so the bytes that were sent tell whether the draws are the same
// ones; a run with another seed tells that they could differ.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "app/experiment/simulation.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

constexpr const char* kRun = "{duration: 1s, seed: 5}";

/// What tells one edge's draws from others: how many requests, their bytes and, for apps, who served them.
struct Drawn {
  std::map<std::string, std::uint64_t> asked, sent, received;  // by edge
  std::map<std::string, std::uint64_t> served;                 // by pod
};

Drawn draws_of(const std::string& body, const std::string& manifests, const std::string& run = kRun) {
  Ready scene(body, manifests, run);
  const BoundVariant& variant = scene.variant();
  const PointResult result = simulate(variant, 0);
  Drawn drawn;
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    const std::string& name = variant.traffic.edges[edge].name;
    drawn.asked[name] = result.edges[edge].asked;
    drawn.sent[name] = result.edges[edge].bytes_sent;
    drawn.received[name] = result.edges[edge].bytes_received;
  }
  for (PodIndex pod = 0; pod < result.served_by_pod.size(); ++pod) {
    drawn.served[std::string(variant.cluster->pods[pod].name)] = result.served_by_pod[pod];
  }
  return drawn;
}

std::string workload(const std::string& name, const std::string& to) {
  return "  " + name + ": {from: app=client, to: " + to +
         ", arrivals: {poisson: 200/s}, request: {exponential: 2kB}, response: {exponential: 3kB}}\n";
}

std::string objects() {
  return app_manifests("client", 2) + app_manifests("web", 3) + app_manifests("cart", 3) + app_manifests("mail", 1);
}

void expect_alike(const Drawn& one, const Drawn& other, const std::string& edge) {
  EXPECT_EQ(one.asked.at(edge), other.asked.at(edge)) << edge;
  EXPECT_EQ(one.sent.at(edge), other.sent.at(edge)) << edge;
  EXPECT_EQ(one.received.at(edge), other.received.at(edge)) << edge;
}

TEST(CommonRandomNumbers, AreThoseOfTheWorkloadsNameWhereverItStands) {
  const Drawn alone = draws_of("workloads:\n" + workload("ask", "web"), objects());
  const Drawn second = draws_of("workloads:\n" + workload("other", "mail") + workload("ask", "web"), objects());
  expect_alike(alone, second, "ask");
  EXPECT_GT(second.asked.at("other"), 100u);
  EXPECT_NE(second.sent.at("other"), second.sent.at("ask"));
  const Drawn another = draws_of("workloads:\n" + workload("ask", "web"), objects(), "{duration: 1s, seed: 6}");
  EXPECT_NE(another.sent.at("ask"), alone.sent.at("ask"));
}

TEST(CommonRandomNumbers, AreThoseOfTheCallsNameWhateverIsCalledBeforeIt) {
  const std::string call = "{to: cart, request: {exponential: 500B}, response: {exponential: 900B}}";
  const auto body = [&](const std::string& before) {
    return "apps:\n  cart: {work: {exponential: 100us}}\n  web: {work: {exponential: 50us}, calls: [" + before + call +
           "]}\nworkloads:\n" + workload("ask", "web");
  };
  const Drawn plain = draws_of(body(""), objects());
  const Drawn inserted = draws_of(body("{to: mail}, "), objects());
  const Drawn beside = draws_of(body("{concurrent: [{to: mail}]}, {sleep: {exponential: 1ms}}, "), objects());
  for (const Drawn* other : {&inserted, &beside}) {
    expect_alike(plain, *other, "ask");
    expect_alike(plain, *other, "web > cart");
    for (const auto& [pod, served] : plain.served) {
      if (pod.starts_with("cart")) {
        EXPECT_EQ(served, other->served.at(pod)) << pod;
      }
    }
  }
  EXPECT_GT(inserted.asked.at("web > mail"), 100u);
}

TEST(CommonRandomNumbers, AreThoseOfTheSleepsTurnWhateverIsCalledBetween) {
  // The responses' times are those of the pauses: a median that does not move by more than a call takes.
  const auto p50_ms = [&](const std::string& calls) {
    Ready scene("apps:\n  web: {calls: [" + calls + "]}\nworkloads:\n" + workload("ask", "web"), objects(), kRun);
    const PointResult result = simulate(scene.variant(), 0);
    return static_cast<double>(result.edges[scene.variant().traffic.sources[0].edge].latency_ns.quantile(0.5)) * 1e-6;
  };
  const double plain = p50_ms("{sleep: {exponential: 100ms}}, {sleep: {exponential: 100ms}}");
  const double between = p50_ms("{sleep: {exponential: 100ms}}, {to: mail}, {sleep: {exponential: 100ms}}");
  EXPECT_NEAR(between, plain, 3);
}

TEST(CommonRandomNumbers, AreThoseOfPodsAndNodesByNameWhereverTheirManifestsStand) {
  const std::string body = "apps: {web: {work: 10us}}\nworkloads:\n" + workload("ask", "web");
  const std::string own =
      app_manifests("client", 1, "      nodeName: a\n") + app_manifests("web", 1, "      nodeName: b\n");
  Ready first(body, own, kRun);
  const std::string mail = app_manifests("mail", 1, "      nodeName: a\n");
  Ready second(body, mail.substr(0, mail.find("---\n")) + "---\n" + own, kRun);  // its Service would add a rule
  const auto places = [](const Ready& scene) {
    std::map<std::string, std::int64_t> busy;
    const PointResult result = simulate(scene.loaded->variants.front(), 0);
    for (std::size_t i = 0; i < result.nodes.size(); ++i) {
      busy[std::string(scene.loaded->variants.front().cluster->nodes[i].name)] =
          (result.nodes[i].softirq + result.nodes[i].application).count();
    }
    return busy;
  };
  // The receive cores are those of the same hashes: not a picosecond of CPU time moves.
  EXPECT_EQ(places(first), places(second));
}

/// A burst of n intervals has n evenly spaced arrivals, wherever it begins.
TEST(ConstantArrivals, AreAsManyAsTheRateSaysInAnyWindow) {
  struct Case {
    const char* rate;
    const char* run;
    std::uint64_t expected;
  };
  for (const Case& one : {Case{"10/s", "{duration: 1s}", 10}, Case{"10/s", "{duration: 1s, seed: 9}", 10},
                          Case{"10/s", "{duration: 1s, warmUp: 250ms}", 10}, Case{"3/s", "{duration: 7s}", 21},
                          Case{"7/s", "{duration: 30s, warmUp: 1s}", 210}, Case{"1000/s", "{duration: 2s}", 2'000}}) {
    Ready scene(std::string("workloads: {ask: {from: app=client, to: web, arrivals: {constant: ") + one.rate + "}}}\n",
                app_manifests("client", 1) + app_manifests("web", 1), one.run);
    EXPECT_EQ(simulate(scene.variant(), 0).edges.front().asked, one.expected) << one.rate << " " << one.run;
  }
}

}  // namespace
}  // namespace knetsim
