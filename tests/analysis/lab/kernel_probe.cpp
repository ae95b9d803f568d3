#include "kernel_probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace knetsim {
namespace {

constexpr std::chrono::milliseconds kPatience{3'000};

bool ready(const lab::Descriptor& socket, short events, std::chrono::milliseconds patience) {
  pollfd waited{.fd = socket.get(), .events = events, .revents = 0};
  return ::poll(&waited, 1, static_cast<int>(patience.count())) == 1;
}

template <class Which>
Ipv4 address_of(const lab::Descriptor& socket, Which which) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  which(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  return ntohl(address.sin_addr.s_addr);
}

}  // namespace

ProbeResult open_and_reset(const lab::NetNamespace& client, const lab::NetNamespace& server,
                           const lab::SocketAddress& to, std::uint16_t server_port) {
  ProbeResult result;
  lab::Descriptor listener;
  lab::Descriptor asking;
  bool connected = false;
  server.inside([&] { listener = lab::listen_at({.address = 0, .port = server_port}); });
  client.inside([&] {
    asking = lab::tcp_socket();
    connected = lab::connect_to(asking, to);
  });
  if (!connected || !ready(listener, POLLIN, kPatience)) return result;
  const lab::Descriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  result.endpoint = address_of(accepted, ::getsockname);
  result.source = address_of(accepted, ::getpeername);
  lab::reset_on_close(asking);
  asking.close();
  char byte = 0;
  result.connected =
      ready(accepted, POLLIN, kPatience) && ::recv(accepted.get(), &byte, 1, 0) == -1 && errno == ECONNRESET;
  return result;
}

FailedProbe ask_in_vain(const lab::NetNamespace& client, const lab::SocketAddress& to,
                        std::chrono::milliseconds patience) {
  FailedProbe result;
  client.inside([&] {
    const lab::Descriptor asking = lab::tcp_socket();
    // Not waiting in connect(): over veth the ICMP error comes back while connect() holds the socket, which then only
    // notes it (tcp_v4_err, LockDroppedIcmps); poll() sees the note, connect() would wait for the next SYN's, 1 s
    // later.
    ::fcntl(asking.get(), F_SETFL, ::fcntl(asking.get(), F_GETFL) | O_NONBLOCK);
    lab::connect_to(asking, to);
    socklen_t length = sizeof result.error;
    if (ready(asking, POLLOUT, patience)) {
      ::getsockopt(asking.get(), SOL_SOCKET, SO_ERROR, &result.error, &length);
    }
    tcp_info info{};
    length = sizeof info;
    ::getsockopt(asking.get(), IPPROTO_TCP, TCP_INFO, &info, &length);
    result.syns = 1 + info.tcpi_total_retrans;
  });
  return result;
}

}  // namespace knetsim
