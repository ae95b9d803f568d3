#include "models/cluster/pod_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "load.h"

// Goal: pods come and go in a run as Kubernetes' controllers have it, at the times that its delays give. Method: rollouts
// worked out by hand from k/k pkg/controller/deployment/rolling.go, each step at its second; the two bounds of a rolling
// update after every event, over all strategies of some sizes; for the other controllers what sets each apart.

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using Kind = ClusterEvent::Kind;

std::string web_of(int replicas, const std::string& strategy = "", const std::string& pod = "",
                   const std::string& kind = "Deployment") {
  return "apiVersion: apps/v1\nkind: " + kind +
         "\nmetadata: {name: web}\nspec:\n  replicas: " + std::to_string(replicas) + "\n" + strategy +
         "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n" + pod +
         "      containers: [{name: web, image: web, ports: [{containerPort: 80}], "
         "readinessProbe: {initialDelaySeconds: 2}, resources: {requests: {cpu: 1}}}]\n";
}

class Planned {
 public:
  Planned(const std::string& manifests, std::vector<TimelineEntry> timeline, std::uint32_t nodes = 6) {
    ClusterOptions options;
    options.nodes.count = nodes;
    options.nodes.capacity.cpu_milli = 4'000;
    options.nodes.capacity.memory_bytes = std::int64_t{32} << 30;
    options.timeline = std::move(timeline);
    options.control = {.pod_start = 3s, .node_monitor_grace = 50s, .eviction = 300s};
    loaded = std::make_unique<Loaded>(load_text(manifests, options));
  }

  /// "10 web-5 Serves", a line an event.
  std::string text() const {
    std::string lines;
    for (const ClusterEvent& event : loaded->cluster.events) {
      static constexpr const char* kNames[] = {"serves", "ready", "not ready", "terminating", "stopped", "down", "up"};
      const std::string who(event.pod != kNoIndex ? loaded->cluster.pods[event.pod].name
                                                  : loaded->cluster.nodes[event.node].name);
      char line[100];
      std::snprintf(line, sizeof(line), "%g %s %s\n", to_seconds(event.at.time_since_epoch()), who.c_str(),
                    kNames[static_cast<int>(event.kind)]);
      lines += line;
    }
    return lines;
  }
  std::vector<std::string> of(Kind kind) const {
    std::vector<std::string> found;
    for (const ClusterEvent& event : loaded->cluster.events) {
      if (event.kind != kind) continue;
      char line[100];
      std::snprintf(line, sizeof(line), "%g", to_seconds(event.at.time_since_epoch()));
      found.emplace_back(line);
    }
    return found;
  }

  std::unique_ptr<Loaded> loaded;
};

using Times = std::vector<std::string>;

// 4 pods, 25 % each way: one more, one less. At 10 two are made and one is taken away (1 + 3, then 2 + 3); they are ready
// 3 + 2 s later, when two old ones go and two are made; 5 s later the last goes.
TEST(PodPlan, ARollingUpdateGoesInTheStepsOfItsBounds) {
  const Planned plan(web_of(4), {{.at = 10s, .what = RolloutDeployment{"web"}}});
  EXPECT_EQ(plan.loaded->errors(), "");
  EXPECT_EQ(plan.of(Kind::Terminating), (Times{"10", "15", "15", "20"})) << plan.text();
  EXPECT_EQ(plan.of(Kind::Serves), (Times{"13", "13", "18", "18"})) << plan.text();
  EXPECT_EQ(plan.of(Kind::Ready), (Times{"15", "15", "20", "20"})) << plan.text();
  EXPECT_EQ(plan.of(Kind::Stopped), plan.of(Kind::Terminating)) << "without a preStop";
  EXPECT_EQ(plan.loaded->cluster.pods.size(), 8U);
}

// One at a time, and each has to be ready for 4 s: 3 + 2 + 4 s a pod.
TEST(PodPlan, MinReadySecondsHoldTheNextStepBack) {
  const Planned plan(web_of(2, "  minReadySeconds: 4\n  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n"),
                     {{.at = 10s, .what = RolloutDeployment{"web"}}});
  EXPECT_EQ(plan.of(Kind::Ready), (Times{"15", "24"})) << plan.text();
  EXPECT_EQ(plan.of(Kind::Terminating), (Times{"19", "28"})) << plan.text();
}

