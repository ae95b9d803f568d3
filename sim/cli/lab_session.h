#pragma once

#include <string>
#include <vector>

#include "analysis/lab/measurement.h"
#include "analysis/lab/surroundings.h"
#include "models/cost/cost_profile.h"
#include "sim/cli/command.h"

namespace knetsim {

/// Reads a cost profile. @param path  Empty: profiles/default.yaml beside the program. @throws ConfigError
CostProfile read_profile(const std::string& path);

/// Looks what the machine has, and says what it lacks. @throws lab::LabError  No lab is possible here.
lab::Surroundings enter_lab(const CommandContext& context);

/// Measures, showing on standard error what is under way. @throws lab::LabError
std::vector<lab::Measured> measure_shown(const std::vector<lab::LabCase>& cases, const lab::Surroundings& here,
                                         std::uint32_t rounds, const CommandContext& context);

/// "Intel(R) Xeon(R) Processor, Linux 6.18"
std::string machine_text(const lab::Surroundings& here);

/// " of a median: too much to ..." where the machine is too noisy to tell what is asked; empty else.
std::string noise_warning(double noise_floor);

}  // namespace knetsim
