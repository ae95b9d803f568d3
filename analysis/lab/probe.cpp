#include "analysis/lab/probe.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration span) { return std::chrono::duration<double, std::nano>(span).count(); }

[[noreturn]] void no_connection(const NetNamespace& from, const SocketAddress& to) {
  throw LabError(
      fmt::format("{}: no connection to {}:{}: {}", from.name(), to_text(to.address), to.port, std::strerror(errno)));
}

/// Runs `operation` options.before + options.samples times and keeps what the later ones return.
template <class Operation>
Samples repeat(const ProbeOptions& options, const Operation& operation) {
  Samples samples;
  samples.reserve(options.samples);
  for (std::uint32_t i = 0; i < options.before + options.samples; ++i) {
    if (options.before_each) options.before_each();
    const double ns = operation();
    if (i >= options.before) samples.push_back(ns);
  }
  return samples;
}

/// One request and its whole response on a connected socket.
void ask(const Descriptor& socket, std::vector<char>& buffer, const NetNamespace& from, const SocketAddress& to,
         const ProbeOptions& options) {
  const std::uint32_t wanted = options.response_bytes != 0 ? options.response_bytes : options.bytes;
  if (::send(socket.get(), buffer.data(), options.bytes, MSG_NOSIGNAL) < 0) no_connection(from, to);
  for (std::uint32_t got = 0; got < wanted;) {
    const ssize_t part = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (part <= 0) no_connection(from, to);
    got += static_cast<std::uint32_t>(part);
  }
}

std::vector<char> buffer_for(const ProbeOptions& options) {
  return std::vector<char>(std::max(options.bytes, options.response_bytes));
}

}  // namespace

Samples connect_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options) {
  Samples samples;
  from.inside([&] {
    if (options.cpu >= 0) pin_to(options.cpu);
    Ipv4 client = options.client;
    samples = repeat(options, [&] {
      const Descriptor socket = tcp_socket();
      if (client != 0) bind_address(socket, client++);
      const auto begin = Clock::now();
      const bool connected = connect_to(socket, to);
      const auto end = Clock::now();
      if (!connected) no_connection(from, to);
      reset_on_close(socket);
      return nanoseconds(end - begin);
    });
  });
  return samples;
}

Samples session_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options) {
  Samples samples;
  from.inside([&] {
    if (options.cpu >= 0) pin_to(options.cpu);
    std::vector<char> buffer = buffer_for(options);
    samples = repeat(options, [&] {
      const auto begin = Clock::now();
      for (std::uint32_t session = 0; session < options.at_once; ++session) {
        const Descriptor socket = tcp_socket();
        if (!connect_to(socket, to)) no_connection(from, to);
        for (std::uint32_t request = 0; request < options.requests; ++request) ask(socket, buffer, from, to, options);
      }
      return nanoseconds(Clock::now() - begin) / options.at_once;
    });
  });
  return samples;
}

Samples round_trip_times(const NetNamespace& from, const SocketAddress& to, const ProbeOptions& options) {
  Samples samples;
  from.inside([&] {
    if (options.cpu >= 0) pin_to(options.cpu);
    const bool tcp = options.transport == Transport::Tcp;
    const Descriptor socket = tcp ? tcp_socket() : udp_socket({});
    if (!connect_to(socket, to)) no_connection(from, to);
    if (tcp) reset_on_close(socket);
    std::vector<char> buffer = buffer_for(options);
    samples = repeat(options, [&] {
      const auto begin = Clock::now();
      ask(socket, buffer, from, to, options);
      return nanoseconds(Clock::now() - begin);
    });
  });
  return samples;
}

}  // namespace knetsim::lab
