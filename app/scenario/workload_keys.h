#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/scenario/distribution_spec.h"
#include "app/scenario/dns_keys.h"
#include "models/cluster/external_clients.h"
#include "models/cluster/selector.h"
#include "models/l7/tls.h"
#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/input/document.h"

namespace knetsim {

template <class T>
class Fields;

struct BackoffKeys {
  Duration base{};
  double factor = 2;
  std::optional<Duration> max;
  double jitter = 1;
};

struct BudgetKeys {
  double ratio = 0.2;
  double per_second = 10;
  Duration ttl{};
};

struct RetryKeys {
  std::uint32_t attempts = 0;
  std::optional<BackoffKeys> backoff;
  std::optional<BudgetKeys> budget;
  bool same_work = false;
};

/// Clients outside of the cluster that are alike.
struct ExternalGroupKeys {
  std::uint32_t count = 1;
  std::uint32_t addresses = 0;
  TimeLaw rtt;
  Bandwidth rate{};
};

/// One group of them, or a list.
struct ExternalKeys {
  std::optional<std::uint32_t> count, addresses;
  std::optional<TimeLaw> rtt;
  std::optional<Bandwidth> rate;
  std::optional<std::vector<ExternalGroupKeys>> groups;
};

/// Machines outside of the cluster, that are alike, which a workload's clients ask.
struct DestinationGroupKeys {
  std::uint32_t count = 1;
  TimeLaw rtt;
  Bandwidth rate{};
  std::uint16_t port = 443;
  std::optional<TimeLaw> work;
  std::optional<std::string> addresses;
};

/// One group of them, or a list.
struct DestinationKeys {
  std::optional<std::uint32_t> count;
  std::optional<TimeLaw> rtt, work;
  std::optional<Bandwidth> rate;
  std::optional<std::uint16_t> port;
  std::optional<std::string> addresses;
  std::optional<std::vector<DestinationGroupKeys>> groups;

  /// As a list. @pre There are no errors.
  std::vector<DestinationGroupKeys> all() const;
};

struct FromKeys {
  std::optional<Selector> selector;
  std::optional<ExternalKeys> external;
  std::string ns;
  Node at;
};

/// One of the names, each perhaps with a port: "reviews:http"; a URL; a name to be looked up and no more; or
/// machines outside of the cluster.
struct ToKeys {
  std::optional<std::string> service, load_balancer, external_ip, node_port, host_port, pod, url, name;
  std::optional<DestinationKeys> external;
  std::string port;
  std::string through;
  Node at;
};

struct ClosedKeys {
  std::uint32_t users = 1;
  TimeLaw think;
};

struct ArrivalKeys {
  std::optional<Rate> poisson, constant;
  std::optional<std::string> times;
  std::optional<ClosedKeys> closed;
  std::string count_from = "start";
  Node at;
};

struct TlsKeys {
  std::string version = "1.3";
  std::string key = "p256";
  std::string resumption = "none";
};

struct ConnectionKeys {
  std::optional<std::uint32_t> requests_per_connection;
  std::uint32_t streams = 1;
  std::uint32_t max_connections = 0;
  std::optional<Duration> idle_timeout, max_age;
  bool await_close = false;
  std::optional<TlsKeys> tls;
};

/// How many requests each connection carries; 0: it is kept for ever. @param stated  Nothing: as `streams` asks for.
inline std::uint32_t requests_on_each(std::optional<std::uint32_t> stated, std::uint32_t streams) {
  return stated.value_or(streams > 1 ? 0 : 1);
}

/// A workload as it is written; what it is bound to are a TrafficSpec, an EdgeSpec and an EdgeTarget (call_graph.h).
struct WorkloadKeys {
  FromKeys from;
  ToKeys to;
  std::string protocol;
  ArrivalKeys arrivals;
  ConnectionKeys connection;
  SizeLaw request, response;
  std::optional<TimeLaw> work;
  Duration timeout{};
  RetryKeys retries;
  std::optional<NameKeys> dns;
  Node at;
};

/// The machines that a workload has outside of the cluster: the clients of its `from`, or those that its `to` asks.
std::vector<ExternalGroup> external_groups(const std::string& workload, const WorkloadKeys& keys);

void describe(Fields<BackoffKeys>& f);
void describe(Fields<BudgetKeys>& f);
void describe(Fields<RetryKeys>& f);
void describe(Fields<ExternalGroupKeys>& f);
void describe(Fields<ExternalKeys>& f);
void describe(Fields<DestinationGroupKeys>& f);
void describe(Fields<DestinationKeys>& f);
void describe(Fields<FromKeys>& f);
void describe(Fields<ToKeys>& f);
void describe(Fields<ClosedKeys>& f);
void describe(Fields<ArrivalKeys>& f);
void describe(Fields<TlsKeys>& f);
void describe(Fields<ConnectionKeys>& f);

TlsSettings tls_settings(const TlsKeys& keys);
void describe(Fields<WorkloadKeys>& f);

}  // namespace knetsim
