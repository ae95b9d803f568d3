#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "analysis/lab/load_case.h"
#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"

namespace knetsim::lab {

struct LoadClientsOptions {
  LoadKind kind = LoadKind::Requests;
  std::vector<int> cpus;  ///< One client on each of these; a CPU may stand here several times.
  std::uint32_t write_bytes = kBulkWriteBytes;
};

/// The clients of a load, each a thread that does one operation after another, until stopped. Threads, not processes:
/// between them a switch leaves the page tables alone, as in the lab's round trips.
class LoadClients {
 public:
  /// All are under way when the constructor returns; stop() tells if one has no connection.
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
  void work(Client& client, const SocketAddress& to) const;

  LoadClientsOptions options_;
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace knetsim::lab
