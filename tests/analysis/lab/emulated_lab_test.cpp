// Goal: the emulated machine measures, and what it measures is right. Method: Debian's kernel is booted with this
// tree's programs. Inside, every rule's counter is compared with the interpreter's for all proxy modes, IPVS with them
// (kernel_rules_lab.h, kernel_ipvs_test.cpp). Then the whole measurement runs in two boots, which have to agree, and
// the orders that are known from elsewhere have to come out. Skipped where there is no emulator or no kernel.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "analysis/lab/command.h"
#include "analysis/lab/emulator.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/measurement_record.h"
#include "support/temporary_folder.h"

namespace knetsim::lab {
namespace {

constexpr std::chrono::minutes kPatience{25};

std::string why_not() {
  if (!is_installed(kEmulator)) return "no qemu-system-x86_64: ./dev setup lab";
  try {
    find_guest_kernel({});
  } catch (const LabError& error) {
    return error.what();
  }
  return {};
}

#define SKIP_WITHOUT_EMULATOR() \
  if (const std::string why = why_not(); !why.empty()) GTEST_SKIP() << why

TEST(EmulatedLab, KernelCountsRulesAsTheModelsDoInEveryMode) {
  SKIP_WITHOUT_EMULATOR();
  const GuestKernel kernel = find_guest_kernel({});
  std::vector<std::string> notes;
  const std::string image =
      guest_image(kernel, KNETSIM_PROGRAM,
                  {.program = KNETSIM_LAB_TESTS, .arguments = {"--gtest_filter=KernelIpvs.*:Loaded/Kernel*"}}, notes);
  std::string output;
  std::uint32_t passed = 0;
  const GuestRun run = run_guest(kernel, image, {.patience = kPatience, .on_line = [&](const std::string& line) {
                                                   output += line + "\n";
                                                   passed += line.find("[       OK ]") != std::string::npos ? 1U : 0U;
                                                 }});
  EXPECT_EQ(run.status, 0) << output;
  EXPECT_EQ(output.find("SKIPPED"), std::string::npos) << output;
  EXPECT_GE(passed, 96U);
}

/// The one child of a process; 0: none.
pid_t child_of(pid_t parent) {
  std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", parent));
  pid_t child = 0;
  list >> child;
  return child;
}

bool runs(pid_t process) {
  std::ifstream stat(fmt::format("/proc/{}/stat", process));
  std::string number;
  std::string name;
  std::string state;
  stat >> number >> name >> state;
  return stat && state != "Z";
}

bool comes_true(const std::function<bool()>& what) {
  for (int tenths = 0; tenths < 300; ++tenths) {
    if (what()) return true;
    ::usleep(100'000);
  }
  return false;
}

TEST(EmulatedLab, EmulatorDiesWithTheCommandAndLeavesNoFile) {
  SKIP_WITHOUT_EMULATOR();
  const TemporaryFolder folder;
  const std::string out = folder.path("p.yaml");
  const pid_t command = ::fork();
  if (command == 0) {
    ::setenv("TMPDIR", folder.path().c_str(), 1);
    ::execl(KNETSIM_PROGRAM, KNETSIM_PROGRAM, "calibrate", "--emulated", "-q", "--out", out.c_str(), nullptr);
    ::_exit(127);
  }
  pid_t emulator = 0;
  const auto is_emulator = [&] {
    emulator = child_of(command);
    std::ifstream name(fmt::format("/proc/{}/comm", emulator));
    std::string text;
    name >> text;
    return text.starts_with("qemu-system");
  };
  EXPECT_TRUE(comes_true(is_emulator));
  ::kill(command, SIGKILL);
  ::waitpid(command, nullptr, 0);
  EXPECT_TRUE(comes_true([&] { return !runs(emulator); }));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

/// A boot that measures all there is.
MeasurementRecord boot_and_measure() {
  const TemporaryFolder folder;
  const std::string save = folder.path("record.json");
  const CommandResult done =
      run({KNETSIM_PROGRAM, "calibrate", "--emulated", "--out", folder.path("p.yaml"), "--save", save},
          {.patience = kPatience});
  EXPECT_EQ(done.status, 0) << done.output;
  return read_record(*Input::open(save));
}

void expect_agreement(const MeasurementRecord& first, const MeasurementRecord& second) {
  ASSERT_EQ(first.measured.size(), second.measured.size());
  ASSERT_GT(first.measured.size(), 60U);
  for (std::size_t i = 0; i < first.measured.size(); ++i) {
    const Measured& a = first.measured[i];
    const Measured& b = second.measured[i];
    ASSERT_EQ(a.lab_case, b.lab_case);
    EXPECT_NEAR(a.p50.value / b.p50.value, 1, 0.001) << a.lab_case.name();
    EXPECT_NEAR(a.min_ns / b.min_ns, 1, 0.001) << a.lab_case.name();
  }
}

/// Instructions of the cases of a record.
class Counted {
 public:
  explicit Counted(const MeasurementRecord& record) : record_(record) {}

  double operator()(const LabCase& wanted) const {
    for (const Measured& one : record_.measured) {
      if (one.lab_case == wanted) return one.p50.value;
    }
    ADD_FAILURE() << "not measured: " << wanted.name();
    return std::nan("");
  }
  double service(LabProxy proxy, std::uint32_t services, Operation operation) const {
    return (*this)({.setup = {.rules = {.proxy = proxy, .services = services, .position = services / 2}},
                    .exposure = Exposure::ClusterIp,
                    .operation = operation});
  }

 private:
  const MeasurementRecord& record_;
};

void expect_longer_datapaths_to_take_more(const Counted& instructions) {
  for (const Operation operation : {Operation::RoundTrip, Operation::Connect}) {
    SCOPED_TRACE(operation_name(operation));
    const double hosts =
        instructions({.client_host_network = true, .server_host_network = true, .operation = operation});
    const double pod = instructions({.operation = operation});
    const double tracked = instructions.service(LabProxy::IptablesLegacy, 10, operation);
    const double vxlan =
        instructions({.setup = {.fabric = Fabric::Vxlan, .rules = {.proxy = LabProxy::IptablesLegacy, .position = 5}},
                      .exposure = Exposure::ClusterIp,
                      .operation = operation});
    EXPECT_LT(hosts, pod);
    EXPECT_LT(pod, tracked);
    EXPECT_LT(tracked, vxlan);
  }
}

// 2.1 against 1.8 million packets a second through a NodePort (Cilium 1.8 post), and kube-proxy's own reason for IPVS.
void expect_ipvs_to_be_dearer_per_packet_and_flat(const Counted& instructions) {
  const auto ipvs = [&](std::uint32_t services, Operation operation) {
    return instructions.service(LabProxy::Ipvs, services, operation);
  };
  const auto iptables = [&](std::uint32_t services, Operation operation) {
    return instructions.service(LabProxy::IptablesLegacy, services, operation);
  };
  for (const std::uint32_t services : {10U, 100U, 500U, 1'000U}) {
    EXPECT_GT(ipvs(services, Operation::RoundTrip), iptables(services, Operation::RoundTrip)) << services;
  }
  EXPECT_GT(ipvs(10, Operation::Connect), iptables(10, Operation::Connect));
  EXPECT_LT(ipvs(500, Operation::Connect), iptables(500, Operation::Connect));
  EXPECT_LT(ipvs(1'000, Operation::Connect), iptables(1'000, Operation::Connect));
  EXPECT_NEAR(ipvs(1'000, Operation::Connect) / ipvs(10, Operation::Connect), 1, 0.02);
}

TEST(EmulatedLab, MeasuresTheSameInTwoBootsAndPutsTheModesInTheRightOrder) {
  SKIP_WITHOUT_EMULATOR();
  const MeasurementRecord first = boot_and_measure();
  const MeasurementRecord second = boot_and_measure();
  expect_agreement(first, second);
  expect_longer_datapaths_to_take_more(Counted(first));
  expect_ipvs_to_be_dearer_per_packet_and_flat(Counted(first));
}

}  // namespace
}  // namespace knetsim::lab
