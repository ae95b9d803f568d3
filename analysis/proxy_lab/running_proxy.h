#pragma once

#include <memory>
#include <string>

#include "analysis/lab/net_namespace.h"
#include "analysis/lab/worker_process.h"
#include "analysis/proxy_lab/proxy_config.h"

namespace knetsim::lab {

/// nginx or haproxy as it runs in the lab: one process on one CPU, which ends with its owner.
class RunningProxy {
 public:
  /// Takes connections when the constructor returns. @throws LabError  It does not start, with its own last words.
  RunningProxy(const std::string& proxy, const NetNamespace& where, const ProxySetup& setup, int cpu);

  const WorkerProcess& process() const { return *process_; }

 private:
  std::unique_ptr<WorkerProcess> process_;
};

/// Those of kLabProxies that are installed here.
std::vector<std::string> installed_proxies();
/// "nginx 1.22.1", as the program says it.
std::string proxy_version(const std::string& proxy);

}  // namespace knetsim::lab
