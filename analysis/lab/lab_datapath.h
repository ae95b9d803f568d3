#pragma once

#include <memory>

#include "analysis/lab/echo_server.h"
#include "analysis/lab/lab_case.h"
#include "analysis/lab/probe.h"

namespace knetsim::lab {

/// Whether a datapath answers by itself.
enum class LabServers : std::uint8_t { Echo, None };

/// Where a case's client and server are.
struct LabEnds {
  const NetNamespace& client;
  const NetNamespace& server;
  SocketAddress asked{};        ///< By the client.
  std::string client_device{};  ///< By which the client's packets leave its namespace.
};

/// A setup that stands: namespaces, rules loaded, servers listening. Many cases are measured on one.
class LabDatapath {
 public:
  /// @throws LabError  The kernel refuses a part of it.
  explicit LabDatapath(const LabSetup& setup, LabServers servers = LabServers::Echo);

  /// At which its servers, and the endpoints of its Services, listen.
  static constexpr std::uint16_t kServerPort = 8080;

  const LabSetup& setup() const { return setup_; }
  const LabCluster& cluster() const { return *cluster_; }
  /// @pre The case is of this setup.
  LabEnds ends_of(const LabCase& lab_case) const;
  /// Seconds that loading the rules of one node took.
  double load_seconds() const { return load_seconds_; }

  /// Times of an operation of a case of this setup. The client runs on `cpus[0]`, as does the server of a round trip;
  /// that of a connect on the last one; both as the case's placement says, where that is another.
  Samples measure(const LabCase& lab_case, const std::vector<int>& cpus, std::uint32_t samples,
                  const std::function<void()>& before_each) const;

 private:
  void load_rules(std::uint32_t node);
  std::vector<ServicePortSpec> services(std::uint32_t node) const;
  std::vector<HostPortSpec> host_ports() const;
  SocketAddress target(const LabCase& lab_case) const;

  LabSetup setup_;
  std::unique_ptr<LabCluster> cluster_;
  std::unique_ptr<EchoServer> pod_server_;
  std::unique_ptr<EchoServer> host_server_;
  std::unique_ptr<EchoServer> second_server_;  // of a chain, on the client's node
  std::unique_ptr<EchoServer> chain_server_;   // in the server's pod: asks the second
  mutable std::uint32_t next_client_ = 0;      // where affinity must not know the client: each has its own address
  double load_seconds_ = 0;
};

}  // namespace knetsim::lab
