#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/document.h"

namespace knetsim {

// A scenario as its file states it, after --set and one variant's overrides: names and numbers, nothing looked up yet. Maps
// keep the order of the file.

struct NodesSpec {
  std::uint32_t count = 3;
  double cpu = 8;           ///< Cores of each.
  Bytes memory{};
  Bandwidth nic{};
  double cpu_factor = 1;    ///< Multiplies every CPU cost: frequency, SMT.
  std::vector<std::string> zones;
};

struct TopologySettings {
  std::string kind = "single-switch";  ///< single-switch, leaf-spine, fat-tree
  std::uint32_t leaves = 2;
  std::uint32_t spines = 2;
  std::uint32_t k = 0;
  double oversubscription = 1;
  Bandwidth uplink{};
  Duration delay{};
  Duration switch_latency{};
  Bytes buffer{};
};

struct CniSettings {
  std::string kind = "bridge";
  std::string backend;
  std::uint32_t mtu = 1500;
  bool notrack = false;
};

struct ProxySettings {
  std::string mode = "iptables";
  std::string backend = "legacy";  ///< of iptables: legacy, nft
  std::string scheduler = "rr";    ///< of ipvs
  Duration sync_period{};
  Duration min_sync_period{};
};

struct BackgroundSettings {
  std::uint32_t services = 0;
  std::uint32_t endpoints_per_service = 10;
};

struct ClusterSettings {
  std::string kubernetes = "1.36";
  std::string kernel = "6.18";
  NodesSpec nodes;
  TopologySettings topology;
  CniSettings cni;
  ProxySettings proxy;
  BackgroundSettings background;
};

/// A distribution as written: constant, exponential, lognormal {mean, p99 | sigma}, gamma, pareto, cdf file. Numbers are in
/// the unit of its key (seconds for times, bytes for sizes).
struct DistributionSpec {
  std::string kind = "constant";
  double mean = 0;
  double sigma = 0;
  double p99 = 0;
  double shape = 0;
  double minimum = 0;
  double maximum = 0;
  std::string file;
};

/// A call to another app, by name, or with its own sizes.
struct CallSpec {
  std::string to;    ///< "cart", "cart:grpc", "pod:redis-0", "localhost:6379"
  std::optional<std::uint32_t> requests_per_connection;
  std::optional<DistributionSpec> request;
  std::optional<DistributionSpec> response;
  std::optional<Duration> timeout;
  std::optional<std::uint32_t> retries;
  Node at;
};

struct AppSettings {
  std::string name;
  std::optional<DistributionSpec> work;
  std::uint32_t workers = 16;
  std::vector<std::vector<CallSpec>> calls;  ///< In sequence; each element's calls are concurrent.
  Node at;
};

struct TargetSpec {
  std::string kind = "service";  ///< service, nodePort, hostPort, pod
  std::string name;
  std::string port;
  std::string node;  ///< nodePort: through which node: "random" or a node's name
};

struct WorkloadSettings {
  std::string name;
  std::string from_selector;
  std::string ns = "default";
  TargetSpec to;
  std::string protocol = "tcp";
  std::string arrival_kind = "poisson";  ///< poisson, constant, times, closed
  double rate_per_second = 0;
  std::string times_file;
  std::uint32_t users = 0;
  std::optional<DistributionSpec> think;
  std::uint32_t requests_per_connection = 1;
  DistributionSpec request;
  DistributionSpec response;
  Duration timeout{};
  std::uint32_t retries = 0;
  Node at;
};

struct RunSettings {
  Duration duration{};
  Duration warm_up{};
  std::uint64_t seed = 1;
  std::uint32_t replicates = 1;
  bool noise = true;
};

struct Scenario {
  std::string name;
  std::string title;
  std::vector<std::string> manifests;
  std::string graph;  ///< An isotope service graph instead of, or beside, apps.
  ClusterSettings cluster;
  std::string costs;
  std::vector<AppSettings> apps;
  std::vector<WorkloadSettings> workloads;
  RunSettings run;
  std::vector<std::string> slo;
};

}  // namespace knetsim
