#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "models/workload/arrivals.h"
#include "models/workload/backlog.h"
#include "models/workload/deadlines.h"
#include "models/workload/draw_keys.h"
#include "models/workload/recorder.h"
#include "models/workload/servers.h"
#include "models/workload/span_sampler.h"
#include "models/workload/spec.h"
#include "sim/core/pool.h"
#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/network.h"

namespace knetsim {

/// What becomes of a connection attempt: a flow to a pod, or a refusal (no endpoint, no such port).
struct Dial {
  FlowSpec flow;
  PodIndex server = kNoIndex;  ///< kNoIndex: nobody answers.
  /// With it: in silence, so that connect() gives up when the kernel's SYN schedule ends, and a datagram is never
  /// answered. Else the connection is refused at once.
  bool dropped = false;
  HostId chosen_at = 0;  ///< The node whose proxy chose the server; hung_up() is told.
  float rules = 0;       ///< Rules that the packets which open the connection evaluate, on all nodes; expected value.
};

/// Opens connections as the cluster would: looks up endpoints in the client node's view, lets the proxy mode choose,
/// finds the plans of the flow's class.
class Dialer {
 public:
  virtual ~Dialer() = default;
  /// @param id  Of the request or connection: what is drawn belongs to it.
  virtual Dial dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) = 0;
  /// A connection that `chosen_at` chose `server` for has ended ("least connection" schedulers count).
  virtual void hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) = 0;
};

/// Kinds under which what the network does not know of is counted.
struct RuntimeKinds {
  KindIndex work = 0;   ///< The application's own CPU time.
  KindIndex sleep = 0;  ///< A pause without CPU.
  KindIndex close = 0;  ///< What a client does at a connection's end that it waits for.
};

struct RuntimeOptions {
  Time measure_from{};
  Time end{};        ///< Of the window.
  Duration drain{};  ///< Requests go on being made for at most this long after it, unmeasured.
  std::uint32_t series_points = 60;
  std::uint32_t spans = 0;  ///< Requests of each source whose every visit is kept.
};

/// Generates requests, carries them through connections, applications and the calls that these make, and records what
/// became of each. All that a request needs (sizes, times, branches) is drawn from its own id.
///
///     start(0), the scheduler up to options.end, close_window(), the scheduler up to options.end + options.drain,
///     finish(). The scheduler stops in between where no request of the window is left, or where a backlog has doubled
///     since the window: those that stand behind it would not end, and its memory has an end.
class TrafficRuntime final : public EventHandler, public BurstOwner, public MessageOwner {
 public:
  /// @param groups        Control group of each pod, shape (pods,); kNoIndex for pods that neither send nor serve.
  /// @param first_source  Sources first_source + i for the i-th traffic source, then one for each edge, then one for
  /// each pod.
  TrafficRuntime(Scheduler& scheduler, Cpus& cpus, Network& network, Dialer& dialer, const TrafficPlan& plan,
                 std::vector<GroupIndex> groups, RandomStreams streams, RuntimeKinds kinds,
                 const RuntimeOptions& options, std::uint32_t first_source);

  static std::uint32_t sources_needed(const TrafficPlan& plan) {
    return static_cast<std::uint32_t>(plan.sources.size() + plan.edges.size() + plan.app_of_pod.size());
  }

  /// The group of a container of `pod` that runs an app for the others there; that of the pod where nothing is said.
  void run_beside(PodIndex pod, AppIndex app, GroupIndex group) { groups_beside_[beside_key(pod, app)] = group; }

  /// Schedules the first arrivals.
  void start(Time now);
  /// At the window's end, all events before it handled. @return  Requests and calls of the window that have not ended.
  std::uint64_t close_window();
  /// Counts what is unfinished at `now`; checks conservation and Little's law. @throws InvariantError
  void finish(Time now);

  const std::vector<EdgeStats>& edges() const { return edge_stats_; }
  const std::vector<SourceRecorder>& sources() const { return recorders_; }
  const SpanSampler& spans() const { return spans_; }
  /// Attempts that a worker of the pod took up, of requests that began in the measured window.
  const std::vector<std::uint64_t>& served_by_pod() const { return served_; }
  /// Messages that were launched and have neither come nor been reported lost, by the requests that wait for them.
  std::uint64_t under_way() const;
  /// Requests that ended, of all sources and edges, from the start of the run.
  std::uint64_t completed() const { return completed_; }

