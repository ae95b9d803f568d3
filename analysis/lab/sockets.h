#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include "analysis/lab/descriptor.h"
#include "models/proxy/service_spec.h"

namespace knetsim::lab {

/// An address and a port, as the lab's programs use them.
struct SocketAddress {
  Ipv4 address = 0;  ///< 0: any
  std::uint16_t port = 0;
};

sockaddr_in to_sockaddr(const SocketAddress& address);

// TCP here has cubic, Linux's own default, where the kernel has it. With BBR, which some machines choose, a timer paces
// every skb, and a stream's byte costs three times as much (measured, a virtual machine, veth: 0.42 instead of 0.14
// ns).

/// A listening TCP socket in the calling thread's namespace. @throws LabError
Descriptor listen_at(const SocketAddress& at);

/// A TCP socket in the calling thread's namespace that sends small segments at once. @throws LabError
Descriptor tcp_socket();

/// Lets what is written to a TCP socket wait for more of it, as Nagle has it: of a write, what fills no skb goes with
/// the next one.
void join_writes(const Descriptor& socket);

/// Whether TCP sockets here can have cubic.
bool has_cubic();

/// A UDP socket in the calling thread's namespace, which tells what address each datagram came to, at `at` where that
/// is given; without, it waits for an answer for 3 s at most. @throws LabError
Descriptor udp_socket(const SocketAddress& at);

/// Binds a socket to a local address, and to a port when it connects. @throws LabError
void bind_address(const Descriptor& socket, Ipv4 address);

/// connect(), waiting for its end. @return  Whether it came about; errno tells why not.
bool connect_to(const Descriptor& socket, const SocketAddress& to);

/// Makes close() send RST instead of FIN: no TIME_WAIT, so a port can be used again at once.
void reset_on_close(const Descriptor& socket);

/// Runs the calling thread on one CPU. @throws LabError
void pin_to(int cpu);
/// CPUs that this process may use, ascending.
std::vector<int> usable_cpus();

}  // namespace knetsim::lab