TEST(PodPlan, RecreateWaitsUntilTheOldPodsHaveGone) {
  const Planned plan(web_of(3, "  strategy: {type: Recreate}\n", "      terminationGracePeriodSeconds: 20\n"),
                     {{.at = 10s, .what = RolloutDeployment{"web"}}});
  EXPECT_EQ(plan.of(Kind::Terminating), (Times{"10", "10", "10"})) << plan.text();
  EXPECT_EQ(plan.of(Kind::Ready), (Times{"15", "15", "15"})) << plan.text();
}

// After every event: at most wanted + surge pods that are not deleted, at least wanted - unavailable of them ready.
TEST(PodPlan, NoRolloutLeavesItsBounds) {
  for (const int replicas : {1, 2, 3, 5, 10}) {
    for (const char* surge : {"0", "1", "25%", "100%"}) {
      for (const char* unavailable : {"0", "1", "50%"}) {
        if (std::string(surge) == "0" && std::string(unavailable) == "0") continue;
        const std::string strategy = std::string("  strategy: {rollingUpdate: {maxSurge: ") + surge +
                                     ", maxUnavailable: " + unavailable + "}}\n";
        const Planned plan(web_of(replicas, strategy), {{.at = 10s, .what = RolloutDeployment{"web"}}}, 12);
        const auto amount = [&](const std::string& text, bool up) {
          if (!text.ends_with('%')) return std::stoi(text);
          return (std::stoi(text) * replicas + (up ? 99 : 0)) / 100;
        };
        const int most = replicas + amount(surge, true);
        int least = replicas - amount(unavailable, false);
        if (amount(surge, true) == 0 && amount(unavailable, false) == 0) least = replicas - 1;
        std::map<PodIndex, std::pair<bool, bool>> pods;  // there, ready
        for (PodIndex pod = 0; pod < static_cast<PodIndex>(replicas); ++pod) pods[pod] = {true, true};
        const Cluster& cluster = plan.loaded->cluster;
        for (std::size_t i = 0; i < cluster.events.size(); ++i) {
          const ClusterEvent& event = cluster.events[i];
          if (event.kind == Kind::Serves) pods[event.pod].first = true;
          if (event.kind == Kind::Ready) pods[event.pod].second = true;
          if (event.kind == Kind::Terminating) pods[event.pod] = {false, false};
          if (i + 1 < cluster.events.size() && cluster.events[i + 1].at == event.at) continue;
          int there = 0, ready = 0;
          for (const auto& [pod, state] : pods) {
            there += state.first ? 1 : 0;
            ready += state.second ? 1 : 0;
          }
          EXPECT_LE(there, most) << replicas << ' ' << surge << ' ' << unavailable << '\n' << plan.text();
          EXPECT_GE(ready, least) << replicas << ' ' << surge << ' ' << unavailable << '\n' << plan.text();
        }
        int fresh = 0;
        for (const auto& [pod, state] : pods) fresh += state.second && cluster.pods[pod].later ? 1 : 0;
        EXPECT_EQ(fresh, replicas) << "all of them new\n" << plan.text();
      }
    }
  }
}

TEST(PodPlan, ScalingUpMakesPodsAndScalingDownTakesTheNewestOfTheFullestNode) {
  const Planned plan(web_of(2), {{.at = 10s, .what = ScaleDeployment{"web", 4}},
                                 {.at = 30s, .what = ScaleDeployment{"default/web", 3}}});
  EXPECT_EQ(plan.of(Kind::Ready), (Times{"15", "15"})) << plan.text();
  EXPECT_NE(plan.text().find("30 web-4 terminating\n"), std::string::npos) << plan.text();
}

TEST(PodPlan, ADeletedPodIsReplacedByItsReplicaSetAtOnce) {
  const Planned plan(web_of(2), {{.at = 10s, .what = DeletePod{"web-1"}}});
  EXPECT_EQ(plan.text(), "10 web-1 terminating\n10 web-1 stopped\n13 web-3 serves\n15 web-3 ready\n");
}

// Its name is to be free first (k/k pkg/controller/statefulset).
TEST(PodPlan, AStatefulSetWaitsUntilItsPodHasGone) {
  std::string text = web_of(2, "  serviceName: web\n", "", "StatefulSet");
  text.replace(text.find("readinessProbe"), 0, "lifecycle: {preStop: {sleep: {seconds: 5}}}, ");
  const Planned plan(text, {{.at = 10s, .what = DeletePod{"web-1"}}});
  EXPECT_EQ(plan.loaded->errors(), "");
  EXPECT_EQ(plan.text(), "10 web-1 terminating\n15 web-1 stopped\n18 web-1#2 serves\n20 web-1#2 ready\n");
}

