#include "analysis/lab/guest_image.h"

#include <elf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "analysis/lab/command.h"
#include "analysis/lab/cpio_archive.h"
#include "analysis/lab/file_bytes.h"
#include "analysis/lab/kernel_modules.h"
#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

namespace fs = std::filesystem;

// What the lab runs, and what of it may be missing.
constexpr const char* kNeeded[] = {"ip", "bridge", "sysctl", "tee"};
constexpr const char* kOptional[] = {"iptables-legacy",
                                     "iptables-legacy-restore",
                                     "iptables-legacy-save",
                                     "iptables-nft",
                                     "iptables-nft-restore",
                                     "iptables-nft-save",
                                     "nft",
                                     "ipset",
                                     "ipvsadm",
                                     "wg"};
// All that a device, a rule or a set may ask for: nothing in the guest loads modules later.
constexpr const char* kModules[] = {"crc32c_generic",
                                    "veth",
                                    "bridge",
                                    "br_netfilter",
                                    "vxlan",
                                    "ipip",
                                    "wireguard",
                                    "dummy",
                                    "ip_tables",
                                    "iptable_filter",
                                    "iptable_nat",
                                    "ipt_REJECT",
                                    "xt_tcpudp",
                                    "xt_comment",
                                    "xt_statistic",
                                    "xt_addrtype",
                                    "xt_conntrack",
                                    "xt_nat",
                                    "xt_MASQUERADE",
                                    "xt_mark",
                                    "xt_multiport",
                                    "xt_recent",
                                    "xt_set",
                                    "nf_tables",
                                    "nft_compat",
                                    "nft_chain_nat",
                                    "nft_nat",
                                    "nft_masq",
                                    "nft_numgen",
                                    "nft_ct",
                                    "nft_fib",
                                    "nft_fib_ipv4",
                                    "nft_reject_ipv4",
                                    "nft_hash",
                                    "ip_set_hash_ip",
                                    "ip_set_hash_ipport",
                                    "ip_set_hash_ipportip",
                                    "ip_set_bitmap_port",
                                    "ip_vs",
                                    "ip_vs_rr",
                                    "ip_vs_lc",
                                    "nf_conntrack_netlink"};

fs::path own_program() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

/// The dynamic loader that an ELF program names (PT_INTERP); empty for a static one.
std::string loader_of(const std::string& elf) {
  Elf64_Ehdr header{};
  if (elf.size() < sizeof header || !elf.starts_with(ELFMAG)) return {};
  std::memcpy(&header, elf.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const std::size_t at = header.e_phoff + i * header.e_phentsize;
    if (at + sizeof segment > elf.size()) break;
    std::memcpy(&segment, elf.data() + at, sizeof segment);
    if (segment.p_type == PT_INTERP && segment.p_offset < elf.size()) return elf.c_str() + segment.p_offset;
  }
  return {};
}

class Image {
 public:
  /// A program under a name of the guest's, with its loader and libraries, each where it is here.
  void program(const fs::path& here, const std::string& there) {
    const std::string bytes = file_bytes(here);
    archive.add_file(there, bytes, 0755);
    const std::string loader = loader_of(bytes);
    if (loader.empty()) return;
    library(loader);
    // "	libmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f...)"
    std::istringstream lines(run({loader, "--list", here.string()}).output);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t arrow = line.find("=> /");
      if (line.find("=> not found") != std::string::npos) {
        throw LabError(fmt::format("{} lacks a shared library:{}", here.string(), line));
      }
      if (arrow != std::string::npos) library(line.substr(arrow + 3, line.find(" (", arrow) - arrow - 3));
    }
  }

  void library(const std::string& path) {
    const std::string there = path.substr(1);
    if (!archive.has(there)) archive.add_file(there, file_bytes(path), 0755);
  }

  CpioArchive archive;
};

}  // namespace

GuestKernel find_guest_kernel(const std::string& root) {
  std::vector<fs::path> roots;
  if (!root.empty()) {
    roots.emplace_back(root);
  } else {
    for (fs::path folder = own_program().parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
      roots.push_back(folder / "lab-kernel");
    }
    roots.emplace_back("/");
  }
  const std::string prefix = "vmlinuz-";
  for (const fs::path& candidate : roots) {
    GuestKernel newest;
    std::error_code error;
    for (fs::directory_iterator at(candidate / "boot", error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (!name.starts_with(prefix) || !name.ends_with("-cloud-amd64")) continue;
      const std::string release = name.substr(prefix.size());
      const fs::path modules = candidate / "lib/modules" / release;
      std::error_code ignored;
      if (!fs::exists(modules / "kernel", ignored) || ::strverscmp(release.c_str(), newest.release.c_str()) <= 0)
        continue;
      newest = {.release = release, .image = at->path(), .modules = modules};
    }
    if (!newest.release.empty()) return newest;
  }
  throw LabError(
      fmt::format("no kernel to emulate: {} boot/vmlinuz-*-cloud-amd64 with its modules; './dev setup lab' fetches "
                  "Debian's package linux-image-cloud-amd64 and unpacks it, --kernel-root names where one is",
                  root.empty() ? "neither / nor a folder lab-kernel above the program holds a" : root + " holds no"));
}

std::string guest_image(const GuestKernel& kernel, const fs::path& knetsim, const GuestPayload& payload,
                        std::vector<std::string>& notes) {
  Image image;
  for (const char* folder : {"proc", "sys", "dev", "run", "tmp", "etc", "root"}) image.archive.add_folder(folder);
  image.program(knetsim, "init");
  image.program(payload.program, "usr/bin/payload");
  image.archive.add_file("etc/protocols", "icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n");  // ipset knows them by name alone
  std::string command = "/usr/bin/payload\n";
  for (const std::string& word : payload.arguments) command += word + "\n";
  image.archive.add_file(kGuestPayload, command);

  for (const char* name : kNeeded) {
    const fs::path found = find_program(name);
    if (found.empty()) {
      throw LabError(fmt::format("the program '{}' is not installed: apt-get install iproute2 procps coreutils", name));
    }
    image.program(found, std::string("usr/sbin/") + name);
  }
  std::vector<std::string> absent;
  for (const char* name : kOptional) {
    const fs::path found = find_program(name);
    if (!found.empty()) {
      image.program(found, std::string("usr/sbin/") + name);
    } else {
      absent.emplace_back(name);
    }
  }
  if (!absent.empty()) {
    notes.push_back(
        fmt::format("not installed here, so not in the guest either: {} (./dev setup lab)", fmt::join(absent, ", ")));
  }
  // The matches and targets of iptables are libraries of their own, opened by name.
  std::error_code error;
  for (fs::directory_iterator at("/usr/lib", error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    for (fs::directory_iterator in(at->path() / "xtables", ignored), last; !ignored && in != last;
         in.increment(ignored)) {
      image.library(in->path().string());
    }
  }

  std::vector<std::string> missing;
  const std::vector<fs::path> modules =
      KernelModules(kernel.modules).load_order({std::begin(kModules), std::end(kModules)}, missing);
  if (modules.empty()) {
    throw LabError(fmt::format("{} holds no modules (*.ko, not compressed)", kernel.modules.string()));
  }
  if (!missing.empty()) {
    notes.push_back(fmt::format("the kernel {} has no {}", kernel.release, fmt::join(missing, ", ")));
  }
  for (std::size_t i = 0; i < modules.size(); ++i) {
    image.archive.add_file(fmt::format("{}/{:03}-{}", kGuestModules, i, modules[i].filename().string()),
                           file_bytes(modules[i]));
  }
  return image.archive.finish();
}

}  // namespace knetsim::lab
