// Goal: trace shows the connection that the scenario opens, with the walk that the simulator plays.
// Method: the built program is run on the quick start; sums are held against the steps, counts of rules against the
// formula for kube-proxy's chains (k/k pkg/proxy/iptables/proxier.go), written out beside each test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json trace(const std::string& arguments) {
  const ProgramResult result = run_program("trace configs/quickstart.yaml " + arguments + " -o json");
  EXPECT_EQ(result.code, 0) << result.err;
  return result.code == 0 ? json::parse(result.out) : json();
}

const json& packet(const json& traced, const std::string& name) {
  for (const json& one : traced.at("packets")) {
    if (one.at("packet") == name) return one;
  }
  throw std::out_of_range(name);
}

double sum_of(const json& packet, const char* what) {
  double sum = 0;
  for (const json& step : packet.at("steps")) sum += step.at(what).get<double>();
  return sum;
}

TEST(Trace, HasAllFourPacketsWhoseStepsAddUp) {
  const json traced = trace("client frontend");
  EXPECT_EQ(traced.at("format_version"), "1.0");
  EXPECT_EQ(traced.at("opened_by"), "browse");
  EXPECT_EQ(traced.at("variant"), "iptables");
  EXPECT_EQ(traced.at("exposure"), "ClusterIP");
  ASSERT_EQ(traced.at("packets").size(), 4u);
  for (const char* name : {"first", "syn-ack", "request", "response"}) {
    const json& one = packet(traced, name);
    EXPECT_NEAR(sum_of(one, "latency_ns"), one.at("latency_ns").get<double>(),
                1e-6 * one.at("latency_ns").get<double>());
    EXPECT_NEAR(sum_of(one, "cpu_ns"), one.at("cpu_ns").get<double>(), 1e-6 * one.at("cpu_ns").get<double>());
    EXPECT_DOUBLE_EQ(one.at("steps").back().at("sum_ns"), one.at("latency_ns"));
  }
  EXPECT_EQ(packet(traced, "request").at("payload_bytes"), 1024);
  EXPECT_EQ(packet(traced, "response").at("payload_bytes"), 8192);
}

TEST(Trace, PutsTheServiceWhereItIsAskedFor) {
  // A SYN of a pod meets k + i + 4 nat rules in PREROUTING, so that the last position costs R - 1 rules more than the
  // first; R = 5,000 of the background and one for each Service port of the shop.
  const json first = trace("client frontend --position first --packet first");
  const json last = trace("client frontend --position last --packet first");
  const auto service = [](const json& traced) {
    for (const json& one : traced.at("positions")) {
      if (one.at("what") == "rule of KUBE-SERVICES") return one;
    }
    return json();
  };
  const double r = service(last).at("of");
  EXPECT_GT(r, 5000);
  EXPECT_EQ(service(last).at("value"), r);
  EXPECT_EQ(service(first).at("value"), 1);
  const auto endpoint = [](const json& traced) {
    for (const json& one : traced.at("positions")) {
      if (one.at("what") == "endpoint") return one.at("value").get<double>();
    }
    return 0.0;
  };

  const double by_rule =
      packet(last, "first").at("rules").get<double>() - packet(first, "first").at("rules").get<double>();
  EXPECT_EQ(by_rule, r - 1 + endpoint(last) - endpoint(first));
}

TEST(Trace, FollowsWhatTheVariantDoes) {
  EXPECT_EQ(trace("client frontend --variant podIP").at("exposure"), "pod IP");
  EXPECT_EQ(trace("client frontend --variant hostPort").at("exposure"), "hostPort");
  EXPECT_EQ(trace("client frontend --variant ipvs").at("proxy_mode"), "ipvs");
  EXPECT_EQ(trace("client frontend --set cluster.proxy.mode=nftables").at("proxy_mode"), "nftables");
  EXPECT_EQ(trace("browse frontend").at("client"), trace("client frontend").at("client"));
}

TEST(Trace, FindsTheCallsOfApps) {
  EXPECT_EQ(trace("frontend cart --packet first").at("opened_by"), "frontend > cart");
  const json unused = trace("client cart --packet first");
  EXPECT_EQ(unused.at("opened_by"), "");
  EXPECT_EQ(unused.at("exposure"), "ClusterIP");
}

TEST(Trace, ChargesBytesByTheirNumber) {
  const json small = trace("client frontend --packet request --bytes 1000B");
  const json large = trace("client frontend --packet request --bytes 100kB");
  EXPECT_EQ(small.at("packets")[0].at("packets"), 1);
  // 1,500 less 50 of VXLAN, 40 of IP and TCP headers and 12 of time stamps.
  EXPECT_EQ(large.at("packets")[0].at("packets"), std::ceil(100'000.0 / (1500 - 50 - 52)));
  EXPECT_GT(large.at("packets")[0].at("cpu_ns"), small.at("packets")[0].at("cpu_ns"));
}

TEST(Trace, OfABusyMachineLeavesOutWakeUps) {
  const double idle = trace("client frontend --packet request").at("packets")[0].at("latency_ns");
  const double busy = trace("client frontend --packet request --busy").at("packets")[0].at("latency_ns");
  EXPECT_LT(busy, idle);
}

TEST(Trace, TableNamesPodsRulesAndSums) {
  const ProgramResult result = run_program("trace configs/quickstart.yaml client frontend");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("by ClusterIP of Service default/frontend"));
  EXPECT_THAT(result.out, HasSubstr("First packet (SYN), client to server"));
  EXPECT_THAT(result.out, HasSubstr("rule of KUBE-SERVICES"));
  EXPECT_THAT(result.out, HasSubstr("connect() "));
  EXPECT_EQ(result.out, run_program("trace configs/quickstart.yaml client frontend").out);
}

// The scenario's own connection is TCP: datagrams to that port are another one, and nobody takes them.
TEST(Trace, DatagramsAreNotQuietlyTcp) {
  const ProgramResult result = run_program("trace configs/quickstart.yaml client frontend --udp");
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "knetsim: Service frontend has no UDP port (http 80 TCP)\n");
}

TEST(Trace, UnknownNamesGetANearOne) {
  const ProgramResult from = run_program("trace configs/quickstart.yaml cleint frontend");
  EXPECT_EQ(from.code, 2);
  EXPECT_EQ(from.err, "knetsim: no pod or workload is called 'cleint'; did you mean 'client'?\n");
  EXPECT_THAT(run_program("trace configs/quickstart.yaml client pod:frontend-0").err,
              HasSubstr("did you mean 'frontend-1'?"));
  const ProgramResult to = run_program("trace configs/quickstart.yaml client frontent");
  EXPECT_EQ(to.code, 2);
  EXPECT_THAT(to.err, HasSubstr("did you mean 'frontend'?"));
  EXPECT_EQ(run_program("trace configs/quickstart.yaml client frontend --variant nope").code, 3);
  EXPECT_EQ(run_program("trace configs/quickstart.yaml client frontend --bytes many").code, 2);
}

}  // namespace
}  // namespace knetsim::test
