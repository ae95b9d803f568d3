// Goal: who looks names up asks the cluster's DNS as its pod's resolv.conf says, over edges like any others, and CoreDNS'
// pods answer. Method: small clusters whose questions are known by hand; runs whose shares follow from the choice between
// two servers, of which one is silent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/experiment/simulation.h"
#include "app/experiment/trace_connection.h"
#include "app/scenario/traffic_rates.h"
#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kDns = "cluster: {nodes: {count: 4}, dns: {replicas: 2}}\n";

std::string dns_manifests() { return app_manifests("web", 2) + app_manifests("client", 3); }

std::string lookups(const std::string& to, const std::string& dns, const std::string& more = {}) {
  return "workloads: {browse: {from: app=client, to: " + to + ", arrivals: {constant: 100/s}, dns: " + dns + more +
         "}}\n";
}

EdgeIndex index_of(const TrafficPlan& plan, std::string_view name) {
  for (EdgeIndex edge = 0; edge < plan.edges.size(); ++edge) {
    if (plan.edges[edge].name == name) return edge;
  }
  return kNoIndex;
}

std::vector<std::string> questions_of(const TrafficPlan& plan, const LookupSpec& lookup) {
  std::vector<std::string> texts;
  for (const LookupRound& round : lookup.rounds) {
    for (const QuestionIndex question : round.questions) {
      texts.push_back(plan.questions[question].text.substr(0, plan.questions[question].text.find(':')));
    }
  }
  return texts;
}

