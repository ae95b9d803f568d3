#include "kernel_counters.h"

#include <arpa/inet.h>  // before the kernel's own header, which defines the same things where this has not
#include <linux/netfilter_ipv4/ip_tables.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "analysis/lab/sockets.h"

namespace knetsim {
namespace {

constexpr int kPatienceMs = 3'000;

bool ready(const lab::Descriptor& socket) {
  pollfd waited{.fd = socket.get(), .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, kPatienceMs) == 1;
}

}  // namespace

ProbeResult open_and_reset(const lab::NetNamespace& client, const lab::NetNamespace& server, const Probe& probe) {
  ProbeResult result;
  lab::Descriptor listener;
  lab::Descriptor asking;
  bool connected = false;
  server.inside([&] { listener = lab::listen_at({.address = 0, .port = probe.server_port}); });
  client.inside([&] {
    asking = lab::tcp_socket();
    connected = lab::connect_to(asking, {.address = probe.to, .port = probe.port});
  });
  if (!connected || !ready(listener)) return result;
  const lab::Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  sockaddr_in own{};
  socklen_t length = sizeof own;
  ::getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&own), &length);
  result.endpoint = ntohl(own.sin_addr.s_addr);
  lab::reset_on_close(asking);
  asking.close();
  char byte = 0;
  result.connected = ready(accepted) && ::recv(accepted.get(), &byte, 1, 0) == -1 && errno == ECONNRESET;
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

LegacyTableSize legacy_table_size(const lab::NetNamespace& space, const std::string& table) {
  LegacyTableSize size;
  space.inside([&] {
    const lab::Descriptor raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    ipt_getinfo info{};
    std::strncpy(info.name, table.c_str(), sizeof info.name - 1);
    socklen_t length = sizeof info;
    if (::getsockopt(raw.get(), IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) == 0) {
      size = {.bytes = info.size, .entries = info.num_entries};
    }
  });
  return size;
}

}  // namespace knetsim
