#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analysis/lab/load_case.h"
#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"

namespace knetsim::lab {

struct LoadServerOptions {
  std::uint16_t port = 8080;
  LoadKind kind = LoadKind::Requests;
  std::vector<int> cpus;  ///< One worker on each; at least one, none twice.
};

/// The server of a load: a process on each CPU, one epoll loop with a listening socket of its own. A connection goes to
/// the worker of the CPU on which its SYN is received (a program at the sockets' SO_REUSEPORT group says so), as
/// servers do that keep a connection on one CPU; where that CPU has no worker, to the first.
class LoadServer {
 public:
  /// Listens when the constructor returns. @throws LabError
  LoadServer(const NetNamespace& where, const LoadServerOptions& options);
  ~LoadServer();
  LoadServer(const LoadServer&) = delete;
  LoadServer& operator=(const LoadServer&) = delete;

  /// Bytes received until now, by all workers.
  std::uint64_t bytes() const;
  /// CPU time of all workers until now, nanoseconds.
  double cpu_ns() const;
  /// Connections that are open.
  std::uint64_t open() const;

 private:
  struct Worker;
  void serve(Worker& worker) const;

  LoadKind kind_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace knetsim::lab