TEST(PodPlan, APreStopLongerThanTheGracePeriodIsCutOff) {
  for (const auto& [hook, seconds] :
       std::vector<std::pair<std::string, std::string>>{{"sleep: {seconds: 7}", "17"},
                                                        {"exec: {command: [sleep, '7']}", "17"},
                                                        {"exec: {command: [sh, -c, 'sleep 7']}", "17"},
                                                        {"exec: {command: [/bin/sleep, '25']}", "22"},
                                                        {"exec: {command: [nginx, -s, quit]}", "10"}}) {
    std::string text = web_of(1, "", "      terminationGracePeriodSeconds: 12\n");
    text.replace(text.find("readinessProbe"), 0, "lifecycle: {preStop: {" + hook + "}}, ");
    const Planned plan(text, {{.at = 10s, .what = DeletePod{"web-1"}}});
    EXPECT_EQ(plan.loaded->errors(), "");
    EXPECT_EQ(plan.of(Kind::Stopped), Times{seconds}) << hook;
    const bool told = plan.loaded->notices().find("how long the preStop of its pods takes") != std::string::npos;
    EXPECT_EQ(told, hook.find("sleep") == std::string::npos) << hook;
  }
}

TEST(PodPlan, APodOfNobodyIsNotReplaced) {
  const Planned plan("apiVersion: v1\nkind: Pod\nmetadata: {name: alone}\nspec: {containers: [{name: c, image: c}]}\n",
                     {{.at = 1s, .what = DeletePod{"alone"}}});
  EXPECT_EQ(plan.text(), "1 alone terminating\n1 alone stopped\n");
}

TEST(PodPlan, AFailingProbeTakesAPodOutAndBringsItBack) {
  const Planned plan(
      web_of(2), {{.at = 10s, .what = SetPodReady{"web-1", false}}, {.at = 20s, .what = SetPodReady{"web-1", true}}});
  EXPECT_EQ(plan.text(), "10 web-1 not ready\n20 web-1 ready\n");
}

// 50 s until it is noticed, 300 s more until its pods are deleted; their replacements run elsewhere, they never stop.
TEST(PodPlan, ANodeThatIsDownIsNoticedAndThenLeft) {
  const Planned plan(web_of(2), {{.at = 10s, .what = SetNodeDown{"node-1"}}}, 2);
  const std::string text = plan.text();
  EXPECT_NE(text.find("10 node-1 down\n60 web-"), std::string::npos) << text;
  EXPECT_EQ(plan.of(Kind::NotReady), Times{"60"}) << text;
  EXPECT_EQ(plan.of(Kind::Terminating), Times{"360"}) << text;
  EXPECT_EQ(plan.of(Kind::Stopped), Times{}) << text;
}

TEST(PodPlan, ANodeThatComesBackInTimeHasItsPodsReadyAgain) {
  const Planned plan(
      web_of(2), {{.at = 10s, .what = SetNodeDown{"node-1"}}, {.at = 100s, .what = SetNodeDown{"node-1", false}}}, 2);
  EXPECT_EQ(plan.of(Kind::NotReady), Times{"60"}) << plan.text();
  EXPECT_EQ(plan.of(Kind::Ready), Times{"100"}) << plan.text();
  EXPECT_EQ(plan.of(Kind::Terminating), Times{}) << plan.text();
}

// Two nodes of four cores, seven pods of one core: the eighth has room, the ninth waits until one has gone.
TEST(PodPlan, APodWithoutRoomWaitsForIt) {
  const Planned plan(web_of(7),
                     {{.at = 10s, .what = ScaleDeployment{"web", 9}}, {.at = 20s, .what = DeletePod{"web-1"}}}, 2);
  EXPECT_EQ(plan.of(Kind::Serves), (Times{"13", "23"})) << plan.text();
  EXPECT_NE(plan.loaded->notices().find("fits no node to the end"), std::string::npos) << "one more waits for ever";
}

