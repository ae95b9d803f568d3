// Goal: what the models say an operation consists of follows from what its parts do; and every kind of step is either
// measured by the calibration or named among those that are not. Method: the work of cases against that of their parts.

#include "analysis/lab/lab_case.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/lab_plan.h"
#include "everything.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {
namespace {

const LabRules kRules{.proxy = LabProxy::IptablesLegacy, .services = 50, .endpoints = 10, .position = 40};

LabCase cluster_ip(const LabRules& rules, Operation operation) {
  return {.setup = {.rules = rules}, .exposure = Exposure::ClusterIp, .operation = operation};
}

double count(const LabWork& work, StepKind kind) { return work.count[static_cast<std::size_t>(kind)]; }

double scanned(const LabWork& work) {
  double rules = 0;
  for (const LabWork::Scan& scan : work.scans) rules += scan.rules;
  return rules;
}

// A cable between namespaces has no NIC, driver or queue, and the lab loads no programs.
// The lab has no tunnel of IP in IP: its two steps are assumptions (configs/profiles/default.yaml).
TEST(LabCase, EveryKindOfStepIsCalibratedButHardwareProgramsAndIpInIp) {
  std::array<bool, kStepKinds> measured{};
  for (const LabCase& one : calibration_cases(everything())) {
    const LabWork work = work_of(one);
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) measured[kind] = measured[kind] || work.count[kind] > 0;
    for (const LabWork::Scan& scan : work.scans) measured[static_cast<std::size_t>(scan.kind)] = true;
  }
  for (const StepKindInfo& kind : step_kinds()) {
    if (kind.traits.computed) continue;
    const bool absent = kind.side == StepSide::Device || kind.traits.of_program || kind.kind == StepKind::IpipEncap ||
                        kind.kind == StepKind::IpipDecap;
    EXPECT_NE(measured[static_cast<std::size_t>(kind.kind)], absent) << kind.name;
  }
}

TEST(LabCase, TheNetworksNameSaysTheRateOfItsCables) {
  const auto name = [](std::uint32_t mbit) {
    return LabCase{.setup = {.fabric = Fabric::Vxlan, .wire_mbit = mbit}}.network_name();
  };
  EXPECT_EQ(name(0), "VXLAN, bridge");
  EXPECT_EQ(name(100), "VXLAN, bridge, 100 Mbit/s");
  EXPECT_EQ(name(2500), "VXLAN, bridge, 2500 Mbit/s");
  EXPECT_EQ(name(25'000), "VXLAN, bridge, 25 Gbit/s");
}

TEST(LabCase, NoKindOfStepIsHeldOutOnly) {
  std::array<bool, kStepKinds> known{};
  for (const LabCase& one : calibration_cases(everything())) {
    const LabWork work = work_of(one);
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) known[kind] = known[kind] || work.count[kind] > 0;
  }
  for (const LabCase& one : held_out_cases(everything())) {
    if (!has_model(one)) continue;
    const LabWork work = work_of(one);
    for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
      EXPECT_TRUE(work.count[kind] == 0 || known[kind]) << one.name() << ": " << step_kinds()[kind].name;
    }
  }
}

TEST(LabCase, OverlaysOfNoModelAreShownAndNotPredicted) {
  std::size_t without = 0;
  for (const LabCase& one : held_out_cases(everything())) {
    if (has_model(one)) continue;
    ++without;
    EXPECT_TRUE(one.placement != Placement::OneCpu || one.setup.fabric == Fabric::Ipip ||
                one.setup.fabric == Fabric::WireGuard)
        << one.name();
    EXPECT_THROW(work_of(one), LabError) << one.name();
  }
  EXPECT_EQ(without, 10u);
  for (const LabCase& one : calibration_cases(everything())) EXPECT_TRUE(has_model(one)) << one.name();
}

TEST(LabCase, WhatIsHeldOutIsInNoCalibration) {
  const Surroundings here = everything();
  const std::vector<LabCase> known = calibration_cases(here);
  const std::vector<LabCase> all = all_cases(here);
  std::size_t held_out = 0;
  for (const LabCase& one : all) {
    EXPECT_EQ(std::count(all.begin(), all.end(), one), 1) << one.name();
    const auto fitted = std::count(known.begin(), known.end(), one);
    EXPECT_EQ(is_held_out(one, here), fitted == 0) << one.name();
    if (fitted == 0) ++held_out;
  }
  const std::vector<LabCase> verified = held_out_cases(here);
  EXPECT_EQ(held_out, verified.size() - 2) << "the bare hosts' two are the calibration's";
  EXPECT_EQ(all.size(), known.size() + held_out);
}

TEST(LabCase, ARequestMoreInASessionIsARoundTripMore) {
  LabCase session = cluster_ip(kRules, Operation::Session);
  const LabWork one = work_of(session);
  session.requests = 4;
  const LabWork four = work_of(session);
  const LabWork trip = work_of(cluster_ip(kRules, Operation::RoundTrip));
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    EXPECT_NEAR(four.count[kind] - one.count[kind], 3 * trip.count[kind], 1e-9) << step_kinds()[kind].name;
  }
  EXPECT_EQ(scanned(one), scanned(four)) << "the nat table is the first packet's alone";
  EXPECT_EQ(count(one, StepKind::Accept), 1);
  EXPECT_GT(count(one, StepKind::Close), 1) << "both ends close";
  EXPECT_EQ(count(work_of(cluster_ip(kRules, Operation::Connect)), StepKind::Close), 0);
}

