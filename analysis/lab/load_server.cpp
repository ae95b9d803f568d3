#include "analysis/lab/load_server.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/worker_process.h"

namespace knetsim::lab {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

/// "return the index of this CPU in the list, else 0", as a classic BPF program; the kernel takes it as the index of
/// the socket in the group, in the order of bind() (net/core/sock_reuseport.c, reuseport_select_sock).
void choose_by_cpu(const Descriptor& listener, const std::vector<int>& cpus) {
  std::vector<sock_filter> program;
  program.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<__u32>(SKF_AD_OFF + SKF_AD_CPU)});
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<__u32>(cpus[i])});
    program.push_back({BPF_RET | BPF_K, 0, 0, static_cast<__u32>(i)});
  }
  program.push_back({BPF_RET | BPF_K, 0, 0, 0});
  const sock_fprog attached{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  if (::setsockopt(listener.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) != 0) {
    throw LabError(fmt::format("connections cannot be shared out by CPU: {}", std::strerror(errno)));
  }
}

}  // namespace

struct LoadServer::Worker {
  struct Counts {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> open{0};
  };
  Descriptor listener{};  // in the process alone
  Shared<Counts> counts{};
  std::unique_ptr<WorkerProcess> process{};
};

LoadServer::LoadServer(const NetNamespace& where, const LoadServerOptions& options) : kind_(options.kind) {
  where.inside([&] {
    for (std::size_t i = 0; i < options.cpus.size(); ++i) {
      workers_.push_back(std::make_unique<Worker>());
      workers_.back()->listener = listen_at({.address = 0, .port = options.port});
    }
    choose_by_cpu(workers_.front()->listener, options.cpus);
  });
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[i];
    const auto work = [this, &worker, cpu = options.cpus[i]](const WorkerProcess::Ready&) {
      pin_to(cpu);
      serve(worker);
    };
    worker.process = std::make_unique<WorkerProcess>(std::vector{worker.listener.get()}, work);
    worker.listener.close();
  }
}

LoadServer::~LoadServer() = default;

std::uint64_t LoadServer::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->counts->bytes.load(std::memory_order_relaxed);
  return sum;
}

std::uint64_t LoadServer::open() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->counts->open.load(std::memory_order_relaxed);
  return sum;
}

double LoadServer::cpu_ns() const {
  double sum = 0;
  for (const auto& worker : workers_) sum += worker->process->cpu_ns();
  return sum;
}

void LoadServer::serve(Worker& worker) const {
  const Descriptor poll(::epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&](int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(worker.listener.get());
  std::vector<char> buffer(kReadBytes);
  std::array<epoll_event, 64> events{};
  const auto end = [&](int fd) {
    ::close(fd);
    worker.counts->open.fetch_sub(1, std::memory_order_relaxed);
  };
  while (true) {
    const int ready = ::epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == worker.listener.get()) {
        for (int accepted = 0; (accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
          worker.counts->open.fetch_add(1, std::memory_order_relaxed);
          watch(accepted);
        }
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        end(fd);
        continue;
      }
      worker.counts->bytes.fetch_add(static_cast<std::uint64_t>(got), std::memory_order_relaxed);
      if (kind_ == LoadKind::Bulk) continue;
      ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      if (kind_ == LoadKind::Connections)
        end(fd);  // the server closes first: TIME_WAIT is its, and ports do not run out
    }
  }
}

}  // namespace knetsim::lab
