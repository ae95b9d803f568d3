#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/workload/caller_step.h"
#include "models/workload/connection_policy.h"
#include "models/workload/indices.h"
#include "models/workload/name_lookup.h"
#include "models/workload/request_balancer.h"
#include "models/workload/retry.h"
#include "sim/core/distributions.h"
#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

/// What the records of TLS add to the messages of a connection, at either end.
struct RecordLayer {
  std::uint32_t record_bytes = 16'384;  ///< Of plain text in one.
  std::uint32_t overhead_bytes = 22;    ///< Of each: header, type and tag.
  double seconds_a_record = 0;          ///< CPU time to seal one, or to open it ...
  double seconds_a_byte = 0;            ///< ... and of its bytes.

  std::int64_t records(Bytes message) const { return (message.count() + record_bytes - 1) / record_bytes; }
  double seconds(Bytes message) const {
    return static_cast<double>(records(message)) * seconds_a_record +
           static_cast<double>(message.count()) * seconds_a_byte;
  }
  Bytes sealed(Bytes message) const { return message + Bytes(records(message) * overhead_bytes); }
};

/// Where a client's session can be resumed.
enum class SessionScope : std::uint8_t {
  None,    ///< Nowhere: each handshake is a whole one.
  Server,  ///< At the pod that made it, which keeps it.
  All,     ///< At any that the edge reaches: they share the keys of their tickets.
};

/// Who calls whom, and how: the calls of a workload, or those that an application makes of another.
struct EdgeSpec {
  std::string name;    ///< "browse", "frontend > cart"; no two are alike, and what is drawn for an edge is keyed by it.
  std::string target;  ///< For people: "frontend", "frontend (NodePort)".
  bool udp = false;
  ConnectionPolicy connections{};
  CallerScript script{};                       ///< What a caller does in one attempt. Well formed.
  Duration timeout = std::chrono::seconds(2);  ///< Of one attempt; Duration::max(): none.
  RetryPolicy retries{};
  bool loopback = false;  ///< To another container of the same pod.
  /// What the server does for it. kNoIndex: what its pod does for everybody; of another container, it answers at once.
  AppIndex app = kNoIndex;
  std::optional<RecordLayer> records{};        ///< Messages are sealed.
  SessionScope sessions = SessionScope::None;  ///< Of its handshakes.
  /// Where the caller itself spreads its requests over the endpoints that it knows, and keeps connections to each.
  std::optional<Balancing> balancing{};
  Bytes read_bytes{};  ///< The caller takes an answer in pieces of these (AppSpec::relay_bytes); none: whole.
};

/// System calls for a message that is taken or handed on in pieces of so many bytes; none: as a whole.
inline std::int32_t pieces_of(Bytes message, Bytes piece) {
  if (piece == Bytes{} || message <= piece) return 1;
  return static_cast<std::int32_t>((message.count() + piece.count() - 1) / piece.count());
}

/// One thing that an application does for a request: work on a core, a pause without one, or calls that run
/// concurrently.
struct AppStep {
  std::optional<Distribution> work_seconds;
  std::optional<Distribution> sleep_seconds;
  std::vector<EdgeIndex> calls;  ///< Each edge in one step of one application.
  /// Of which but one is made, drawn by these weights, shape (calls,); empty: all are.
  std::vector<double> weights{};
  AnswerRule answers = AnswerRule::None;  ///< Of a name server. EndWhereKnown and Keep stand alone in their steps.
  /// Requests that one server lets be in this step at a time: it refuses others, and answers so at once. 0: any number.
  std::uint32_t at_most = 0;
};

/// What the pods behind a Service do for each request.
struct AppSpec {
  std::string name;
  std::vector<AppStep> steps;
  std::uint32_t workers = 16;  ///< Requests that one pod handles at a time; others wait in order of arrival.
  /// Connections that one pod's listening socket keeps until a worker takes them up, one more than its backlog; 0: any
  /// number, or a process that takes them up at once.
  std::uint32_t accept_places = 0;
  bool scales = false;                   ///< Its work is that of a profile's machine: nodes' CPU factors multiply it.
  std::string container{};               ///< That runs it; empty: the pod's main one.
  std::vector<PodIndex> beside_in{};     ///< Pods in which it serves the calls of the other containers.
  std::vector<PodIndex> for_edges_in{};  ///< Pods that do it for some edges alone (EdgeSpec::app).
  Bytes relay_bytes{};                   ///< Answers are handed on in pieces of these, as they come; none: whole.
};

struct PoissonArrivals {
  double per_second = 0;
};
/// Evenly spaced; the first at an instant of the first interval that is drawn, as for one who looks at a process that
/// has gone on for ever. So each span of n intervals has exactly n, wherever it begins.
struct ConstantArrivals {
  double per_second = 0;
};
struct ListedArrivals {
  std::vector<Time> at;  ///< Ascending.
};
/// Closed loop: each user waits for the answer, then thinks.
struct ClosedLoop {
  std::uint32_t users = 1;
  Distribution think_seconds;
};
using Arrivals = std::variant<PoissonArrivals, ConstantArrivals, ListedArrivals, ClosedLoop>;

/// A source of requests from outside the call graph.
struct TrafficSpec {
  std::string name;               ///< No two are alike, and what is drawn for a source is keyed by it.
  std::vector<PodIndex> clients;  ///< Not empty. Each request comes from one of them.
  EdgeIndex edge = 0;
  Arrivals arrivals;
};

/// Everything that generates and serves requests.
struct TrafficPlan {
  std::vector<EdgeSpec> edges;
  std::vector<AppSpec> apps;
  std::vector<TrafficSpec> sources;
  std::vector<AppIndex> app_of_pod;   ///< shape (pods,): kNoIndex for a pod that answers at once.
  std::vector<Question> questions{};  ///< To name servers; likewise
  std::vector<LookupSpec> lookups{};

  /// What a pod does for what comes by an edge; kNoIndex: it answers at once.
  AppIndex app_at(EdgeIndex edge, PodIndex pod) const {
    const EdgeSpec& spec = edges[edge];
    return spec.app != kNoIndex || spec.loopback ? spec.app : app_of_pod[pod];
  }
};

/// The pods that run each app, but for containers that serve others of their pod; shape (apps, *), ascending.
std::vector<std::vector<PodIndex>> pods_of_apps(const TrafficPlan& plan);

}  // namespace knetsim
