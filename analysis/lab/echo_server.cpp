#include "analysis/lab/echo_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

EchoServer::EchoServer(const NetNamespace& where, const EchoOptions& options)
    : options_(options), nudge_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const bool tcp = options.transport == Transport::Tcp;
  where.inside([&] {
    const SocketAddress here{.address = 0, .port = options.port};
    listener_ = tcp ? listen_at(here) : udp_socket(here);
    if (options.behind.port == 0) return;
    behind_ = tcp_socket();
    reset_on_close(behind_);
    if (!connect_to(behind_, options.behind)) {
      throw LabError(fmt::format("{}: no connection to the server behind: {}", where.name(), std::strerror(errno)));
    }
  });
  std::vector<int> files = {listener_.get(), nudge_.get()};
  if (behind_.valid()) files.push_back(behind_.get());
  process_ = std::make_unique<WorkerProcess>(files, [this](const WorkerProcess::Ready&) {
    if (options_.cpu >= 0) pin_to(options_.cpu);
    serve();
  });
  listener_.close();
  behind_.close();
}

void EchoServer::move_to(int cpu, bool spin) {
  process_->pin_to(cpu);
  orders_->spin = spin;
  ::eventfd_write(nudge_.get(), 1);
}

void EchoServer::serve() {
  const Descriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener_.get());
  watch(nudge_.get());
  if (behind_.valid()) watch(behind_.get());
  std::vector<char> buffer(1 << 20);
  std::array<epoll_event, 64> events{};
  while (true) {
    const int ready = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), orders_->spin ? 0 : -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == nudge_.get()) {
        eventfd_t nudges = 0;
        ::eventfd_read(fd, &nudges);
      } else if (fd == listener_.get() && options_.transport == Transport::Udp) {
        answer_datagram(buffer);
      } else if (fd == listener_.get()) {
        // Blocking: a response larger than the socket's buffer is sent to its end before anything else is done.
        for (int accepted = 0; (accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
          watch(accepted);
        }
      } else {
        serve_connection(fd, buffer);
      }
    }
  }
}

// Answers from the address that was asked: one socket stands for many, and conntrack knows the asked one alone.
void EchoServer::answer_datagram(std::vector<char>& buffer) const {
  sockaddr_in peer{};
  iovec data{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
  msghdr message{};
  message.msg_name = &peer;
  message.msg_namelen = sizeof peer;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(listener_.get(), &message, 0);
  if (got < 0) return;
  in_pktinfo asked{};  // ipi_spec_dst of an answer is its source
  std::memcpy(&asked, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof asked);
  asked.ipi_ifindex = 0;
  asked.ipi_spec_dst = asked.ipi_addr;
  std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &asked, sizeof asked);
  data.iov_len = options_.response_bytes != 0 ? options_.response_bytes : static_cast<std::size_t>(got);
  ::sendmsg(listener_.get(), &message, MSG_NOSIGNAL);
}

void EchoServer::serve_connection(int fd, std::vector<char>& buffer) {
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    ::close(fd);  // reset or ended; closing what stands behind ends the chain
    std::erase(waiting_, fd);
    return;
  }
  const auto bytes = static_cast<std::size_t>(got);
  if (fd == behind_.get()) {
    if (waiting_.empty()) return;  // its client has gone
    ::send(waiting_.front(), buffer.data(), bytes, MSG_NOSIGNAL);
    waiting_.pop_front();
  } else if (behind_.valid()) {
    waiting_.push_back(fd);
    ::send(behind_.get(), buffer.data(), bytes, MSG_NOSIGNAL);
  } else {
    ::send(fd, buffer.data(), options_.response_bytes != 0 ? options_.response_bytes : bytes, MSG_NOSIGNAL);
  }
}

}  // namespace knetsim::lab