TEST(ClusterDns, AServicesNameIsLookedUpBeforeItIsAsked) {
  Bound bound(scenario_text(kDns + lookups("web", "lookup")), dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  const TrafficPlan& plan = bound.graph.traffic;
  ASSERT_EQ(plan.edges.size(), 3U);
  const EdgeSpec& browse = plan.edges[index_of(plan, "browse")];
  const auto& resolve = std::get<Resolve>(browse.script.front());
  EXPECT_EQ(resolve.lookup, index_of(plan, "browse > DNS"));
  EXPECT_FALSE(resolve.kept_for);
  const auto& search = std::get<SearchNames>(plan.edges[resolve.lookup].script.front());
  EXPECT_EQ(search.questions, index_of(plan, "browse > DNS question"));
  EXPECT_EQ(plan.edges[search.questions].timeout, std::chrono::seconds(5));
  const LookupSpec& lookup = plan.lookups[search.lookup];
  EXPECT_EQ(lookup.attempts, 2U);
  EXPECT_THAT(questions_of(plan, lookup),
              ElementsAre("A web.default.svc.cluster.local", "AAAA web.default.svc.cluster.local"));
  // To the cluster IP of kube-dns, whose two pods run CoreDNS.
  const EdgeTarget& target = bound.graph.targets[search.questions];
  EXPECT_EQ(target.exposure, Exposure::ClusterIp);
  EXPECT_EQ(bound.loaded->cluster.services[target.service].name, "kube-dns");
  ASSERT_EQ(plan.apps.size(), 1U);
  EXPECT_EQ(std::ranges::count(plan.app_of_pod, AppIndex{0}), 2);
  EXPECT_EQ(plan.questions[0].known_to, 0U);
}

TEST(ClusterDns, PodsAskAsTheirDnsConfigSays) {
  Bound bound(
      scenario_text(kDns + lookups("web", "{mode: cached, ttl: 10s, name: api.example.com}") +
                    "patches: {Deployment/client: {spec.template.spec.dnsConfig: {options: [{name: ndots, value: "
                    "\"1\"}, {name: timeout, value: \"1\"}, {name: single-request}]}}}\n"),
      dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  const TrafficPlan& plan = bound.graph.traffic;
  EXPECT_EQ(std::get<Resolve>(plan.edges[index_of(plan, "browse")].script.front()).kept_for, std::chrono::seconds(10));
  EXPECT_THAT(questions_of(plan, plan.lookups[0]), ElementsAre("A api.example.com", "AAAA api.example.com"));
  EXPECT_TRUE(plan.lookups[0].one_by_one);
  EXPECT_EQ(plan.edges[index_of(plan, "browse > DNS question")].timeout, std::chrono::seconds(1));
  EXPECT_EQ(plan.questions[0].known_to, kNoIndex);
  EXPECT_EQ(plan.questions[0].keep, std::chrono::seconds(30)) << "CoreDNS keeps no longer, whatever the upstream says";
}

TEST(ClusterDns, MuslSendsAgainAfterItsTimeoutsShare) {
  Bound bound(scenario_text(kDns + lookups("web", "{mode: lookup, libc: musl}")), dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  const TrafficPlan& plan = bound.graph.traffic;
  const EdgeSpec& question = plan.edges[index_of(plan, "browse > DNS question")];
  EXPECT_EQ(question.timeout, std::chrono::milliseconds(2500));
  EXPECT_EQ(question.retries.attempts, 1U);
  EXPECT_EQ(plan.lookups[0].attempts, 1U);
  EXPECT_TRUE(plan.lookups[0].resolver == NameResolver::Musl);
  EXPECT_TRUE(plan.lookups[0].further.empty());
}

TEST(ClusterDns, AppsLookUpWhatTheyCall) {
  Bound bound(scenario_text(kDns + std::string("apps: {web: {dns: lookup, calls: [other/db]}}\n") + kBrowse),
              dns_manifests() +
                  "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: other}\nspec: {selector: "
                  "{app: web}, ports: [{port: 80, targetPort: 8080}]}\n");
  ASSERT_EQ(bound.errors(), "");
  const TrafficPlan& plan = bound.graph.traffic;
  ASSERT_NE(index_of(plan, "web > other/db > DNS"), kNoIndex);
  EXPECT_EQ(plan.lookups[0].rounds.size(), 2U) << "db.other.default.svc.cluster.local is tried first";
}

TEST(ClusterDns, ANameThatIsNotThereIsTold) {
  Bound bound(scenario_text(kDns + lookups("{name: wbe}", "lookup")), dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  EXPECT_THAT(render(bound.diagnostics.notices()),
              HasSubstr("'wbe' is not there, and its look-ups fail: asked for are wbe.default.svc.cluster.local, "));
}

// One letter off, and it is a name that an upstream may know: nothing in the cluster says that there is none.
TEST(ClusterDns, ANameThatIsNearlyOneOfTheClustersIsToldWhereItIsFoundBeyondIt) {
  Bound bound(scenario_text(kDns + lookups("{name: web.defalt}", "lookup")), dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  EXPECT_THAT(render(bound.diagnostics.notices()),
              HasSubstr("'web.defalt' is no name of the cluster, and is looked up beyond it; did you mean "
                        "'web.default'?"));
  for (const char* name : {"web.default", "api.example.com", "web.io", "www.defalt"}) {
    Bound other(scenario_text(kDns + lookups("{name: " + std::string(name) + "}", "lookup")), dns_manifests());
    EXPECT_EQ(render(other.diagnostics.notices()), "") << name;
  }
}

std::string patched_clients(const std::string& spec) { return "patches: {Deployment/client: {" + spec + "}}\n"; }

TEST(ClusterDns, WhatOfAResolvConfIsLeftOutIsTold) {
  const std::string spec =
      "spec.template.spec.dnsConfig: {nameservers: [1.1.1.1], options: [{name: use-vc}, {name: no-aaaa}]}";
  Bound bound(scenario_text(kDns + lookups("web", "lookup") + patched_clients(spec)), dns_manifests());
  ASSERT_EQ(bound.errors(), "");
  const std::string notices = render(bound.diagnostics.notices());
  EXPECT_THAT(notices, HasSubstr("has other nameservers than the cluster's, 1.1.1.1, which are not simulated: glibc "
                                 "would ask them where the cluster's does not answer"));
  EXPECT_THAT(notices, HasSubstr("asks by TCP (use-vc), which is not simulated"));
  EXPECT_THAT(questions_of(bound.graph.traffic, bound.graph.traffic.lookups[0]),
              ElementsAre("A web.default.svc.cluster.local"));
  Bound musl(scenario_text(kDns + lookups("web", "{mode: lookup, libc: musl}") + patched_clients(spec)),
             dns_manifests());
  const std::string of_musl = render(musl.diagnostics.notices());
  EXPECT_THAT(of_musl, HasSubstr("musl would ask them at the same time"));
  EXPECT_THAT(of_musl, ::testing::Not(HasSubstr("use-vc")));
}

// k/k pkg/kubelet/network/dns/dns.go, GetPodDNS: with the policy None the file is dnsConfig alone.
TEST(ClusterDns, WithThePolicyNoneThePodMayNameTheClustersServer) {
  const Bound first(scenario_text(kDns + lookups("web", "lookup")), dns_manifests());
  std::string address;
  for (const Service& service : first.loaded->cluster.services) {
    if (service.name == "kube-dns") address = to_string(service.cluster_ips.front());
  }
  const auto patched = [&](const std::string& server, const std::string& dns) {
    return std::make_unique<Bound>(
        scenario_text(
            "cluster: {nodes: {count: 4}, dns: {replicas: 2" + dns + "}}\n" + lookups("web", "lookup") +
            patched_clients("spec.template.spec.dnsPolicy: None, spec.template.spec.dnsConfig: {nameservers: [" +
                            server + "], searches: [default.svc.cluster.local]}")),
        dns_manifests());
  };
  const auto bound = patched(address, "");
  ASSERT_EQ(bound->errors(), "");
  EXPECT_EQ(render(bound->diagnostics.notices()), "");
  EXPECT_EQ(bound->graph.traffic.lookups[0].rounds.size(), 1U) << "web.default.svc.cluster.local";
  EXPECT_EQ(patched("169.254.20.10", ", nodeLocal: {}")->errors(), "") << "caches listen there";
  EXPECT_THAT(patched("169.254.20.10", "")->errors(),
              HasSubstr("its dnsPolicy sends it to 169.254.20.10, which is not simulated"));
}

TracedConnection traced(Ready& ready, const std::string& to) {
  TraceRequest request;
  request.from = "browse";
  request.to = to;
  return find_connection(ready.variant(), request);
}

TEST(ClusterDns, ATraceListsWhatIsAskedForAName) {
  Ready ready(kDns + lookups("web", "lookup"), dns_manifests());
  EXPECT_THAT(traced(ready, "web").questions,
              ElementsAre("1. A web.default.svc.cluster.local: found",
                          "1. AAAA web.default.svc.cluster.local: the name is there, without such a record"));
  Ready alone(kDns + lookups("{name: wbe}", "{mode: lookup, records: a}"), dns_manifests());
  const TracedConnection of_names = traced(alone, "wbe");
  EXPECT_EQ(of_names.edge, "browse > DNS question");
  EXPECT_EQ(of_names.request, Bytes(12 + 31 + 4)) << "wbe.default.svc.cluster.local";
  EXPECT_EQ(of_names.questions.back(), "4. A wbe: no such name, says the upstream");
}

// Caches on the nodes are asked where they are, and ask CoreDNS for the cluster's names once in the time that they keep them.
TEST(ClusterDns, ACacheOnEachNodeAsksForWhatItHasNotKept) {
  const auto run = [](const std::string& name) {
    Ready ready(
        "cluster: {nodes: {count: 4}, dns: {replicas: 2, nodeLocal: {}}}\n" + lookups("{name: " + name + "}", "lookup"),
        dns_manifests(), "{duration: 10s, seed: 3}");
    const TrafficPlan& plan = ready.variant().traffic;
    const EdgeTarget& target = ready.variant().targets[index_of(plan, "browse > DNS question")];
    EXPECT_TRUE(target.on_own_node && target.untracked);
    EXPECT_EQ(target.direct.size(), 4U);
    const PointResult result = simulate(ready.variant(), 0);
    EXPECT_EQ(result.edges[index_of(plan, "browse")].ok, 1000U);
    return result.edges[index_of(plan, "node-local-dns > kube-dns-upstream")].ok;
  };
  // Three clients on up to three nodes. A and AAAA of the Service: the former is kept for 30 s, the latter, which has no
  // records, for 5 s, so twice in 10 s; some more where questions come while the first is under way.
  const std::uint64_t inside = run("web");
  EXPECT_GE(inside, 1U + 2U);
  EXPECT_LE(inside, 3U * (1U + 2U) + 6U);
  // Three rounds of names that are not there, of two questions, twice each; the upstream is asked past CoreDNS.
  const std::uint64_t outside = run("api.example.com");
  EXPECT_GE(outside, 12U);
  EXPECT_LE(outside, 3U * 12U + 12U);
}

// coredns/coredns plugin/forward/README.md: max_concurrent bounds what is forwarded; kubeadm's Corefile has 1000, that of
// NodeLocal none.
TEST(ClusterDns, ForwardsHaveABoundAndAnswersHaveNone) {
  const auto bounds = [](const std::string& dns) {
    Bound bound(
        scenario_text("cluster: {nodes: {count: 4}, dns: {replicas: 2" + dns + "}}\n" + lookups("web", "lookup")),
        dns_manifests());
    EXPECT_EQ(bound.errors(), "");
    std::vector<std::uint32_t> all;
    for (const AppSpec& app : bound.graph.traffic.apps) {
      EXPECT_EQ(app.workers, ~std::uint32_t{0});
      for (const AppStep& step : app.steps) {
        if (step.sleep_seconds || !step.calls.empty()) all.push_back(step.at_most);
      }
    }
    return all;
  };
  EXPECT_THAT(bounds(""), ElementsAre(1000U));
  EXPECT_THAT(bounds(", maxConcurrent: 0"), ElementsAre(0U));
  EXPECT_THAT(bounds(", nodeLocal: {}"), ElementsAre(1000U, 0U, 0U));
  EXPECT_THAT(bounds(", nodeLocal: {maxConcurrent: 50}"), ElementsAre(1000U, 50U, 50U));
}

// Another Service than kube-dns: the caches ask its pods, over TCP.
TEST(ClusterDns, CachesOnNodesAskTheDnsServiceThatIsNamed) {
  const auto manifests = [](const std::string& more_ports) {
    return dns_manifests() +
           "apiVersion: v1\nkind: Service\nmetadata: {name: names, namespace: infra}\nspec: {selector: {app: names}, "
           "ports: [{name: dns, port: 53, protocol: UDP}" +
           more_ports +
           "]}\n---\n"
           "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: names, namespace: infra}\nspec:\n  replicas: 2\n  "
           "selector: {matchLabels: {app: names}}\n  template:\n    metadata: {labels: {app: names}}\n    spec: "
           "{containers: [{name: dns, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53}]}]}\n";
  };
  const std::string body =
      "cluster: {nodes: {count: 4}, dns: {service: infra/names, nodeLocal: {}}}\n" + lookups("{name: web}", "lookup");
  Ready ready(body, manifests(", {name: dns-tcp, port: 53}"), "{duration: 2s, seed: 3}");
  const TrafficPlan& plan = ready.variant().traffic;
  const EdgeIndex upstream = index_of(plan, "node-local-dns > infra/names");
  ASSERT_NE(upstream, kNoIndex);
  const PointResult result = simulate(ready.variant(), 0);
  EXPECT_EQ(result.edges[index_of(plan, "browse")].ok, 200U);
  EXPECT_GT(result.edges[upstream].ok, 0U);
  EXPECT_EQ(result.edges[upstream].failed(), 0U);

  Bound without(scenario_text(body), manifests(""));
  EXPECT_THAT(without.errors(), HasSubstr("Service infra/names has no TCP port '53'"));
}

TEST(ClusterDns, WhereNobodyLooksUpThatIsTold) {
  Bound none(scenario_text(kDns + std::string(kBrowse)), dns_manifests());
  EXPECT_THAT(render(none.diagnostics.notices()), HasSubstr("nothing reads 'dns' here"));
  EXPECT_TRUE(none.graph.traffic.apps.empty());
  Bound not_here(scenario_text(kDns + lookups("web", "none")), dns_manifests());
  EXPECT_EQ(render(not_here.diagnostics.notices()), "");
}

// CoreDNS' pods are asked for two questions a look-up, whatever the rate.
TEST(ClusterDns, NameServersAreAskedAtTheRateOfTheirQuestions) {
  Ready ready(kDns + lookups("web", "{mode: lookup, name: api.example.com}"), dns_manifests());
  const std::vector<EdgeRate> rates = edge_rates(ready.variant());
  const TrafficPlan& plan = ready.variant().traffic;
  EXPECT_DOUBLE_EQ(rates[index_of(plan, "browse > DNS")].per_second, 100);
  EXPECT_DOUBLE_EQ(rates[index_of(plan, "browse > DNS question")].per_second, 800);
}

// ndots 5 and three search domains: eight questions for an external name. CoreDNS' cache asks the upstream once for each of
// the two that are not its own, in 30 s.
TEST(ClusterDns, EveryQuestionOfARunIsAnsweredOverTheServicesPath) {
  Ready ready(kDns + lookups("{name: api.example.com}", "lookup"), dns_manifests(), "{duration: 5s, seed: 3}");
  const PointResult result = simulate(ready.variant(), 0);
  const TrafficPlan& plan = ready.variant().traffic;
  const EdgeStats& names = result.edges[index_of(plan, "browse")];
  const EdgeStats& questions = result.edges[index_of(plan, "browse > DNS question")];
  EXPECT_EQ(names.asked, 500U);
  EXPECT_EQ(names.ok, 500U);
  EXPECT_EQ(questions.ok, 8 * 500U);
  EXPECT_EQ(questions.connections, 4 * 500U) << "a socket for each round";
  EXPECT_GT(questions.rules_evaluated, 0);
  // Four rounds over two hosts and back take less than the 10 ms of the upstream, which the first of each pod waits for.
  EXPECT_LT(names.latency_ns.quantile(0.5), 10'000'000);
  EXPECT_GT(names.latency_ns.quantile(1.0), 10'000'000);
}

std::string dns_pod(const std::string& name, const std::string& node) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
         ", namespace: kube-system, labels: {k8s-app: kube-dns}}\nspec: {nodeName: " + node +
         ", containers: [{name: coredns, ports: [{name: dns, containerPort: 53, protocol: UDP}]}]}\n";
}

// A node goes off the network with one of the two CoreDNS pods, and nobody has noticed yet. A resolver's socket leads to
// either with probability 1/2, and all that leaves from it to the same: half of the look-ups take what they took, and half,
// both of whose attempts were lost, ask for the name as it is from another socket. `web` is nothing then; `c.db` has a dot,
// and is found upstream 10 s later where that socket leads to the other server. Binomial, 99.9 %.
TEST(ClusterDns, ASilentServerCostsBothAttemptsOfASocket) {
  const std::string manifests =
      "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\nspec: {selector: {k8s-app: "
      "kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}]}\n" +
      dns_pod("one", "n1") + dns_pod("two", "n2") +
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
      "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: client}, "
      "ports: [{port: 80}]}\n"
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: client, labels: {app: client}}\nspec: {nodeName: n0, "
      "hostname: c, subdomain: db, containers: [{name: a}]}\n";
  const auto check = [&](const std::string& name, double found_late) {
    Ready ready(lookups("{name: " + name + "}", "lookup", ", timeout: 60s") +
                    "timeline: [{at: 1ms, node: {name: n2, down: true}}]\n",
                manifests, "{duration: 20s, warmUp: 1s, drain: 45s, seed: 5}");
    const PointResult result = simulate(ready.variant(), 0);
    const EdgeStats& names = result.edges[index_of(ready.variant().traffic, "browse")];
    ASSERT_EQ(names.asked, 2000U);
    ASSERT_EQ(names.ok + names.errors, 2000U);
    const auto half_width = [](double share) { return 3.29 * std::sqrt(2000 * share * (1 - share)); };
    EXPECT_NEAR(static_cast<double>(names.errors), 2000 * (0.5 - found_late), half_width(0.5 - found_late));
    const auto within = [&](std::int64_t from_ms, std::int64_t to_ms) {
      std::uint64_t found = 0;
      names.latency_ns.for_each([&](std::int64_t lower, std::int64_t, std::uint64_t count) {
        if (lower >= from_ms * 1'000'000 && lower < to_ms * 1'000'000) found += count;
      });
      return static_cast<double>(found);
    };
    EXPECT_NEAR(within(0, 100), 1000, half_width(0.5));
    EXPECT_NEAR(within(9'900, 10'200), 2000 * found_late, half_width(found_late));
    EXPECT_EQ(within(100, 9'900), 0);
  };
  check("web", 0);
  check("c.db", 0.25);
}

}  // namespace
}  // namespace knetsim
