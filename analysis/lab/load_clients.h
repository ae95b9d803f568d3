#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "analysis/lab/load_case.h"
#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"
#include "analysis/lab/worker_process.h"

namespace knetsim::lab {

struct LoadClientsOptions {
  LoadKind kind = LoadKind::Requests;
  std::vector<int> cpus;  ///< One client on each of these; a CPU may stand here several times.
  std::uint32_t write_bytes = kBulkWriteBytes;
};

/// The clients of a load, each a process that does one operation after another, until stopped.
class LoadClients {
 public:
  /// All have a connection when the constructor returns. @throws LabError  One has none.
  LoadClients(const NetNamespace& from, const SocketAddress& to, const LoadClientsOptions& options);
  ~LoadClients();
  LoadClients(const LoadClients&) = delete;
  LoadClients& operator=(const LoadClients&) = delete;

  /// Operations until now, of each client: requests, connections, or bytes handed to the kernel.
  std::vector<std::uint64_t> operations() const;
  /// CPU time of all clients until now, nanoseconds. @pre Not stopped.
  double cpu_ns() const;
  /// Ends them, each after the operation that it is at. @throws LabError  One had failed before.
  void stop();

 private:
  struct Client;
  void work(Client& client, const SocketAddress& to, const WorkerProcess::Ready& ready) const;

  LoadClientsOptions options_;
  Shared<std::atomic<bool>> stop_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace knetsim::lab
