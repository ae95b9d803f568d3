#pragma once

#include <string>

#include "app/cli/command.h"
#include "app/cli/lab_session.h"

namespace knetsim {

struct KernelVerifyArguments {
  std::string profile;    ///< Path; empty: the default one. With `calibrate` where the fit starts.
  std::string calibrate;  ///< File for a profile fitted in the same rounds, which is judged; empty: `profile` is.
  LabOptions lab{};
  std::string format = "table";
};

/// `verify --kernel`: builds datapaths that no calibration saw, measures them, and prints prediction beside
/// measurement. With `calibrate` those of the calibration are measured in turn with them.
/// @return  The exit code. @throws lab::LabError
int verify_kernel(const KernelVerifyArguments& arguments, const CommandContext& context);

}  // namespace knetsim
