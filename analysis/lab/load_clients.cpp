#include "analysis/lab/load_clients.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};  // with a server that does not go on

Descriptor connected_socket(const SocketAddress& to) {
  Descriptor socket = tcp_socket();
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (!connect_to(socket, to)) {
    throw LabError(
        fmt::format("a load has no connection to {}:{}: {}", to_text(to.address), to.port, std::strerror(errno)));
  }
  return socket;
}

void expect(bool done, const char* what) {
  if (!done) throw LabError(fmt::format("a load's {} failed: {}", what, std::strerror(errno)));
}

}  // namespace

struct LoadClients::Client {
  Shared<std::atomic<std::uint64_t>> operations{};
  std::unique_ptr<WorkerProcess> process{};

  void count(std::uint64_t more) { operations->fetch_add(more, std::memory_order_relaxed); }
};

LoadClients::LoadClients(const NetNamespace& from, const SocketAddress& to, const LoadClientsOptions& options)
    : options_(options) {
  for (const int cpu : options.cpus) {
    clients_.push_back(std::make_unique<Client>());
    Client& client = *clients_.back();
    const auto enter_and_work = [&](const WorkerProcess::Ready& ready) {
      from.enter();
      pin_to(cpu);
      work(client, to, ready);
    };
    client.process = std::make_unique<WorkerProcess>(std::vector{from.descriptor()}, enter_and_work);
    client.process->wait_until_ready();  // one after the other, so that connections are spread in this order
  }
}

LoadClients::~LoadClients() = default;

std::vector<std::uint64_t> LoadClients::operations() const {
  std::vector<std::uint64_t> each;
  for (const auto& client : clients_) each.push_back(client->operations->load(std::memory_order_relaxed));
  return each;
}

double LoadClients::cpu_ns() const {
  return std::accumulate(clients_.begin(), clients_.end(), 0.0,
                         [](double sum, const auto& client) { return sum + client->process->cpu_ns(); });
}

void LoadClients::stop() {
  stop_->store(true);
  for (const auto& client : clients_) client->process->wait_until_ended();
}

void LoadClients::work(Client& client, const SocketAddress& to, const WorkerProcess::Ready& ready) const {
  std::vector<char> buffer(std::max<std::uint32_t>(1, options_.kind == LoadKind::Bulk ? options_.write_bytes : 1));
  const auto ask = [&](const Descriptor& socket) {
    expect(::send(socket.get(), buffer.data(), 1, MSG_NOSIGNAL) == 1, "request");
    expect(::recv(socket.get(), buffer.data(), 1, 0) == 1, "response");
  };
  if (options_.kind == LoadKind::Connections) {
    for (bool first = true; !stop_->load(); first = false) {
      const Descriptor socket = connected_socket(to);
      if (first) ready();
      ask(socket);
      expect(::recv(socket.get(), buffer.data(), 1, 0) == 0, "end of a connection");
      client.count(1);
    }
    return;
  }
  const Descriptor socket = connected_socket(to);
  if (options_.kind == LoadKind::Requests) reset_on_close(socket);
  if (options_.kind == LoadKind::Bulk) join_writes(socket);
  ready();
  while (!stop_->load()) {
    if (options_.kind == LoadKind::Bulk) {
      const ssize_t sent = ::send(socket.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL);
      expect(sent > 0, "write");
      client.count(static_cast<std::uint64_t>(sent));
    } else {
      ask(socket);
      client.count(1);
    }
  }
}

}  // namespace knetsim::lab
