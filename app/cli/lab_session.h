#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "analysis/lab/load_case.h"
#include "analysis/lab/measurement_record.h"
#include "analysis/lab/surroundings.h"
#include "app/cli/command.h"
#include "app/cli/output_files.h"
#include "app/cli/progress.h"
#include "models/cost/cost_profile.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself so
class Validator;
}

namespace knetsim {

/// Reads a cost profile. @param path  Empty: profiles/default.yaml beside the program. @throws ConfigError
CostProfile read_profile(const std::string& path);

/// How a command comes by its measurements.
struct LabOptions {
  std::uint32_t rounds = 15;
  std::string save;    ///< File that gets the record; empty: none.
  std::string from;    ///< File that holds a record: nothing is measured. Empty: this machine is.
  bool force = false;  ///< `save` may be there already.
};

/// Adds --rounds, --save and --from to a command.
void add_lab_options(CLI::App& command, LabOptions& options);

/// Refuses the empty name.
CLI::Validator named_file();

/// What a command measures of that which is possible here.
struct LabDesign {
  std::vector<lab::LabCase> (*cases)(const lab::Surroundings& here);
  std::vector<lab::LoadCase> (*loads)(const lab::Surroundings& here);
};

/// Today, as in "2026-01-31".
std::string today();

/// Looks what the machine has, and says what it lacks. @throws lab::LabError  No lab is possible here.
lab::Surroundings enter_lab(const CommandContext& context);

/// Says on standard error what is under way: each part of a measurement from 0 to 100 %.
class ShownProgress {
 public:
  explicit ShownProgress(const CommandContext& context);
  ~ShownProgress();
  ShownProgress(const ShownProgress&) = delete;
  ShownProgress& operator=(const ShownProgress&) = delete;

  std::function<void(double, const std::string&)> shower();

 private:
  ProgressLine line_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Measures what `design` finds possible here, showing on standard error what is under way, or reads what was
/// measured before. What --save asks for is written to `files`, which knows of it.
/// @throws lab::LabError  No lab is possible here. @throws ConfigError  Not a record.
lab::MeasurementRecord obtain_record(const LabOptions& options, const LabDesign& design, OutputFiles& files,
                                     const CommandContext& context);

/// The files that these options name, read and written. @throws UsageError, OutputError
OutputFiles files_of(const LabOptions& options);

/// " of a median: too much to ..." where the machine is too noisy to tell what is asked; empty else.
std::string noise_warning(double noise_floor);

}  // namespace knetsim
