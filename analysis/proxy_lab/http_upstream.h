#pragma once

#include <cstdint>
#include <memory>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/worker_process.h"

namespace knetsim::lab {

/// What stands behind a proxy of the lab: a process with one epoll loop that answers "GET /N" by N bytes. It closes
/// after an answer that the request wants to be the last one (HTTP/1.0, "Connection: close").
class HttpUpstream {
 public:
  /// Listens when the constructor returns. @throws LabError
  HttpUpstream(const NetNamespace& where, std::uint16_t port, int cpu);

  const WorkerProcess& process() const { return *process_; }

 private:
  std::unique_ptr<WorkerProcess> process_;
};

}  // namespace knetsim::lab
