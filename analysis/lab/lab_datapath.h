#pragma once

#include <memory>

#include "analysis/lab/echo_server.h"
#include "analysis/lab/lab_case.h"
#include "analysis/lab/probe.h"

namespace knetsim::lab {

/// A setup that stands: namespaces, rules loaded, servers listening. Many cases are measured on one.
class LabDatapath {
 public:
  /// @throws LabError  The kernel refuses a part of it.
  explicit LabDatapath(const LabSetup& setup);

  const LabSetup& setup() const { return setup_; }
  /// Seconds that loading the rules of one node took.
  double load_seconds() const { return load_seconds_; }

  /// Times of an operation of a case of this setup. The client runs on `cpus[0]`, as does the server of a round trip;
  /// that of a connect on `cpus[1]`.
  Samples measure(const LabCase& lab_case, const std::vector<int>& cpus, std::uint32_t samples,
                  const std::function<void()>& before_each) const;

 private:
  std::string rules_text(std::uint32_t node) const;

  LabSetup setup_;
  std::unique_ptr<LabCluster> cluster_;
  std::unique_ptr<EchoServer> pod_server_;
  std::unique_ptr<EchoServer> host_server_;
  double load_seconds_ = 0;
};

}  // namespace knetsim::lab
