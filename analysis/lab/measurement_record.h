#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/lab/load_measurement.h"
#include "analysis/lab/machine_noise.h"
#include "analysis/lab/measurement.h"
#include "analysis/lab/rule_loading.h"
#include "sim/input/input_file.h"

namespace knetsim::lab {

/// On what something was measured.
struct LabMachine {
  std::string processor;  ///< "AMD EPYC"
  std::string kernel;     ///< "6.18.44"
  std::string date;       ///< "2026-01-31"
  std::string note;       ///< What else a reader has to know: "emulated, one instruction a nanosecond"; may be empty.

  /// "AMD EPYC, Linux 6.18.44, 2026-01-31"
  std::string text() const;
  /// Whether the record's nanoseconds are instructions.
  bool is_emulated() const { return note == kEmulated; }
  static constexpr const char* kEmulated = "emulated, a nanosecond is an instruction";
};

/// All that a lab measured, apart from what is concluded from it: costs are fitted to a record, and predictions judged
/// beside one, again and anywhere, whoever measured it.
struct MeasurementRecord {
  LabMachine machine;
  std::uint32_t cpus = 1;               ///< That the lab had.
  std::optional<MachineNoise> noise{};  ///< Empty: not looked at, as in an emulation.
  std::vector<Measured> measured;
  std::vector<MeasuredLoad> loads{};
  std::vector<MeasuredRuleLoad> rule_loads{};
};

/// The record as JSON, a case a line: what read_record() reads back, to a tenth of a nanosecond.
std::string record_text(const MeasurementRecord& record);

/// @throws ConfigError  Not a record, with every mistake and its place.
MeasurementRecord read_record(const Input& input);

}  // namespace knetsim::lab
