#include "analysis/lab/echo_server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

EchoServer::EchoServer(const NetNamespace& where, const EchoOptions& options)
    : options_(options), nudge_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  where.inside([&] { listener_ = listen_at({.address = 0, .port = options.port}); });
  thread_ = std::thread([this, &where] {
    where.enter();
    if (options_.cpu >= 0) pin_to(options_.cpu);
    serve();
  });
}

EchoServer::~EchoServer() {
  stop_ = true;
  ::eventfd_write(nudge_.get(), 1);
  thread_.join();
}

void EchoServer::move_to(int cpu, bool spin) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (::pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set) != 0) {
    throw LabError(fmt::format("CPU {} may not be used", cpu));
  }
  spin_ = spin;
  ::eventfd_write(nudge_.get(), 1);
}

void EchoServer::give_way(bool batch) {
  // A task that wakes with SCHED_BATCH preempts nobody (Linux v6.1, kernel/sched/fair.c, check_preempt_wakeup).
  const sched_param none{};
  ::pthread_setschedparam(thread_.native_handle(), batch ? SCHED_BATCH : SCHED_OTHER, &none);
}

void EchoServer::serve() const {
  const Descriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener_.get());
  watch(nudge_.get());
  std::vector<char> buffer(1 << 20);
  std::array<epoll_event, 64> events{};
  while (true) {
    const int ready = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), spin_ ? 0 : -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == nudge_.get()) {
        if (stop_) return;
        eventfd_t nudges = 0;
        ::eventfd_read(fd, &nudges);
        continue;
      }
      if (fd == listener_.get()) {
        // Blocking: a response larger than the socket's buffer is sent to its end before anything else is done.
        for (int accepted = 0; (accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
          watch(accepted);
        }
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        ::close(fd);  // reset or ended
        continue;
      }
      const auto answer = options_.response_bytes != 0 ? options_.response_bytes : static_cast<std::uint32_t>(got);
      ::send(fd, buffer.data(), answer, MSG_NOSIGNAL);
    }
  }
}

}  // namespace knetsim::lab