  void on_event(Time now, const Event& event) override;
  void on_burst_done(Time now, const BurstReport& report) override;
  void on_message(Time now, MessageIndex message) override;
  void on_lost(Time now, std::uint64_t cookie) override;

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  enum Kind : std::uint16_t { kArrival, kTimeout, kSlept, kThought, kRefused, kRetry };
  enum class Phase : std::uint8_t { Connect, Send, Serve, Respond, Receive };

  struct Connection {
    FlowIndex flow = kNone;
    PodIndex server = kNoIndex;
    HostId chosen_at = 0;
    std::uint32_t requests_left = 0;  ///< Meaningless for connections kept for ever.
    bool used = false;
  };
  /// One attempt at a request, from the caller's first burst to its last.
  struct Rpc {
    bool live = false;
    bool abandoned = false;    ///< The caller gave up; the callee does not know.
    bool failed = false;       ///< A call further down failed.
    bool connecting = false;   ///< In connect(), or in the burst in which it returns.
    bool read_end = false;     ///< The client has read the server's FIN and closed too.
    bool lost = false;         ///< UDP: the datagram is gone, nothing of the attempt is under way.
    bool queued = false;       ///< At the server, which has no free worker.
    bool in_network = false;   ///< Its message was launched and has not come.
    bool sends_first = false;  ///< Its first burst is still to come: the caller's next concurrent call waits for it.
    EdgeIndex edge = 0;
    TrafficIndex source = kNone;  ///< kNone for a call that an application makes.
    std::uint32_t parent = kNone;
    std::uint32_t user = 0;  ///< Closed loop.
    std::uint32_t attempt = 0;
    std::uint64_t id = 0;
    std::uint64_t serial = 0;
    Time begun{};  ///< Of the first attempt.
    Time attempt_begun{};
    Duration worker_before{};    ///< Before this attempt: waited for the caller's thread and for callees' workers ...
    Duration given_up_before{};  ///< ... and the rest of the attempts that came to nothing.
    Time connecting_since{};
    Duration send_cpu{};  ///< Part of the burst under way that comes after connect() returned.
    PodIndex client = kNoIndex;
    GroupIndex client_group = 0;
    Connection connection;
    MessageIndex message = kNone;
    KindIndex wake_kind = 0;
    CoreIndex client_core = kNone;
    CoreIndex server_core = kNone;
    Bytes payload;  ///< Of request and answer, as far as they have been drawn.
    std::uint32_t step = 0;
    std::uint32_t calls_started = 0;
    std::uint32_t calls_open = 0;
    TimeSplit split;
  };
  static std::uint64_t cookie(std::uint32_t rpc, Phase phase) {
    return (std::uint64_t{rpc} << 8) | static_cast<std::uint64_t>(phase);
  }
  void next_arrival(TrafficIndex source, Time now);
  void begin_request(TrafficIndex source, std::uint32_t user, Time now);
  void begin_attempt(std::uint32_t rpc, Time now);
  void retry(std::uint32_t rpc, Time now);
  bool may_retry(const Rpc& rpc, Time now);
  void count_asked(const Rpc& rpc, Time now);  ///< A request begins.
  void send_request(std::uint32_t rpc, Duration before, Duration wake, Time now);
  /// A measured request of a source that is in the connect() of its first attempt.
  bool opens_source(const Rpc& rpc) const;
  bool last_on_connection(const Rpc& rpc) const;
  /// What its server draws by: of the request, or of this attempt at it.
  std::uint64_t work_id(const Rpc& rpc) const;
  static std::uint64_t noise_id(const Rpc& rpc);  ///< Of a request and its answer.
  void submit(std::uint32_t rpc, Phase phase, GroupIndex group, CoreIndex core, Duration cpu, Duration wake, Time now);
  void arrived(std::uint32_t rpc, Time now);
  void serve(std::uint32_t rpc, Duration wake_allowed, Time now);
  void work(std::uint32_t rpc, Duration cpu, Duration wake, Time now);
  void worked(std::uint32_t rpc, Time now);
  void start_calls(std::uint32_t rpc, Time now);
  void start_next_call(std::uint32_t parent, Time now);
  void call_ended(std::uint32_t parent, const TimeSplit& split, bool failed, Time now);
  void worker_free(const Server& server, Time now);
  void ended(std::uint32_t rpc, Outcome outcome, Time now);
  void timed_out(std::uint32_t rpc, Time now);
  void refused(std::uint32_t rpc, Time now);
  void discard(std::uint32_t rpc, Time now);
  void free_rpc(std::uint32_t rpc);
  void report_up(std::uint32_t rpc, Outcome outcome, Time now);
  void put_back(Rpc& rpc, bool reusable, Time now);
  /// The attempt leaves the system. @param unqueued  Of its time, what it did not spend in a queue.
  void leave(Rpc& rpc, Duration unqueued, Time now);
  static Duration unqueued(const Rpc& rpc, Time now);
  void count_end(const Rpc& rpc, Outcome outcome, Time now);
  void tell_callers_of_backlogs();
  void arm_timeout(EdgeIndex edge, Time now);
  bool measured(Time begun) const { return begun >= options_.measure_from && begun < options_.end; }
  /// @pre measured(at)
  EdgePart& part(EdgeIndex edge, Time at) {
    const auto index = (at - options_.measure_from) * std::int64_t{kParts} / (options_.end - options_.measure_from);
    return edge_stats_[edge].parts[static_cast<std::size_t>(index)];
  }
  Server server_of(const Rpc& rpc) const;
  GroupIndex group_of(const Server& server) const;
  /// A client pod's connections and budget for one edge.
  static std::uint64_t connection_pool(EdgeIndex edge, PodIndex client) { return (std::uint64_t{edge} << 32) | client; }
  static std::uint64_t beside_key(PodIndex pod, AppIndex app) { return (std::uint64_t{app} << 32) | pod; }
  /// Where a thread that last ran on `core` is taken to run: the server's first core when none of its threads has run.
  CoreIndex expected_core(CoreIndex core, PodIndex pod) const;
  Bytes draw_bytes(const Distribution& distribution, Purpose purpose, std::uint64_t id) const;
  std::uint32_t edge_source(EdgeIndex edge) const {
    return first_source_ + static_cast<std::uint32_t>(plan_.sources.size()) + edge;
  }
  std::uint32_t pod_source(PodIndex pod) const {
    return first_source_ + static_cast<std::uint32_t>(plan_.sources.size() + plan_.edges.size()) + pod;
  }

