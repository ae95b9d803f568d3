#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"
#include "analysis/lab/worker_process.h"

namespace knetsim::lab {

struct EchoOptions {
  std::uint16_t port = 8080;
  Transport transport = Transport::Tcp;
  int cpu = -1;                      ///< -1: wherever the scheduler likes.
  std::uint32_t response_bytes = 0;  ///< 0: as many as came.
  SocketAddress behind{};            ///< Asked before each answer, on one connection kept open; port 0: nobody. TCP.
};

/// A server inside a namespace, a process of its own: one epoll loop for the listening socket and all connections, as
/// event-driven servers are built. A thread for each accepted connection on the same CPU triples the mean of a connect
/// and leaves its median.
class EchoServer {
 public:
  /// Listens when the constructor returns. @throws LabError
  EchoServer(const NetNamespace& where, const EchoOptions& options);
  /// Goes on on another CPU. @throws LabError
  /// @param spin  It never sleeps there: whoever sends to it does not pay for waking a CPU, which a virtual machine
  ///              makes dear, and which would depend on whether the server is still busy with the connection before.
  void move_to(int cpu, bool spin);
  /// Whether it lets whoever wakes it finish first. Where there is but one CPU, a connect() would else return only when
  /// the server has accepted the connection too, or before, as the scheduler likes.
  void give_way(bool batch) { process_->give_way(batch); }

 private:
  void serve();
  void answer_datagram(std::vector<char>& buffer) const;
  void serve_connection(int fd, std::vector<char>& buffer);

  struct Orders {
    std::atomic<bool> spin{false};
  };

  EchoOptions options_;
  Descriptor listener_;  // in the process alone, as the next two are
  Descriptor behind_;
  std::deque<int> waiting_;  // connections whose requests went on to it, in that order
  Descriptor nudge_;         // an eventfd: the orders have changed
  Shared<Orders> orders_;
  std::unique_ptr<WorkerProcess> process_;
};

}  // namespace knetsim::lab
