#pragma once

#include <cstdint>
#include <thread>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"

namespace knetsim::lab {

struct EchoOptions {
  std::uint16_t port = 8080;
  int cpu = -1;                      ///< -1: wherever the scheduler likes.
  std::uint32_t response_bytes = 0;  ///< 0: as many as came.
};

/// A server inside a namespace, on a thread of its own: one epoll loop for the listening socket and all connections, as
/// event-driven servers are built. A thread for each accepted connection on the same CPU triples the mean of a connect
/// and leaves its median.
class EchoServer {
 public:
  /// Listens when the constructor returns. @throws LabError
  EchoServer(const NetNamespace& where, const EchoOptions& options);
  ~EchoServer();
  /// Goes on on another CPU. @throws LabError
  void move_to(int cpu);
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

 private:
  void serve() const;

  EchoOptions options_;
  Descriptor listener_;
  Descriptor stop_;  // an eventfd
  std::thread thread_;
};

}  // namespace knetsim::lab
