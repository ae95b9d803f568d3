// Goal: a record says all that was measured, on which datapath; nothing is lost on the way to a file and back. Method:
// every case of both designs, all that a machine may have.

#include "analysis/lab/measurement_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/lab/lab_plan.h"
#include "analysis/lab/load_plan.h"
#include "everything.h"
#include "sim/input/diagnostics.h"

namespace knetsim::lab {
namespace {

using ::testing::HasSubstr;

MeasurementRecord read(const std::string& text) { return read_record(*Input::from_text("record.json", text)); }

TEST(MeasurementRecord, EveryCaseIsReadBackAsItWasWritten) {
  MeasurementRecord record{.machine = {"A \"quoted\" CPU", "6.18.44", "2026-01-31", "a note"}, .measured = {}};
  for (const auto design : {calibration_cases, held_out_cases}) {
    for (const LabCase& one : design(everything())) {
      const double ns = 1000.1 + static_cast<double>(record.measured.size());
      record.measured.push_back({.lab_case = one,
                                 .held_out = record.measured.size() % 2 == 1,
                                 .min_ns = ns - 7,
                                 .p50 = {ns, ns - 1, ns + 1},
                                 .p90 = {ns + 10, ns + 9, ns + 12},
                                 .p99 = {ns + 100, ns + 90, ns + 130},
                                 .samples = 12});
    }
  }
  const MeasurementRecord back = read(record_text(record));
  EXPECT_EQ(back.machine.text(), record.machine.text());
  ASSERT_EQ(back.measured.size(), record.measured.size());
  for (std::size_t i = 0; i < record.measured.size(); ++i) {
    const Measured& was = record.measured[i];
    const Measured& is = back.measured[i];
    EXPECT_EQ(is.lab_case, was.lab_case) << was.lab_case.name();
    EXPECT_EQ(is.held_out, was.held_out);
    EXPECT_NEAR(is.min_ns, was.min_ns, 0.051);
    EXPECT_NEAR(is.p50.value, was.p50.value, 0.051);
    EXPECT_NEAR(is.p90.low, was.p90.low, 0.051);
    EXPECT_NEAR(is.p99.high, was.p99.high, 0.051);
    EXPECT_EQ(is.samples, was.samples);
  }
}

TEST(MeasurementRecord, LoadsRulesAndNoiseAreReadBackToo) {
  MeasurementRecord record{.machine = {"A CPU", "6.18.44", "2026-01-31", ""},
                           .cpus = 2,
                           .measured = {{.min_ns = 1, .p50 = {2, 1, 3}, .samples = 1}}};
  record.noise = MachineNoise{.others_before = 0.25,
                              .others_during = 0.5,
                              .stolen = 0.125,
                              .spin_spread = 0.75,
                              .spin_lost = 0.0625,
                              .quota_cpus = 1.5,
                              .throttled = 0.375};
  for (const auto design : {calibration_loads, held_out_loads}) {
    for (const LoadCase& load : design(everything())) {
      const double rate = 1e9 + static_cast<double>(record.loads.size()) * 1e6;
      record.loads.push_back({.load = load,
                              .rate = {rate, rate - 2e6, rate + 2e6},
                              .cpu_ns = {0.61234, 0.6, 0.7},
                              .skb_cpu_ns = {40'000, 39'000, 41'000},
                              .process_ns = {0.5, 0.4, 0.6},
                              .skbs_out = {1.5e-5, 1e-5, 2e-5},
                              .skbs_back = {3e-6, 2e-6, 4e-6},
                              .busy = {0.99, 0.98, 1},
                              .rounds = 15});
    }
  }
  for (const RuleLoadCase& load : rule_load_cases(everything())) {
    record.rule_loads.push_back({.load = load,
                                 .rules = 8'013,
                                 .seconds = {0.25, 0.125, 0.5},
                                 .cpu_seconds = {0.2, 0.1, 0.4},
                                 .sync_cpu_seconds = {2, 1, 4},
                                 .rounds = 8});
  }
  const MeasurementRecord back = read(record_text(record));
  EXPECT_EQ(back.cpus, 2u);
  EXPECT_EQ(back.noise, record.noise);
  ASSERT_EQ(back.loads.size(), record.loads.size());
  ASSERT_GT(back.loads.size(), 20u);
  for (std::size_t i = 0; i < back.loads.size(); ++i) {
    const MeasuredLoad& was = record.loads[i];
    const MeasuredLoad& is = back.loads[i];
    EXPECT_EQ(is.load.name(), was.load.name());
    EXPECT_EQ(is.load.path, was.load.path);
    EXPECT_NEAR(is.rate.low, was.rate.low, 1e-5 * was.rate.low);
    EXPECT_NEAR(is.cpu_ns.value, was.cpu_ns.value, 1e-5);
    EXPECT_EQ(is.skb_cpu_ns.high, was.skb_cpu_ns.high);
    EXPECT_EQ(is.process_ns.value, was.process_ns.value);
    EXPECT_NEAR(is.skbs_out.value, was.skbs_out.value, 1e-10);
    EXPECT_NEAR(is.skbs_back.value, was.skbs_back.value, 1e-11);
    EXPECT_EQ(is.busy.value, was.busy.value);
    EXPECT_EQ(is.rounds, 15u);
  }
  ASSERT_EQ(back.rule_loads.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.rule_loads[i].load.name(), record.rule_loads[i].load.name());
    EXPECT_EQ(back.rule_loads[i].rules, 8'013u);
    EXPECT_EQ(back.rule_loads[i].seconds.low, 0.125);
    EXPECT_EQ(back.rule_loads[i].cpu_seconds.value, 0.2);
    EXPECT_EQ(back.rule_loads[i].sync_cpu_seconds.high, 4);
    EXPECT_EQ(back.rule_loads[i].rounds, 8u);
  }
}

TEST(MeasurementRecord, WhatIsNoRecordIsRefusedWithItsPlace) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read(text);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("kind: Scenario\n").find("record.json:1:7"), std::string::npos) << message("kind: Scenario\n");
  const std::string unknown =
      R"({"kind": "KernelMeasurements", "machine": {"processor": "x", "kernel": "y", "date": "z"},
 "cases": [{"case": {"operation": "conect"}, "min": 1, "samples": 3}]})";
  EXPECT_NE(message(unknown).find("did you mean 'connect'"), std::string::npos) << message(unknown);
  EXPECT_NE(message(unknown).find("p99"), std::string::npos) << "every mistake at once: " << message(unknown);
}

