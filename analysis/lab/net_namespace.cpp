#include "analysis/lab/net_namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "analysis/lab/command.h"
#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

NetNamespace::NetNamespace(std::string name) : name_(std::move(name)) {
  int error = 0;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      error = errno;
      return;
    }
    fd_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    error = fd_ < 0 ? errno : 0;
  }).join();
  if (fd_ < 0) {
    throw LabError(
        fmt::format("no network namespace can be made here ({}): CAP_SYS_ADMIN is missing, a sandbox forbids "
                    "unshare(), or user.max_net_namespaces is reached",
                    std::strerror(error)));
  }
  sysctl(
      "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1 "
      "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
  // Linux's own defaults, whatever the machine's: they bound what a stream has under way.
  can("tee /proc/sys/net/ipv4/tcp_rmem", "4096 131072 6291456");
  can("tee /proc/sys/net/ipv4/tcp_wmem", "4096 16384 4194304");
  can("sysctl -qw net.bridge.bridge-nf-call-iptables=1");  // there once the kernel has br_netfilter
  ip("link set lo up");
}

NetNamespace::~NetNamespace() {
  if (fd_ >= 0) ::close(fd_);
}

std::string NetNamespace::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_); }

std::string NetNamespace::in(std::string_view command, std::string_view input) const {
  const CommandResult done = run(words(command), {.input = input, .net_namespace = fd_});
  if (done.status != 0) {
    throw LabError(fmt::format("{}: '{}' {}: {}", name_, command,
                               done.timed_out ? "did not end" : fmt::format("failed ({})", done.status), done.output));
  }
  return done.output;
}

bool NetNamespace::can(std::string_view command, std::string_view input) const {
  return run(words(command), {.input = input, .net_namespace = fd_}).status == 0;
}

void NetNamespace::enter() const {
  if (::setns(fd_, CLONE_NEWNET) != 0) throw LabError(fmt::format("{}: {}", name_, std::strerror(errno)));
}

void NetNamespace::inside(const std::function<void()>& work) const {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      enter();
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

std::string NetNamespace::ethernet_address(std::uint16_t number) {
  return fmt::format("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 0xff);
}

void NetNamespace::cable(const End& a, const End& b) {
  a.space.ip(fmt::format("link add {} address {} type veth peer name {} address {} netns {}", a.device,
                         ethernet_address(a.number), b.device, ethernet_address(b.number), b.space.path()));
  a.space.ip(fmt::format("link set {} up", a.device));
  b.space.ip(fmt::format("link set {} up", b.device));
}

void NetNamespace::neighbour(const std::string& address, const std::string& device, std::uint16_t number) const {
  ip(fmt::format("neigh replace {} lladdr {} dev {} nud permanent", address, ethernet_address(number), device));
}

}  // namespace knetsim::lab
