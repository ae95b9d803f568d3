#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/sockets.h"
#include "analysis/lab/worker_process.h"
#include "analysis/proxy_lab/proxy_case.h"

namespace knetsim::lab {

struct HttpClientsOptions {
  SocketAddress asked{};
  std::string host{};
  std::uint32_t bytes = 1024;  ///< Of an answer.
  bool kept = true;            ///< Connections; else one for each request, whose end the client waits for.
  bool resumed = false;
  std::optional<LabTls> tls{};
  std::filesystem::path trusted{};  ///< Certificate of the server, as PEM.
  std::uint32_t clients = 1;
  int cpu = 0;  ///< Of all.
};

/// Clients of HTTP/1.1, each a process that asks for one thing after another, until stopped.
class HttpClients {
 public:
  /// All have had an answer when the constructor returns. @throws LabError  One has none.
  HttpClients(const NetNamespace& from, const HttpClientsOptions& options);
  ~HttpClients();
  HttpClients(const HttpClients&) = delete;
  HttpClients& operator=(const HttpClients&) = delete;

  /// Answers until now, of all clients.
  std::uint64_t answers() const;
  /// Process IDs, for as long as this lives.
  std::vector<int> processes() const;
  /// Ends them, each after the request that it is at. @throws LabError  One had failed before.
  void stop();

 private:
  struct Client;

  Shared<std::atomic<bool>> stop_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace knetsim::lab
