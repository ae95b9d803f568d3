#include "analysis/lab/sockets.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

constexpr std::string_view kCongestionControl = "cubic";

bool set_congestion_control(int fd) {
  return ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kCongestionControl.data(), kCongestionControl.size()) == 0;
}

Descriptor stream_socket(int flags) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket.valid()) throw LabError(fmt::format("no socket: {}", std::strerror(errno)));
  set_congestion_control(socket.get());
  return socket;
}

}  // namespace

sockaddr_in to_sockaddr(const SocketAddress& address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(address.port);
  made.sin_addr.s_addr = htonl(address.address);
  return made;
}

Descriptor listen_at(const SocketAddress& at) {
  Descriptor socket = stream_socket(SOCK_NONBLOCK);
  set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  const sockaddr_in address = to_sockaddr(at);
  if (::bind(socket.get(), generic(address), sizeof address) != 0 || ::listen(socket.get(), 4096) != 0) {
    throw LabError(fmt::format("no listening socket at {}:{}: {}", to_text(at.address), at.port, std::strerror(errno)));
  }
  return socket;
}

Descriptor tcp_socket() {
  Descriptor socket = stream_socket(0);
  set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return socket;
}

void join_writes(const Descriptor& socket) { set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 0); }

bool has_cubic() { return set_congestion_control(stream_socket(0).get()); }

Descriptor udp_socket(const SocketAddress& at) {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = to_sockaddr(at);
  if (!socket.valid() || (at.port != 0 && ::bind(socket.get(), generic(address), sizeof address) != 0)) {
    throw LabError(fmt::format("no UDP socket at {}:{}: {}", to_text(at.address), at.port, std::strerror(errno)));
  }
  if (at.port != 0) set(socket.get(), IPPROTO_IP, IP_PKTINFO, 1);
  const timeval patience{.tv_sec = 3, .tv_usec = 0};  // a datagram may be lost
  if (at.port == 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

void bind_address(const Descriptor& socket, Ipv4 address) {
  set(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const sockaddr_in from = to_sockaddr({.address = address, .port = 0});
  if (::bind(socket.get(), generic(from), sizeof from) != 0) {
    throw LabError(fmt::format("no socket at {}: {}", to_text(address), std::strerror(errno)));
  }
}

bool connect_to(const Descriptor& socket, const SocketAddress& to) {
  const sockaddr_in address = to_sockaddr(to);
  return ::connect(socket.get(), generic(address), sizeof address) == 0;
}

void reset_on_close(const Descriptor& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw LabError(fmt::format("CPU {} may not be used", cpu));
}

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace knetsim::lab