TEST(LabCase, AMessageOfSeveralPacketsIsAcknowledgedOnItsOwn) {
  LabCase trip = cluster_ip(kRules, Operation::RoundTrip);
  const LabWork small = work_of(trip);
  EXPECT_EQ(count(small, StepKind::Ack), 0);
  trip.bytes = 8'000;
  const LabWork large = work_of(trip);
  EXPECT_EQ(count(large, StepKind::Ack), 4) << "each way one sent and one received";
  EXPECT_EQ(count(large, StepKind::Veth), 2 * count(small, StepKind::Veth)) << "they pass the same devices";
  EXPECT_EQ(scanned(large), scanned(small));
  LabCase session = trip;
  session.operation = Operation::Session;
  session.requests = 3;
  EXPECT_EQ(count(work_of(session), StepKind::Ack), 12) << "so has each of a session";
  trip.setup.rules.transport = Transport::Udp;
  const LabWork datagrams = work_of(trip);
  trip.bytes = 1;
  EXPECT_EQ(count(datagrams, StepKind::Ack), 0);
  EXPECT_EQ(count(datagrams, StepKind::Veth), count(work_of(trip), StepKind::Veth)) << "and no datagram";
}

TEST(LabCase, AChainIsTheSumOfItsTwoConnections) {
  LabCase chain = cluster_ip(kRules, Operation::RoundTrip);
  chain.setup.chained = true;
  const LabWork both = work_of(chain);
  const LabWork each = work_of(cluster_ip(kRules, Operation::RoundTrip));
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    EXPECT_NEAR(both.count[kind], 2 * each.count[kind], 1e-9) << step_kinds()[kind].name;
  }
  EXPECT_EQ(count(both, StepKind::WakeUp), 4) << "forwarder, second server, forwarder, client";
}

// By hand: the forwarder's connection to the second Service is opened once, before anything is timed.
TEST(LabCase, ASessionOfAChainOpensAndClosesOneConnection) {
  LabCase session = cluster_ip(kRules, Operation::Session);
  session.requests = 3;
  const LabWork plain = work_of(session);
  session.setup.chained = true;
  const LabWork chain = work_of(session);
  EXPECT_EQ(count(chain, StepKind::Accept), 1);
  EXPECT_EQ(count(chain, StepKind::Close), count(plain, StepKind::Close));
  EXPECT_EQ(count(chain, StepKind::ConntrackInsert), 2) << "on each of two nodes one entry, confirmed once";
  EXPECT_EQ(scanned(chain), scanned(plain)) << "the nat table is the first packet's alone";
  EXPECT_EQ(count(chain, StepKind::SendSyscall), count(plain, StepKind::SendSyscall) + 3 * 2);
  EXPECT_EQ(count(chain, StepKind::WakeUp), count(plain, StepKind::WakeUp) + 3 * 2);
  const LabWork trip = work_of(cluster_ip(kRules, Operation::RoundTrip));
  for (std::size_t kind = 0; kind < kStepKinds; ++kind) {
    EXPECT_NEAR(chain.count[kind] - plain.count[kind], 3 * trip.count[kind], 1e-9) << step_kinds()[kind].name;
  }
  LabCase connect = cluster_ip(kRules, Operation::Connect);
  const LabWork one = work_of(connect);
  connect.setup.chained = true;
  EXPECT_EQ(work_of(connect).count, one.count) << "the first Service's server accepts alone";
  EXPECT_EQ(scanned(work_of(connect)), scanned(one));
}

// iptables: a test for each endpoint, all missed by a client that nobody knows. The mean of ten places is 5.5.
TEST(LabCase, AClientThatAffinityKnowsMeetsAsManyRulesAsWithoutAffinity) {
  LabRules sticky = kRules;
  sticky.affinity = true;
  LabCase one = cluster_ip(sticky, Operation::Connect);
  const double unknown = scanned(work_of(one));
  one.remembered = true;
  const double known = scanned(work_of(one));
  EXPECT_EQ(unknown - known, 10);
  EXPECT_EQ(known, scanned(work_of(cluster_ip(kRules, Operation::Connect))));
}

TEST(LabCase, AThirdNodeOnTheWayIsPassedBothTimes) {
  LabCase asked{.setup = {.rules = kRules}, .exposure = Exposure::NodePort, .client_host_network = true};
  const LabWork two = work_of(asked);
  asked.setup.nodes = 3;
  asked.ingress = IngressNode::ThirdNode;
  const LabWork three = work_of(asked);
  EXPECT_EQ(count(three, StepKind::ConntrackLookup) - count(two, StepKind::ConntrackLookup), 2);
  EXPECT_EQ(count(three, StepKind::NatMangle), count(two, StepKind::NatMangle));
}

TEST(LabCase, AHostPortIsOnTheServersNode) {
  LabRules ports = kRules;
  ports.host_ports = 20;
  LabCase asked{.setup = {.rules = ports}, .exposure = Exposure::HostPort, .operation = Operation::Connect};
  EXPECT_EQ(asked.host_port_position(), 10u);
  const LabWork twenty = work_of(asked);
  asked.setup.rules.host_ports = 2;
  EXPECT_EQ(scanned(twenty) - scanned(work_of(asked)), 9) << "entries before the tenth, less none before the first";
}

}  // namespace
}  // namespace knetsim::lab
