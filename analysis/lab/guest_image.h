#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace knetsim::lab {

/// A kernel for the emulated lab, as a distribution packs it.
struct GuestKernel {
  std::string release;            ///< "6.1.0-56-cloud-amd64"
  std::filesystem::path image;    ///< boot/vmlinuz-RELEASE
  std::filesystem::path modules;  ///< lib/modules/RELEASE
};

/// Looks for boot/vmlinuz-*-cloud-amd64 and its modules; of several the newest.
/// @param root  Where the package is installed or unpacked. Empty: "/", or a folder `lab-kernel` beside the program or
///              above it, where `./dev setup lab` unpacks Debian's.
/// @throws LabError  None there.
GuestKernel find_guest_kernel(const std::string& root);

/// What runs in the guest.
struct GuestPayload {
  std::filesystem::path program;         ///< Of this machine; its shared libraries come along.
  std::vector<std::string> arguments{};  ///< Without the program's name.
};

/// The guest's root file system as a cpio archive: knetsim as /init, the payload, the lab's programs, their shared
/// libraries and the kernel's modules, all from this machine.
/// @param knetsim  The program knetsim.
/// @param notes    Gets a line for what is missing here, so that the guest will do without.
/// @throws LabError  A program that the lab cannot do without, or the modules.
std::string guest_image(const GuestKernel& kernel, const std::filesystem::path& knetsim, const GuestPayload& payload,
                        std::vector<std::string>& notes);

// Places in the guest, which guest_image() fills and guest_init() reads.
inline constexpr const char* kGuestModules = "modules";  ///< Folder; files are loaded in the order of their names.
inline constexpr const char* kGuestPayload = "payload";  ///< The command, a word a line.
inline constexpr const char* kGuestResult = "result";    ///< What the payload leaves there goes to the host.

}  // namespace knetsim::lab
