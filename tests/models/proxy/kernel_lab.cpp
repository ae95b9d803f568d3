#include "kernel_lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace knetsim {
namespace {

constexpr int kPatienceMs = 3'000;
const std::string kPrefix = "knetsim-lab-";

sockaddr_in address_of(Ipv4 address, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  made.sin_addr.s_addr = htonl(address);
  return made;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool ready(int fd, short events) {
  pollfd waited{.fd = fd, .events = events, .revents = 0};
  return ::poll(&waited, 1, kPatienceMs) == 1;
}

// Files that are closed at the end of their scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = -1;
  }

 private:
  int fd_;
};

}  // namespace

CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* const pipe = ::popen(("timeout -k 1 10 sh -c '" + command + "' 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    result.status = -1;
    return result;
  }
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
    result.output += buffer.data();
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

CommandResult run_command(const std::string& command, const std::string& input) {
  std::string path = (std::filesystem::temp_directory_path() / "knetsim-lab-XXXXXX").string();
  const Descriptor file(::mkstemp(path.data()));
  std::ofstream(path) << input;
  CommandResult result = run_command(command + " < " + path);
  std::filesystem::remove(path);
  return result;
}

std::string KernelLab::missing(const std::vector<std::string>& programs) {
  if (::geteuid() != 0) {
    return "the kernel's own counters are checked as root only";
  }
  for (const std::string& program : programs) {
    if (run_command("command -v " + program).status != 0) {
      return "the program " + program + " is not installed";
    }
  }
  const std::string probe = kPrefix + std::to_string(::getpid()) + "-probe";
  const CommandResult made = run_command("ip netns add " + probe + " && ip -n " + probe + " link add br0 type bridge");
  run_command("ip netns del " + probe);
  return made.status == 0 ? std::string() : "network namespaces are not allowed here: " + made.output;
}

KernelLab::KernelLab() {
  // Left by a run that was killed: its process is gone, its namespaces are not.
  std::istringstream listed(run_command("ip netns list").output);
  for (std::string line; std::getline(listed, line);) {
    const std::string name = line.substr(0, line.find(' '));
    if (name.starts_with(kPrefix)) {
      const std::string rest = name.substr(kPrefix.size());
      const std::string process = rest.substr(0, rest.find('-'));
      if (!std::filesystem::exists("/proc/" + process)) {
        run_command("ip netns del " + name);
      }
    }
  }
}

KernelLab::~KernelLab() {
  for (const std::string& name : names_) {
    run_command("ip netns del " + full(name));
  }
}

std::string KernelLab::full(const std::string& name) const { return kPrefix + std::to_string(::getpid()) + "-" + name; }

void KernelLab::add(const std::string& name) {
  names_.push_back(name);
  const CommandResult made = run_command("ip netns add " + full(name));
  ASSERT_EQ(made.status, 0) << made.output;
  in(name,
     "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1 "
     "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.bridge.bridge-nf-call-iptables=1");
  ip(name, "link set lo up");
}

void KernelLab::ip(const std::string& name, const std::string& arguments) {
  const CommandResult done = run_command("ip -n " + full(name) + " " + arguments);
  ASSERT_EQ(done.status, 0) << "ip " << arguments << ": " << done.output;
}

void KernelLab::bridge(const std::string& name, const std::string& arguments) {
  const CommandResult done = run_command("bridge -n " + full(name) + " " + arguments);
  ASSERT_EQ(done.status, 0) << "bridge " << arguments << ": " << done.output;
}

std::string KernelLab::in(const std::string& name, const std::string& command) {
  const CommandResult done = run_command("ip netns exec " + full(name) + " " + command);
  EXPECT_EQ(done.status, 0) << command << ": " << done.output;
  return done.output;
}

void KernelLab::feed(const std::string& name, const std::string& command, const std::string& input) {
  const CommandResult done = run_command("ip netns exec " + full(name) + " " + command, input);
  ASSERT_EQ(done.status, 0) << command << ": " << done.output << input;
}

int KernelLab::inside(const std::string& name, const std::function<int()>& work) {
  int result = -1;
  std::thread([&] {
    const Descriptor space(::open(("/run/netns/" + full(name)).c_str(), O_RDONLY | O_CLOEXEC));
    if (::setns(space.get(), CLONE_NEWNET) == 0) {
      result = work();
    }
  }).join();
  return result;
}

void KernelLab::cable(const std::string& a, const std::string& device_a, const std::string& b,
                      const std::string& device_b) {
  ip(a, fmt::format("link add {} type veth peer name {} netns {}", device_a, device_b, full(b)));
  ip(a, fmt::format("link set {} up", device_a));
  ip(b, fmt::format("link set {} up", device_b));
}

ProbeResult open_and_reset(KernelLab& lab, const Probe& probe) {
  ProbeResult result;
  const Descriptor listener(lab.inside(probe.server, [&] {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in any = address_of(0, probe.server_port);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return ::bind(fd, generic(any), sizeof any) == 0 && ::listen(fd, 1) == 0 ? fd : -1;
  }));
  Descriptor client(
      lab.inside(probe.client, [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
  const sockaddr_in to = address_of(probe.to, probe.port);
  if (::connect(client.get(), generic(to), sizeof to) != 0 && errno != EINPROGRESS) {
    return result;
  }
  int error = 0;
  socklen_t length = sizeof error;
  if (!ready(client.get(), POLLOUT) || ::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 ||
      error != 0 || !ready(listener.get(), POLLIN)) {
    return result;
  }
  const Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  sockaddr_in own{};
  length = sizeof own;
  ::getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&own), &length);
  result.endpoint = ntohl(own.sin_addr.s_addr);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  client.close();
  char byte = 0;
  result.connected = ready(accepted.get(), POLLIN) && ::recv(accepted.get(), &byte, 1, 0) == -1 && errno == ECONNRESET;
  return result;
}

KernelCounters parse_iptables_counters(const std::string& saved) {
  KernelCounters counters;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("*")) {
      table = line.substr(1);
    } else if (line.starts_with(":")) {
      counters[table][line.substr(1, line.find(' ') - 1)];
    } else if (line.starts_with("[")) {
      const std::size_t chain = line.find("-A ") + 3;
      counters[table][line.substr(chain, line.find(' ', chain) - chain)].push_back(std::stoull(line.substr(1)));
    }
  }
  return counters;
}