  Scheduler& scheduler_;
  Cpus& cpus_;
  Network& network_;
  Dialer& dialer_;
  const TrafficPlan& plan_;
  std::vector<GroupIndex> groups_;
  std::unordered_map<std::uint64_t, GroupIndex> groups_beside_;  ///< by beside_key(); looked up, never iterated
  RandomStreams streams_;
  RuntimeKinds kinds_;
  RuntimeOptions options_;
  std::uint16_t handler_ = 0;
  std::uint32_t first_source_ = 0;

  Pool<Rpc> rpcs_;
  std::uint32_t rpc_slots_ = 0;  ///< Slots ever used.
  std::uint64_t serial_ = 0;
  Servers servers_;
  std::vector<std::uint64_t> served_;
  ArrivalClock arrivals_;
  DrawKeys keys_;
  std::unordered_map<std::uint64_t, std::vector<Connection>> idle_connections_;  ///< by (edge, client pod)
  Deadlines deadlines_;
  RetryBudgets budgets_;
  std::vector<EdgeStats> edge_stats_;
  std::vector<SourceRecorder> recorders_;
  SpanSampler spans_;
  std::vector<Backlog> backlogs_;                // shape (edges,)
  std::vector<std::vector<EdgeIndex>> callers_;  // shape (edges, *): for requests of which edges its calls were made
  std::uint64_t completed_ = 0;
  std::uint64_t followed_ = 0;  // requests and calls of the window that have not ended
  bool window_closed_ = false;
  std::size_t most_live_ = ~std::size_t{0};  // attempts at a time, in the drain
};

}  // namespace knetsim