TEST(PodPlan, NothingIsPlacedOnANodeThatIsNotReady) {
  const Planned plan(web_of(1),
                     {{.at = 1s, .what = SetNodeDown{"node-1"}}, {.at = 60s, .what = ScaleDeployment{"web", 4}}}, 2);
  for (const Pod& pod : plan.loaded->cluster.pods) {
    EXPECT_TRUE(!pod.later || plan.loaded->cluster.nodes[pod.node].name != "node-1") << pod.name;
  }
}

// Made at 2 s, it would listen at 5 s, in the outage from 3 to 8 s: its kubelet starts it then, 3 + 2 s.
TEST(PodPlan, AStartInAnOutageIsMadeUpFor) {
  const Planned plan(web_of(1),
                     {{.at = 2s, .what = DeletePod{"web-1"}},
                      {.at = 3s, .what = SetNodeDown{"node-0"}},
                      {.at = 8s, .what = SetNodeDown{"node-0", false}}},
                     1);
  EXPECT_EQ(plan.of(Kind::Serves), Times{"11"}) << plan.text();
  EXPECT_EQ(plan.of(Kind::Ready), Times{"13"}) << plan.text();
}

TEST(PodPlan, NobodyHearsOfAPodOnASilentNode) {
  std::string text = web_of(1, "  serviceName: web\n", "", "StatefulSet");
  text.replace(text.find("readinessProbe"), 0, "lifecycle: {preStop: {sleep: {seconds: 5}}}, ");
  const Planned deleted(text, {{.at = 3s, .what = DeletePod{"web-0"}}, {.at = 4s, .what = SetNodeDown{"node-0"}}}, 1);
  EXPECT_EQ(deleted.of(Kind::Stopped), Times{}) << "it may still run: no second one of its name\n" << deleted.text();
  const Planned starting(web_of(1), {{.at = 2s, .what = DeletePod{"web-1"}}, {.at = 6s, .what = SetNodeDown{"node-0"}}},
                         1);
  EXPECT_EQ(starting.of(Kind::Serves), Times{"5"});
  EXPECT_EQ(starting.of(Kind::Ready), Times{}) << "its probe succeeds at 7 s, unheard";
}

// Two rollouts, the second while the first goes on: what is left of the oldest template goes first.
TEST(PodPlan, TheOldestTemplatesPodsGoFirst) {
  const Planned plan(web_of(8),
                     {{.at = 10s, .what = RolloutDeployment{"web"}}, {.at = 16s, .what = RolloutDeployment{"web"}}});
  const Cluster& cluster = plan.loaded->cluster;
  Time last_old{};
  std::vector<Time> of_second;
  for (const ClusterEvent& event : cluster.events) {
    if (event.kind != Kind::Terminating) continue;
    if (!cluster.pods[event.pod].later) last_old = event.at;
    if (cluster.pods[event.pod].later && event.at > kTimeZero + 16s) of_second.push_back(event.at);
  }
  for (const Time at : of_second) EXPECT_GE(at, last_old) << plan.text();
}

TEST(PodPlan, UnknownNamesAreToldWithTheNearest) {
  const Planned plan(web_of(2), {{.at = 10s, .what = ScaleDeployment{"wep", 4}},
                                 {.at = 11s, .what = DeletePod{"web-7"}},
                                 {.at = 12s, .what = SetNodeDown{"node-9"}}});
  const std::string errors = plan.loaded->errors();
  EXPECT_NE(errors.find("no Deployment is named 'wep'; did you mean 'web'?"), std::string::npos) << errors;
  EXPECT_NE(errors.find("there is no pod 'web-7' at 11s"), std::string::npos) << errors;
  EXPECT_NE(errors.find("no Node is named 'node-9'"), std::string::npos) << errors;
}

TEST(PodPlan, LaterPodsAreNoEndpointsAndHaveNodesAndAddresses) {
  const Planned plan(web_of(2) +
                         "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: "
                         "web}, ports: [{port: 80}]}\n",
                     {{.at = 10s, .what = ScaleDeployment{"web", 4}}});
  const Cluster& cluster = plan.loaded->cluster;
  EXPECT_EQ(cluster.endpoints.latest().endpoints(0).size(), 2U);
  EXPECT_EQ(cluster.possible_endpoints.endpoints(0, IpFamily::V4).size(), 4U);
  for (const Pod& pod : cluster.pods) {
    EXPECT_NE(pod.node, kNoIndex);
    EXPECT_TRUE(pod.ip.exists());
  }
}

}  // namespace
}  // namespace knetsim
