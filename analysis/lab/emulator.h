#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "analysis/lab/guest_image.h"

namespace knetsim::lab {

struct GuestRun {
  int status = 0;      ///< The payload's exit status.
  std::string result;  ///< What it left in the guest's /result.
};

struct EmulatorOptions {
  std::uint32_t memory_mb = 2048;
  std::chrono::seconds patience{1200};                     ///< Then the emulator is killed.
  std::function<void(const std::string& line)> on_line{};  ///< A line of the payload's output, or of the kernel's.
};

/// Boots the kernel in an emulated machine of one CPU whose clock counts instructions, one a nanosecond: nothing of the
/// machine outside is in its times, and two boots take the same ones. No file is written: the archive is memory that
/// the emulator inherits. The emulator dies with this process, however that ends.
/// @param archive  As guest_image() makes it.
/// @throws LabError  No emulator here, it does not start, the guest ends without a result or not at all; with the last
///                   lines that it printed.
/// @source QEMU, docs/devel/tcg-icount.rst.
GuestRun run_guest(const GuestKernel& kernel, const std::string& archive, const EmulatorOptions& options);

inline constexpr const char* kEmulator = "qemu-system-x86_64";

}  // namespace knetsim::lab
