#pragma once

#include <string>

#include "sim/cli/lab_session.h"

namespace knetsim {

/// Options of `knetsim calibrate --emulated`, beside those of the measuring machine's own.
struct EmulatedOptions {
  bool emulated = false;
  std::string kernel_root;   ///< Where the kernel's package is unpacked; empty: looked for.
  std::string guest_record;  ///< In the guest: measure, and leave the record there. Not for people.
};

void add_emulated_options(CLI::App& command, EmulatedOptions& options);

/// Measures in an emulated machine, and writes the profile with what it says about instruction-bound steps.
/// @throws lab::LabError
int calibrate_emulated(const std::string& out, const std::string& before, const LabOptions& lab,
                       const EmulatedOptions& options, const CommandContext& context);

/// The guest's part. @throws lab::LabError
int measure_in_guest(const std::string& file, std::uint32_t rounds);

}  // namespace knetsim
