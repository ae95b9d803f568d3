#include "analysis/lab/load_clients.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <numeric>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/thread_clock.h"

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
  std::atomic<std::uint64_t> operations{0};
  std::promise<void> ready{};
  bool told = false;
  std::exception_ptr failure{};
  std::thread thread{};

  void count(std::uint64_t more) { operations.fetch_add(more, std::memory_order_relaxed); }
  void tell() {
    if (!told) ready.set_value();
    told = true;
  }
};

LoadClients::LoadClients(const NetNamespace& from, const SocketAddress& to, const LoadClientsOptions& options)
    : options_(options) {
  for (const int cpu : options.cpus) {
    clients_.push_back(std::make_unique<Client>());
    Client& client = *clients_.back();
    std::future<void> ready = client.ready.get_future();
    client.thread = std::thread([this, &from, to, cpu, &client] {
      try {
        from.enter();
        pin_to(cpu);
        work(client, to);
      } catch (...) {
        client.failure = std::current_exception();
      }
      client.tell();
    });
    ready.wait();  // one after the other, so that connections are spread in this order
  }
}

LoadClients::~LoadClients() {
  stop_ = true;
  for (const auto& client : clients_) {
    if (client->thread.joinable()) client->thread.join();
  }
}

std::vector<std::uint64_t> LoadClients::operations() const {
  std::vector<std::uint64_t> each;
  for (const auto& client : clients_) each.push_back(client->operations.load(std::memory_order_relaxed));
  return each;
}

double LoadClients::cpu_ns() const {
  return std::accumulate(clients_.begin(), clients_.end(), 0.0,
                         [](double sum, const auto& client) { return sum + thread_cpu_ns(client->thread); });
}

void LoadClients::stop() {
  stop_ = true;
  for (const auto& client : clients_) {
    if (client->thread.joinable()) client->thread.join();
    if (client->failure) std::rethrow_exception(client->failure);
  }
}

void LoadClients::work(Client& client, const SocketAddress& to) const {
  std::vector<char> buffer(std::max<std::uint32_t>(1, options_.kind == LoadKind::Bulk ? options_.write_bytes : 1));
  if (options_.kind == LoadKind::Connections) {
    while (!stop_) {
      const Descriptor socket = connected_socket(to);
      client.tell();
      expect(::send(socket.get(), buffer.data(), 1, MSG_NOSIGNAL) == 1, "request");
      expect(::recv(socket.get(), buffer.data(), 1, 0) == 1, "response");
      expect(::recv(socket.get(), buffer.data(), 1, 0) == 0, "end of a connection");
      client.count(1);
    }
    return;
  }
  const Descriptor socket = connected_socket(to);
  client.tell();
  while (!stop_) {
    if (options_.kind == LoadKind::Bulk) {
      const ssize_t sent = ::send(socket.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL);
      expect(sent > 0, "write");
      client.count(static_cast<std::uint64_t>(sent));
    } else {
      expect(::send(socket.get(), buffer.data(), 1, MSG_NOSIGNAL) == 1, "request");
      expect(::recv(socket.get(), buffer.data(), 1, 0) == 1, "response");
      client.count(1);
    }
  }
  if (options_.kind == LoadKind::Requests) reset_on_close(socket);
}

}  // namespace knetsim::lab
