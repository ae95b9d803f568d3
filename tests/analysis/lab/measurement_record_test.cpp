// Goal: a record says all that was measured, on which datapath; nothing is lost on the way to a file and back. Method:
// every case of both designs, all that a machine may have.

#include "analysis/lab/measurement_record.h"

#include <gtest/gtest.h>

#include "analysis/lab/lab_plan.h"
#include "sim/input/diagnostics.h"

namespace knetsim::lab {
namespace {

MeasurementRecord read(const std::string& text) { return read_record(*Input::from_text("record.json", text)); }

Surroundings everything() {
  Surroundings all;
  all.cpus = {0, 1};
  all.iptables_legacy = all.iptables_nft = all.nftables = all.bridge_netfilter = all.vxlan = all.ipip = true;
  return all;
}

TEST(MeasurementRecord, EveryCaseIsReadBackAsItWasWritten) {
  MeasurementRecord record{.machine = {"A \"quoted\" CPU", "6.18.44", "2026-01-31", "a note"}, .measured = {}};
  for (const auto design : {calibration_cases, held_out_cases}) {
    for (const LabCase& one : design(everything())) {
      const double ns = 1000.1 + static_cast<double>(record.measured.size());
      record.measured.push_back({.lab_case = one,
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
    EXPECT_NEAR(is.min_ns, was.min_ns, 0.051);
    EXPECT_NEAR(is.p50.value, was.p50.value, 0.051);
    EXPECT_NEAR(is.p90.low, was.p90.low, 0.051);
    EXPECT_NEAR(is.p99.high, was.p99.high, 0.051);
    EXPECT_EQ(is.samples, was.samples);
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

}  // namespace
}  // namespace knetsim::lab
