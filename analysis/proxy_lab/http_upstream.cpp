#include "analysis/proxy_lab/http_upstream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analysis/lab/sockets.h"

namespace knetsim::lab {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

/// Sends all of it. @return  False where the peer has gone.
bool send_all(int fd, const char* data, std::size_t size, int flags) {
  while (size > 0) {
    const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL | flags);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

/// Answers one request. @return  Whether the connection stays.
bool answer(int fd, std::string_view head, const std::string& body) {
  constexpr std::string_view kAsks = "GET /";
  std::size_t bytes = 0;
  if (!head.starts_with(kAsks)) return false;
  std::from_chars(head.data() + kAsks.size(), head.data() + head.size(), bytes);
  bytes = std::min(bytes, body.size());
  const bool last = head.find(" HTTP/1.0\r\n") != std::string_view::npos ||
                    head.find("Connection: close") != std::string_view::npos ||
                    head.find("connection: close") != std::string_view::npos;
  const std::string answered =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(bytes) +
      (last ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  return send_all(fd, answered.data(), answered.size(), MSG_MORE) && send_all(fd, body.data(), bytes, 0) && !last;
}

void serve_http(const Descriptor& listener) {
  const Descriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener.get());
  const std::string body(kMostBytes, 'x');
  std::unordered_map<int, std::string> heads;  // what has come of each connection's next request
  std::array<epoll_event, 64> events{};
  std::array<char, 16'384> buffer{};
  const auto read_from = [&](int fd) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    std::string& head = heads[fd];
    head.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = head.find(kEndOfHead)) != std::string::npos;) {
      if (!answer(fd, std::string_view(head).substr(0, end + 2), body)) return false;
      head.erase(0, end + kEndOfHead.size());
    }
    return true;
  };
  while (true) {
    const int ready = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener.get()) {
        for (int accepted = 0; (accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) watch(accepted);
      } else if (!read_from(fd)) {
        heads.erase(fd);
        ::close(fd);
      }
    }
  }
}

}  // namespace

HttpUpstream::HttpUpstream(const NetNamespace& where, std::uint16_t port, int cpu) {
  Descriptor listener;
  where.inside([&] { listener = listen_at({.address = 0, .port = port}); });
  const auto work = [&](const WorkerProcess::Ready&) {
    pin_to(cpu);
    serve_http(listener);
  };
  process_ = std::make_unique<WorkerProcess>(std::vector{listener.get()}, work);
}

}  // namespace knetsim::lab
