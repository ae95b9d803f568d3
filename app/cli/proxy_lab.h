#pragma once

#include <string>

#include "app/cli/command.h"
#include "app/cli/lab_session.h"

namespace knetsim {

/// `calibrate --proxies`: runs nginx and haproxy, as far as they are installed, in the lab, and writes a profile with
/// what they and TLS take in user mode; its other figures are those of `before`.
/// @return  The exit code. @throws lab::LabError, OutputError
int calibrate_proxies(const std::string& out, const std::string& before, const LabOptions& lab_options,
                      OutputFiles& files, const CommandContext& context);

struct ProxyVerifyArguments {
  std::string profile;  ///< Path; empty: the default one.
  std::string
      calibrate;  ///< File for a profile with proxies and TLS fitted in the same rounds; empty: `profile` is judged.
  LabOptions lab{};
  std::string format = "table";  ///< table, json, markdown
};

/// `verify --kernel --proxies`: asks the proxies in ways that no calibration saw, and prints what runs predict beside it.
/// @return  The exit code. @throws lab::LabError
int verify_proxies(const ProxyVerifyArguments& arguments, const CommandContext& context);

}  // namespace knetsim