TEST(MeasurementRecord, WhatCannotHaveBeenMeasuredIsRefused) {
  const auto message = [](const std::string& setup, const std::string& p50) -> std::string {
    const std::string one =
        R"({"case": {"operation": "connect", "setup": )" + setup + R"(}, "min": 1, "p50": )" + p50 +
        R"(, "p90": {"value": 3, "low": 2, "high": 4}, "p99": {"value": 3, "low": 2, "high": 4}, "samples": 3})";
    try {
      read(R"({"kind": "KernelMeasurements", "machine": {"processor": "x", "kernel": "y", "date": "z"}, "cases": [)" +
           one + "]}");
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  const std::string good = R"({"value": 2, "low": 1, "high": 3})";
  EXPECT_EQ(message("{}", good), "");
  EXPECT_THAT(message("{}", R"({"value": -5, "low": -6, "high": 3})"), HasSubstr("low"));
  EXPECT_THAT(message("{}", R"({"value": 0, "low": 0, "high": 3})"), HasSubstr("an operation takes time"));
  EXPECT_THAT(message("{}", R"({"value": 2, "low": 9e9, "high": 3})"), HasSubstr("not within its interval"));
  EXPECT_THAT(message("{}", R"({"value": 2, "low": 1, "high": 1e300})"), HasSubstr("high"));
  EXPECT_THAT(message(R"({"nodes": 7})", good), HasSubstr("nodes"));
  EXPECT_THAT(message(R"({"rules": {"services": 10, "position": 999}})", good), HasSubstr("there are 10 Services"));
}

}  // namespace
}  // namespace knetsim::lab