std::map<std::string, std::vector<NftRuleCounters>> parse_nft_counters(const std::string& listed) {
  const std::string marker = "counter packets ";
  std::map<std::string, std::vector<NftRuleCounters>> counters;
  std::string chain;
  std::istringstream lines(listed);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t text = line.find_first_not_of(" \t");
    if (text == std::string::npos) {
      continue;
    }
    line.erase(0, text);
    if (line.starts_with("chain ")) {
      chain = line.substr(6, line.find(' ', 6) - 6);
      counters[chain];
    } else if (line.starts_with(marker)) {
      const std::size_t second = line.find(marker, 1);
      counters[chain].push_back({std::stoull(line.substr(marker.size())),
                                 second == std::string::npos ? 0 : std::stoull(line.substr(second + marker.size()))});
    }
  }
  return counters;
}

LegacyTableSize legacy_table_size(KernelLab& lab, const std::string& name, const std::string& table) {
  LegacyTableSize size;
  lab.inside(name, [&] {
    const Descriptor raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    ipt_getinfo info{};
    std::strncpy(info.name, table.c_str(), sizeof info.name - 1);
    socklen_t length = sizeof info;
    if (::getsockopt(raw.get(), IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) == 0) {
      size = {.bytes = info.size, .entries = info.num_entries};
    }
    return 0;
  });
  return size;
}

}  // namespace knetsim
