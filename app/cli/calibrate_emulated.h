#pragma once

#include <string>

#include "app/cli/lab_session.h"

namespace knetsim {

/// Options of `knetsim calibrate --emulated`, beside those of the measuring machine's own.
struct EmulatedOptions {
  bool emulated = false;
  std::string kernel_root;   ///< Where the kernel's package is unpacked; empty: looked for.
  std::string guest_record;  ///< In the guest: measure, and leave the record there. Not for people.
};

void add_emulated_options(CLI::App& command, EmulatedOptions& options);

/// Paths of the profile to start from, empty for the default one, and of the one to write.
struct EmulatedProfiles {
  std::string out;
  std::string before;
};

/// Measures in an emulated machine, and writes the profile with what it says about instruction-bound steps.
/// @throws lab::LabError
/// @param files  Knows of the profile and of --save.
int calibrate_emulated(const EmulatedProfiles& profiles, const LabOptions& lab, const EmulatedOptions& options,
                       OutputFiles& files, const CommandContext& context);

/// The guest's part. @throws lab::LabError
int measure_in_guest(const std::string& file, std::uint32_t rounds);

}  // namespace knetsim
