#include "analysis/lab/surroundings.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "analysis/lab/command.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"
#include "analysis/lab/wire_rate.h"

namespace knetsim::lab {
namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string kernel_release() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

/// The capabilities that a lab takes and this process has not, "CAP_NET_ADMIN"; root in a container lacks some.
std::string missing_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return {};  // the trial will tell
  std::string missing;
  for (const auto& [capability, name] :
       {std::pair(CAP_NET_ADMIN, "CAP_NET_ADMIN"), std::pair(CAP_NET_RAW, "CAP_NET_RAW"),
        std::pair(CAP_SYS_ADMIN, "CAP_SYS_ADMIN")}) {
    const auto bit = static_cast<unsigned>(capability);
    if ((sets[bit / 32].effective >> (bit % 32) & 1U) != 0) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  return missing;
}

/// Sets up and cables two namespaces. @return  What keeps it from doing so; empty: nothing.
std::string trial_failure() {
  try {
    const NetNamespace a("trial");
    const NetNamespace b("trial");
    NetNamespace::cable({a, "x", 1}, {b, "x", 2});
  } catch (const LabError& error) {
    if (::access("/proc/sys/net/ipv4/ip_forward", W_OK) != 0 && errno == EROFS) {
      return "/proc/sys is read-only, and the lab sets sysctls of its namespaces (a container: --privileged)";
    }
    std::string text = error.what();  // it may end with what a program printed
    text.erase(text.find_last_not_of('\n') + 1);
    std::ranges::replace(text, '\n', ' ');
    return text;
  }
  return {};
}

/// What a machine without permissions can do all the same.
std::string not_allowed(const std::string& why) {
  return why +
         "; what works without a lab: --from FILE with a saved measurement, and 'knetsim calibrate --emulated', which "
         "counts in an emulated kernel";
}

}  // namespace

std::string lab_impossible() {
  if (::geteuid() != 0)
    return not_allowed("the lab needs root (network namespaces, netfilter rules): sudo knetsim ...");
  if (const std::string missing = missing_capabilities(); !missing.empty()) {
    return not_allowed(fmt::format(
        "root lacks {} here, which the lab needs (a container: --cap-add for each, or --privileged)", missing));
  }
  for (const char* program : {"ip", "bridge", "sysctl"}) {
    if (!is_installed(program)) {
      return not_allowed(fmt::format("the program '{}' is not installed: apt-get install iproute2 procps", program));
    }
  }
  const std::string failure = trial_failure();
  return failure.empty() ? failure : not_allowed(failure);
}

Surroundings look_around() {
  Surroundings found;
  found.kernel = kernel_release();
  found.processor = processor_name();
  found.cpus = usable_cpus();
  const NetNamespace trial("trial");
  const auto has = [&](bool yes, const char* what) {
    if (!yes) found.notes.emplace_back(what);
    return yes;
  };
  found.iptables_legacy = has(is_installed("iptables-legacy-restore") && trial.can("iptables-legacy -t nat -L -n"),
                              "no iptables-legacy (program, or ip_tables in the kernel): its rules are not measured");
  found.iptables_nft = has(is_installed("iptables-nft-restore") && trial.can("iptables-nft -t nat -L -n"),
                           "no iptables-nft (program, or nft_compat in the kernel): its rules are not measured");
  found.nftables = has(is_installed("nft") && trial.can("nft add table ip trial"),
                       "no nftables (program, or nf_tables in the kernel): the mode is not measured");
  found.ipvs =
      has(is_installed("ipset") && is_installed("ipvsadm") && found.iptables_legacy &&
              trial.can("ipvsadm -A -t 192.0.2.1:80 -s rr") && trial.can("ip link add d0 type dummy") &&
              trial.can("ipset create trial hash:ip,port") && trial.can("ipset add trial 192.0.2.1,tcp:80") &&
              trial.can("iptables-legacy -A OUTPUT -m set --match-set trial dst,dst"),
          "no IPVS (programs ipset and ipvsadm, or ip_vs, ip_set, xt_set and dummy in the kernel): the mode is "
          "not measured; 'knetsim calibrate --emulated' brings a kernel that has it");
  trial.can("ip link add br0 type bridge");
  found.bridge_netfilter = has(trial.can("sysctl -qw net.bridge.bridge-nf-call-iptables=1"),
                               "no br_netfilter: bridged pods of one node reach each other past iptables");
  found.vxlan =
      has(trial.can("ip link add t0 type vxlan id 1 dstport 8472"), "no VXLAN device: no overlay is measured");
  found.ipip =
      has(trial.can("ip link add t1 type ipip local 192.0.2.1"), "no IPIP device: it is not measured beside VXLAN");
  found.wireguard = has(is_installed("wg") && trial.can("ip link add t2 type wireguard"),
                        "no WireGuard (program wg, or the device in the kernel): it is not measured beside VXLAN");
  found.wire_rate =
      has(is_installed("tc") && trial.can(wire_rate_command("lo", 1'000)),
          "no token bucket (program tc, or sch_tbf in the kernel): streams over a wire of a set rate are not measured");
  found.receive_steering =
      has(trial.can("tee /sys/class/net/lo/queues/rx-0/rps_cpus", "0"),
          "no receive packet steering (CONFIG_RPS, or not permitted here): softirqs stay on the sender's CPU");
  has(has_cubic(),
      "no cubic, or not permitted here: TCP has the machine's own congestion control, and streams may be paced");
  if (found.cpus.size() < 2)
    found.notes.emplace_back("one CPU: client, softirq and server on different ones is left out");
  return found;
}

}  // namespace knetsim::lab
