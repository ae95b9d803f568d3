// Goal: a load does what it says, and its accounts hold: bytes are conserved, CPU time is there, placements put the
// work where they say. Method: live namespaces, loose sanity, no timing. Skipped where namespaces are not allowed.

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <sstream>
#include <thread>

#include "analysis/lab/command.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/load_check.h"
#include "analysis/lab/load_clients.h"
#include "analysis/lab/load_measurement.h"
#include "analysis/lab/load_plan.h"
#include "analysis/lab/load_server.h"
#include "analysis/lab/load_work.h"
#include "analysis/lab/prediction.h"
#include "analysis/lab/receive_steering.h"
#include "analysis/lab/surroundings.h"

#include "default_profile.h"

namespace knetsim::lab {
namespace {

using namespace std::chrono_literals;

constexpr LoadTiming kShort{.warm_up = 20ms, .window = 60ms};

class LoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = lab_impossible(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(LoadTest, BytesOfAStreamAreConserved) {
  const LabDatapath datapath({}, LabServers::None);
  const LabEnds ends = datapath.ends_of({});
  const int cpu = usable_cpus().front();
  const LoadServer server(ends.server, {.kind = LoadKind::Bulk, .cpus = {cpu}});
  LoadClients clients(ends.client, ends.asked, {.kind = LoadKind::Bulk, .cpus = {cpu, cpu}});
  std::this_thread::sleep_for(50ms);
  clients.stop();
  std::uint64_t sent = 0;
  for (const std::uint64_t bytes : clients.operations()) sent += bytes;
  EXPECT_GT(sent, 0u);
  for (int wait = 0; wait < 500 && server.open() > 0; ++wait) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server.open(), 0u) << "both streams have come to their end";
  EXPECT_EQ(server.bytes(), sent);
}

TEST_F(LoadTest, EveryKindOfLoadGetsOnAndCostsTime) {
  const LabDatapath datapath({}, LabServers::None);
  const std::vector<int> cpus = usable_cpus();
  const CpuIdle idle;
  for (const LoadKind kind : {LoadKind::Bulk, LoadKind::Requests, LoadKind::Connections}) {
    SCOPED_TRACE(std::string(load_name(kind)));
    const LoadSample one = watch_load(datapath, {.kind = kind}, cpus, kShort, idle);
    EXPECT_GT(one.operations, 0);
    EXPECT_GE(one.seconds, 0.06);
    EXPECT_GT(one.client_ns + one.server_ns, 0);
    EXPECT_GT(one.busy_ns, 0);
    EXPECT_LE(one.busy_ns, one.seconds * 1e9 * 1.001) << "of one CPU";
    // A request is at least one skb each way; of a connection three and more leave; a stream's hold many bytes.
    if (kind == LoadKind::Requests) {
      EXPECT_GE(one.skbs_out, 0.99 * one.operations);
      EXPECT_GE(one.skbs_back, 0.99 * one.operations);
      EXPECT_LE(one.skbs_out, 1.5 * one.operations) << "answers carry the acknowledgements";
    } else if (kind == LoadKind::Connections) {
      EXPECT_GE(one.skbs_out, 2.9 * one.operations);
    } else {
      EXPECT_GT(one.operations / one.skbs_out, 1'448) << "segmentation is offloaded";
    }
  }
}

// A stream's skbs, of up to 64 KiB, pass a tunnel and the wire whole: nothing is fragmented, as it would be if pods had
// the wire's MTU, nor segmented, since a veth device takes aggregates in tunnels too.
TEST_F(LoadTest, SkbsOfAStreamPassATunnelWhole) {
  const Surroundings here = look_around();
  for (const Fabric fabric : {Fabric::Vxlan, Fabric::Ipip}) {
    if ((fabric == Fabric::Vxlan && !here.vxlan) || (fabric == Fabric::Ipip && !here.ipip)) continue;
    SCOPED_TRACE(std::string(fabric_name(fabric)));
    const LabDatapath datapath({.fabric = fabric}, LabServers::None);
    const auto sent = [](const NetNamespace& space, const std::string& device) {
      return std::stoul(space.in("cat /sys/class/net/" + device + "/statistics/tx_packets"));
    };
    const LoadSample one = watch_load(datapath, {.kind = LoadKind::Bulk}, usable_cpus(), kShort, CpuIdle{});
    EXPECT_GT(one.operations, 0);
    const std::size_t of_pod = sent(datapath.cluster().pod(0), LabCluster::pod_device());
    EXPECT_LT(sent(datapath.cluster().node(0), LabCluster::uplink(1)), 2 * of_pod);  // a count may still go up
  }
}

// A cable of 100 Mbit/s carries what the models' framing says, by routes and over VXLAN: a real kernel's MTU, MSS,
// headers and ACKs against sim/net/link_framing.h. No CPU is too slow for that; the median of rounds forgives a pause.
TEST_F(LoadTest, AStreamOverAWireHasThePayloadShareThatTheModelsSay) {
  const Surroundings here = look_around();
  if (!here.wire_rate) GTEST_SKIP() << "no tc, or a kernel without sch_tbf: no cable can be given a rate";
  std::vector<LoadCase> loads;
  for (const Fabric fabric : {Fabric::HostRoutes, Fabric::Vxlan}) {
    if (fabric == Fabric::Vxlan && !here.vxlan) continue;
    loads.push_back({.path = {.setup = {.fabric = fabric, .wire_mbit = 100}}, .kind = LoadKind::Bulk});
  }
  for (const MeasuredLoad& one : measure_loads(loads, {.cpus = usable_cpus(), .rounds = 9})) {
    SCOPED_TRACE(one.load.name());
    const double predicted = wire_payload_rate(one.load, default_profile());
    EXPECT_NEAR(one.rate.value, predicted, 0.02 * predicted);
  }
}

// Whatever time it takes: no aggregate passes such a cable, so each packet's preamble and gap are counted.
TEST_F(LoadTest, OnlyWirePacketsPassAWire) {
  const Surroundings here = look_around();
  if (!here.wire_rate) GTEST_SKIP() << "no tc, or a kernel without sch_tbf: no cable can be given a rate";
  const LabSetup setup{.fabric = here.vxlan ? Fabric::Vxlan : Fabric::HostRoutes, .wire_mbit = 100};
  const LabDatapath datapath(setup, LabServers::None);
  const auto sent = [&](const char* what) {
    const std::string folder = "/sys/class/net/" + LabCluster::uplink(1) + "/statistics/";
    return std::stod(datapath.cluster().node(0).in("cat " + folder + what));
  };
  watch_load(datapath, {.path = {.setup = setup}, .kind = LoadKind::Bulk}, usable_cpus(), kShort, CpuIdle{});
  const double bytes = sent("tx_bytes");  // first: the queue may still drain
  const double packets = sent("tx_packets");
  EXPECT_GT(bytes, 100'000);
  EXPECT_LE(bytes / packets, 1514) << "Ethernet header and 1,500 bytes";
}

// Two streams on one CPU get half of it each: neither is left below a tenth. A share of exactly one half would be a
// statement about the scheduler.
TEST_F(LoadTest, TwoStreamsOfOneCpuShareIt) {
  const LabDatapath datapath({}, LabServers::None);
  const LabEnds ends = datapath.ends_of({});
  const int cpu = usable_cpus().front();
  const LoadServer server(ends.server, {.kind = LoadKind::Bulk, .cpus = {cpu}});
  LoadClients clients(ends.client, ends.asked, {.kind = LoadKind::Bulk, .cpus = {cpu, cpu}});
  std::this_thread::sleep_for(300ms);
  clients.stop();
  const auto each = clients.operations();
  ASSERT_EQ(each.size(), 2u);
  EXPECT_GT(static_cast<double>(std::min(each[0], each[1])), 0.1 * static_cast<double>(each[0] + each[1]));
}

// Steering: the softirq of what the server's node receives runs on the CPU that the placement names. The kernel counts
// packets that a CPU took from another one's backlog by RPS in /proc/net/softnet_stat, tenth column.
TEST_F(LoadTest, ReceiveSteeringIsHonouredByVeth) {
  const std::vector<int> cpus = usable_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU: nothing can be steered to another one";
  if (!look_around().receive_steering) GTEST_SKIP() << "a kernel without CONFIG_RPS";
  const LabDatapath datapath({}, LabServers::None);
  const auto steered = [&] {
    std::istringstream lines(datapath.cluster().node(0).in("cat /proc/net/softnet_stat"));
    double sum = 0;
    for (std::string line; std::getline(lines, line);)
      sum += static_cast<double>(std::stoul(words(line).at(9), nullptr, 16));
    return sum;
  };
  const CpuIdle idle;
  const double before = steered();
  const LoadSample still = watch_load(datapath, {}, cpus, kShort, idle);
  const double between = steered();
  EXPECT_EQ(between, before) << "nothing is steered where nobody asks";
  EXPECT_GT(still.operations, 0);
  const LoadSample moved = watch_load(datapath, {.placement = Placement::CpuPerNode}, cpus, kShort, idle);
  EXPECT_GE(steered() - between, moved.operations) << "each request at least";
  EXPECT_GT(moved.operations, 0);
}

TEST_F(LoadTest, ClientsOfAServerThatIsNotThereSaySo) {
  const LabDatapath datapath({}, LabServers::None);
  const LabEnds ends = datapath.ends_of({});
  try {
    LoadClients(ends.client, ends.asked, {.kind = LoadKind::Requests, .cpus = {usable_cpus().front()}});
    FAIL();
  } catch (const LabError& error) {
    EXPECT_STREQ(error.what(), "a load has no connection to 10.244.2.10:8080: Connection refused");
  }
}

TEST_F(LoadTest, MeasuredLoadsHaveIntervalsAroundTheirMedians) {
  const auto measured = measure_loads({{.kind = LoadKind::Requests}, {.kind = LoadKind::Connections}},
                                      {.cpus = usable_cpus(), .rounds = 6, .timing = kShort});
  ASSERT_EQ(measured.size(), 2u);
  for (const MeasuredLoad& one : measured) {
    EXPECT_GT(one.rate.low, 0);
    EXPECT_LE(one.rate.low, one.rate.value);
    EXPECT_GE(one.rate.high, one.rate.value);
    EXPECT_GT(one.cpu_ns.value, 0);
    EXPECT_GT(one.busy.value, 0);
    EXPECT_LE(one.busy.high, 1 + 1e-9);
    EXPECT_EQ(one.rounds, 6u);
  }
}

TEST(CpuMask, IsAsSysfsHasIt) {
  EXPECT_EQ(cpu_mask(0), "1");
  EXPECT_EQ(cpu_mask(5), "20");
  EXPECT_EQ(cpu_mask(33), "2,00000000");
  EXPECT_EQ(cpu_mask(64), "1,00000000,00000000");
}

// A stream's byte by hand, between hosts without rules: a write of 131,072 bytes is one system call, 2.01 skbs of
// 65,160 bytes that pass one cable (and 2.01 ACKs that pass it back), a read and a wake-up.
TEST(LoadWork, AByteOfAStreamIsItsShareOfAWrite) {
  const LabCase hosts{.client_host_network = true, .server_host_network = true};
  const LabWork work = work_of(LoadCase{.path = hosts, .kind = LoadKind::Bulk});
  const auto of_a_write = [&](StepKind kind) { return 131'072 * work.count[static_cast<std::size_t>(kind)]; };
  const double skbs = 131'072.0 / 65'160;
  EXPECT_NEAR(of_a_write(StepKind::SendSyscall), 1, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::ReceiveSyscall), 1, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::CopyIn), 131'072, 1e-6);
  EXPECT_NEAR(of_a_write(StepKind::CopyOut), 131'072, 1e-6);
  EXPECT_NEAR(of_a_write(StepKind::TcpTransmit), skbs, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::TcpReceive), skbs, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::Veth), 2 * skbs, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::Ack), 2 * skbs, 1e-9);
  EXPECT_NEAR(of_a_write(StepKind::ConntrackLookup), 0, 1e-9) << "no rules, no conntrack";
}

// The cable's share of payload by hand. A full frame takes 8 (preamble) + 14 + 1,500 + 4 (frame check) + 12 (gap) =
// 1,538 bytes of the wire. Of its 1,500, 20 are IPv4, 20 TCP and 12 timestamps: 1,448 are payload. Over VXLAN 50 more
// are outer headers: 1,398. Whoever is a node's own process is not in the tunnel.
TEST(LoadWork, AWireCarriesFullSegmentsInEthernetFrames) {
  const auto rate = [](Fabric fabric, bool hosts) {
    const LoadCase load{.path = {.setup = {.fabric = fabric, .wire_mbit = 100},
                                 .client_host_network = hosts,
                                 .server_host_network = hosts},
                        .kind = LoadKind::Bulk};
    return wire_payload_rate(load, default_profile());
  };
  EXPECT_NEAR(rate(Fabric::HostRoutes, false), 12.5e6 * 1448 / 1538, 1e-3);
  EXPECT_NEAR(rate(Fabric::HostRoutes, true), 12.5e6 * 1448 / 1538, 1e-3);
  EXPECT_NEAR(rate(Fabric::Vxlan, false), 12.5e6 * 1398 / 1538, 1e-3);
  EXPECT_NEAR(rate(Fabric::Vxlan, true), 12.5e6 * 1448 / 1538, 1e-3);
}

// What the machine lacks is left out: with one CPU, or without steering, no load asks for other CPUs.
TEST(LoadPlan, AsksForWhatTheMachineHas) {
  Surroundings here;
  here.cpus = {0, 1};
  here.iptables_legacy = here.nftables = here.vxlan = here.receive_steering = here.wire_rate = true;
  const auto with = [&](auto has) {
    std::size_t count = 0;
    for (const LoadCase& load : held_out_loads(here)) count += has(load) ? 1u : 0u;
    return count;
  };
  const auto steered = [](const LoadCase& load) {
    return load.placement == Placement::CpuPerNode || load.placement == Placement::SoftirqApart;
  };
  const auto tunnelled = [](const LoadCase& load) { return load.path.setup.fabric == Fabric::Vxlan; };
  const auto over_a_wire = [](const LoadCase& load) { return load.path.setup.wire_mbit > 0; };
  EXPECT_GT(with(steered), 0u);
  EXPECT_GT(with(tunnelled), 0u);
  EXPECT_EQ(with(over_a_wire), 4u) << "one stream and four, by routes and over VXLAN";
  here.receive_steering = here.vxlan = false;
  EXPECT_EQ(with(steered), 0u);
  EXPECT_EQ(with(tunnelled), 0u);
  EXPECT_EQ(with(over_a_wire), 2u);
  here.wire_rate = false;
  EXPECT_EQ(with(over_a_wire), 0u);
  here.cpus = {3};
  EXPECT_EQ(with([](const LoadCase& load) { return load.placement != Placement::OneCpu; }), 0u);
  EXPECT_GT(with([](const LoadCase&) { return true; }), 0u);
}

MeasuredLoad rate_seen(const LoadCase& load, double rate, double relative_half_width) {
  return {.load = load, .rate = {rate, rate * (1 - relative_half_width), rate * (1 + relative_half_width)}};
}

double predicted_rate(const LoadCase& load) {
  return *check_loads({rate_seen(load, 1, 0)}, default_profile(), {}, 2).loads[0].predicted_rate;
}

// One process: one over the sum of a round trip. Pairs on two CPUs: twice that. More than a CPU holds: no more.
TEST(LoadCheck, RatesAreCpusOverTheCostOfAnOperation) {
  const double trip_ns = predict_ns(LabCase{}, default_profile());
  EXPECT_NEAR(predicted_rate({}), 1e9 / trip_ns, 1);
  EXPECT_NEAR(predicted_rate({.clients = 4}), 1e9 / trip_ns, 1);
  EXPECT_NEAR(predicted_rate({.clients = 1, .placement = Placement::PairPerCpu}), 1e9 / trip_ns, 1);
  EXPECT_NEAR(predicted_rate({.clients = 4, .placement = Placement::PairPerCpu}), 2e9 / trip_ns, 1);
  const auto across = check_loads({rate_seen({.placement = Placement::CpuPerNode}, 1, 0)}, default_profile(), {}, 2);
  EXPECT_FALSE(across.loads[0].predicted_rate.has_value());
  EXPECT_EQ(across.verdicts.met + across.verdicts.missed + across.verdicts.untold, 0u)
      << "what is not predicted is not judged";
}

LoadCase over_a_wire(std::uint32_t mbit, LoadKind kind = LoadKind::Bulk) {
  return {.path = {.setup = {.wire_mbit = mbit}}, .kind = kind};
}

CheckedLoad checked(const LoadCase& load, double rate, double relative_half_width) {
  return check_loads({rate_seen(load, rate, relative_half_width)}, default_profile(), {}, 2).loads[0];
}

// The slower of CPU and wire: a wire of 100 Mbit/s is, one of 4 Tbit/s is not. Latencies over a wire are not predicted.
TEST(LoadCheck, AStreamIsAsFastAsTheSlowerOfCpuAndWire) {
  const double of_cpu = predicted_rate({.kind = LoadKind::Bulk});
  const CheckedLoad slow = checked(over_a_wire(100), 1, 0);
  EXPECT_TRUE(slow.wire_decides);
  EXPECT_NEAR(*slow.predicted_rate, 12.5e6 * 1448 / 1538, 1e-3);
  const CheckedLoad fast = checked(over_a_wire(4'000'000), 1, 0);
  EXPECT_FALSE(fast.wire_decides);
  EXPECT_DOUBLE_EQ(*fast.predicted_rate, of_cpu);
  EXPECT_FALSE(checked(over_a_wire(100, LoadKind::Requests), 1, 0).predicted_rate.has_value());
}

// A wire's rate has no fitted figure in it. Within 0.5 % each part of the framing is seen: without TCP's timestamps
// 1,460 of 1,538 bytes are payload, without preamble, frame check and gap 1,448 of 1,514.
TEST(LoadCheck, AWiresRateIsJudgedByWhatItsFramingIs) {
  const auto verdict = [](double payload, double frame) {
    return checked(over_a_wire(100), 12.5e6 * payload / frame, 0.001).verdict;
  };
  EXPECT_EQ(verdict(1448, 1538), Verdict::Met);
  EXPECT_EQ(verdict(1448 * 0.998, 1538), Verdict::Met);
  EXPECT_EQ(verdict(1460, 1538), Verdict::Missed);
  EXPECT_EQ(verdict(1448, 1514), Verdict::Missed);
  EXPECT_EQ(verdict(1398, 1538), Verdict::Missed) << "VXLAN's bytes";
  EXPECT_EQ(checked(over_a_wire(100), 12.5e6 * 1448 / 1538, 0.01).verdict, Verdict::CannotTell);
  const auto among = [](const MachineNoise& noise) {
    const MeasuredLoad one = rate_seen(over_a_wire(100), 12.5e6 * 1448 / 1538, 0.001);
    return check_loads({one}, default_profile(), noise, 2).loads[0].verdict;
  };
  EXPECT_EQ(among({.others_during = 0.5}), Verdict::Met) << "the CPU had time to lose";
  EXPECT_EQ(among({.quota_cpus = 1, .throttled = 0.2}), Verdict::CannotTell);
}

// They say nothing about costs, so they may not make the costs' error look small.
TEST(LoadCheck, WhatAWireDecidesIsNotInTheMedianError) {
  const LoadCase requests{};
  const std::vector<MeasuredLoad> loads = {rate_seen(requests, 2 * predicted_rate(requests), 0.01),
                                           rate_seen(over_a_wire(100), 12.5e6 * 1448 / 1538, 0.001)};
  const LoadCheck check = check_loads(loads, default_profile(), {}, 2);
  EXPECT_NEAR(check.error_median, std::log(2), 1e-9);
  EXPECT_EQ(check.verdicts.met, 1u);
  EXPECT_EQ(check.verdicts.missed, 1u);
}

TEST(LoadCheck, VerdictsSayWhatTheMeasurementAllows) {
  const auto verdict = [](double error, double half_width, const MachineNoise& noise = {}) {
    const LoadCase load{};
    return check_loads({rate_seen(load, predicted_rate(load) / (1 + error), half_width)}, default_profile(), noise, 2)
        .loads[0]
        .verdict;
  };
  EXPECT_EQ(verdict(0.10, 0.01), Verdict::Met);
  EXPECT_EQ(verdict(-0.10, 0.01), Verdict::Met);
  EXPECT_EQ(verdict(0.30, 0.01), Verdict::Missed);
  EXPECT_EQ(verdict(-0.30, 0.01), Verdict::Missed);
  EXPECT_EQ(verdict(0.10, 0.20), Verdict::CannotTell) << "the interval is wider than the tolerance";
  EXPECT_EQ(verdict(0.10, 0.01, {.others_during = 0.5}), Verdict::CannotTell) << "others had the CPU";
  EXPECT_EQ(verdict(0.30, 0.01, {.quota_cpus = 1, .throttled = 0.2}), Verdict::CannotTell);
}

}  // namespace
}  // namespace knetsim::lab
