#pragma once

#include <cstdint>
#include <string>

#include "sim/cli/command.h"

namespace knetsim {

struct KernelVerifyArguments {
  std::string profile;  ///< Path; empty: the default one.
  std::uint32_t rounds = 15;
  std::string format = "table";
};

/// `verify --kernel`: builds datapaths that no calibration saw, measures them, and prints prediction beside
/// measurement.
/// @return  The exit code. @throws lab::LabError
int verify_kernel(const KernelVerifyArguments& arguments, const CommandContext& context);

}  // namespace knetsim
