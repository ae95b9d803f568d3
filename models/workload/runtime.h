#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <variant>
#include <vector>

#include "models/cluster/pod_states.h"
#include "models/workload/accept_queues.h"
#include "models/workload/arrivals.h"
#include "models/workload/attempt.h"
#include "models/workload/attempt_observer.h"
#include "models/workload/deadlines.h"
#include "models/workload/dial.h"
#include "models/workload/draw_keys.h"
#include "models/workload/request_balancer.h"
#include "models/workload/retry.h"
#include "models/workload/servers.h"
#include "models/workload/span_sampler.h"
#include "models/workload/spec.h"
#include "models/workload/tls_sessions.h"
#include "sim/core/ensure.h"
#include "sim/core/pool.h"
#include "sim/core/random.h"
#include "sim/net/cpu.h"
#include "sim/net/network.h"

namespace knetsim {

/// Kinds under which what the network does not know of is counted.
struct RuntimeKinds {
  KindIndex work = 0;       ///< The application's own CPU time.
  KindIndex sleep = 0;      ///< A pause without CPU.
  KindIndex close = 0;      ///< What a client does at a connection's end that it waits for.
  KindIndex handshake = 0;  ///< CPU time of handshakes ...
  KindIndex records = 0;    ///< ... and of sealing and opening messages.
};

/// What the runtime works on; all of it outlives it.
struct RuntimeParts {
  Scheduler& scheduler;
  Cpus& cpus;
  Network& network;
  Dialer& dialer;
  AttemptObserver& observer;
  SpanSampler& spans;
};

struct RuntimeOptions {
  RuntimeKinds kinds{};
  Time until{};                     ///< No request of a source begins from here on.
  const PodStates* pods = nullptr;  ///< What is true of pods at the moment; null: all are there throughout.
  std::uint32_t first_source = 0;  ///< Of events: first_source + i for the i-th traffic source, then one for each edge,
                                   ///< then one for each pod.
};

/// Generates requests and carries them through connections, applications and the calls that these make. All that a
/// request needs (sizes, times, branches) is drawn from its own id.
///
/// An attempt is a machine of states (attempt.h). Whatever comes, a burst's end, a message, a timer, becomes one call of
/// on(), which exists for each pair of a state and what it waits for: what a caller does in runtime_calling.cpp, what its
/// server does in runtime_serving.cpp, how it ends in runtime_outcomes.cpp.
class TrafficRuntime final : public EventHandler, public BurstOwner, public MessageOwner, public ClusterObserver {
 public:
  /// @param plan    Outlives the runtime. Its scripts are well formed.
  /// @param groups  Control group of each pod, shape (pods,); kNoIndex for pods that neither send nor serve.
  TrafficRuntime(const RuntimeParts& parts, const TrafficPlan& plan, std::vector<GroupIndex> groups,
                 RandomStreams streams, const RuntimeOptions& options);

  static std::uint32_t sources_needed(const TrafficPlan& plan) {
    return static_cast<std::uint32_t>(plan.sources.size() + plan.edges.size() + plan.app_of_pod.size());
  }

  /// The group of a container of `pod` that runs an app for the others there; that of the pod where nothing is said.
  void run_beside(PodIndex pod, AppIndex app, GroupIndex group) { groups_beside_[beside_key(pod, app)] = group; }

  /// Schedules the first arrivals.
  void start(Time now);
  /// From now on more attempts than these at a time stop the scheduler.
  void stop_beyond(std::size_t attempts) { most_live_ = attempts; }
  /// Tells the observer of every request that has not ended.
  void report_unfinished(Time now);

  /// Attempts at the moment, those among them that their caller has given up and those that pause.
  std::size_t live() const { return attempts_.live(); }
  /// Accept queues that were full.
  const std::vector<QueueOverflow>& overflows() const { return overflows_.all(); }
  /// Messages that were launched and have neither come nor been reported lost, by the attempts that wait for them.
  std::uint64_t under_way() const;

  void on_event(Time now, const Event& event) override;
  void on_burst_done(Time now, const BurstReport& report) override;
  void on_message(Time now, MessageIndex message) override;
  void on_lost(Time now, std::uint64_t cookie) override;
  bool takes_syn(std::uint64_t cookie, Time now) override;
  /// A process that ends takes its connections along: idle ones are closed, requests at it fail. @pre There are
  /// RuntimeOptions::pods, which have the event already.
  void on_cluster_event(const ClusterEvent& event, Time now) override;

 private:
  static constexpr CoreIndex kNoCore = ~CoreIndex{0};
  enum Kind : std::uint16_t { kArrival, kThought, kTimeout, kDue, kIdleExpiry };

  /// What a thread has yet to do before what comes next: one burst holds both. Steps before a connection is there (look-ups,
  /// the pool) begin without any; a step that has some ends with submit() or send().
  struct ThreadWork {
    Duration cpu{};
    Duration wake{};                         ///< Of the thread, paid where its core is idle.
    std::optional<Time> connecting_since{};  ///< Where it is to return from connect() in that burst.
  };

  /// Gives the attempt's state what it waits for. The states that wait for it are asked one by one, some five at most:
  /// a table of functions, as std::visit makes of so many states, is a jump that no processor foresees.
  template <class News>
  void tell(AttemptIndex index, const News& news, Time now) {
    const bool awaited = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (tell_if<std::variant_alternative_t<I, AttemptState>>(index, news, now) || ...);
    }
    (std::make_index_sequence<std::variant_size_v<AttemptState>>());
    if (!awaited) fail_invariant(__FILE__, __LINE__, "an attempt is told of what its state does not wait for");
  }
  template <class State, class News>
  bool tell_if(AttemptIndex index, const News& news, Time now) {
    if constexpr (requires(const State& state) { this->on(index, state, news, now); }) {
      if (const State* held = std::get_if<State>(&attempts_[index].state)) {
        const State state = *held;  // a copy: the function that is called moves the attempt on
        on(index, state, news, now);
        return true;
      }
    }
    return false;
  }

  // runtime.cpp: requests of sources, and what comes to whom
  void next_arrival(TrafficIndex source, Time now);
  void begin_request(TrafficIndex source, std::uint32_t user, Time now);
  void begin_attempt(AttemptIndex index, Time now);
  void submit(AttemptIndex index, GroupIndex group, CoreIndex core, const ThreadWork& work, Time now);
  static void charge(Attempt& attempt, KindIndex kind, Duration span, ThreadWork& work);
  void arm_timeout(EdgeIndex edge, Time now);
  void due_at(Time at, std::uint32_t source, AttemptIndex index);

  // runtime_calling.cpp: the caller
  void proceed(AttemptIndex index, ThreadWork before, Time now);
  bool take_step(AttemptIndex index, const Resolve& step, ThreadWork& before, Time now);
  bool take_step(AttemptIndex index, const Acquire& step, ThreadWork& before, Time now);
  bool take_step(AttemptIndex index, const Handshake& step, ThreadWork& before, Time now);
  bool take_step(AttemptIndex index, const Exchange& step, ThreadWork& before, Time now);
  bool take_step(AttemptIndex index, const Close& step, ThreadWork& before, Time now);
  bool take_step(AttemptIndex index, const SearchNames& step, ThreadWork& before, Time now);
  bool connect(AttemptIndex index, Time now);
  std::optional<PodIndex> pick_server(AttemptIndex index, Balancing balancing, Time now);
  bool shakes_hands(const Attempt& attempt, const Handshake& step) const;
  void send_round(AttemptIndex index, const Handshake& step, const ThreadWork& before, Time now);
  void send(AttemptIndex index, Bytes size, std::uint64_t noise_id, const ThreadWork& before, Time now);
  void work_on_answer(Attempt& attempt, const std::optional<Distribution>& law, Purpose purpose, std::uint64_t id,
                      KindIndex kind, ThreadWork& work) const;
  void charge_records(Attempt& attempt, const RecordLayer& layer, Bytes message, GroupIndex group,
                      ThreadWork& work) const;
  void on(AttemptIndex index, Pausing state, Due news, Time now);
  void on(AttemptIndex index, const Resolving& state, CallsEnded news, Time now);
  void on(AttemptIndex index, AwaitingConnection state, ConnectionFree news, Time now);
  void on(AttemptIndex index, Connecting state, const BurstDone& news, Time now);
  void on(AttemptIndex index, SynSent state, Arrived news, Time now);
  void on(AttemptIndex index, const Sending& state, const BurstDone& news, Time now);
  void on(AttemptIndex index, ResponseUnderWay state, Arrived news, Time now);
  void on(AttemptIndex index, Receiving state, const BurstDone& news, Time now);
  void start_next_call(AttemptIndex caller, Time now);
  void leaves_thread(AttemptIndex call, Time now);
  void call_ended(AttemptIndex caller, const TimeSplit& split, bool failed, Time now);

  // runtime_lookups.cpp: names
  void ask(AttemptIndex index, AskingNames next, Time now);
  void close_socket(AskingNames& state);
  void on(AttemptIndex index, const AskingNames& state, CallsEnded news, Time now);
  void round_answered(AttemptIndex index, AskingNames state, Time now);
  void attempt_failed(AttemptIndex index, AskingNames state, Time now);
  void round_failed(AttemptIndex index, AskingNames state, Time now);
  void note_answer(AskingNames& state, const Attempt& question, Outcome outcome) const;
  bool hears_no_refusal(const Attempt& question) const;
  bool answers_late(const Attempt& question);
  void answered_late(const Attempt& copy, Time now);
  void put_question(Request& request, const Attempt& resolver, const AskingNames& state, std::uint32_t place) const;
  Dial dial_for_question(AttemptIndex index, std::uint64_t id, Time now);
  enum class Turn : std::uint8_t { Take, PassOver, End };
  Turn turn_at(AttemptIndex index, AnswerRule rule, Time now);
  const LookupSpec& lookup_of(const Attempt& resolver) const {
    return plan_.lookups[std::get<SearchNames>(step_of(resolver)).lookup];
  }
  const LookupRound& round_of(const Attempt& resolver, const AskingNames& state) const {
    return lookup_of(resolver).round(state.round);
  }
  /// The resolver's state where an attempt is at one of its questions; null else.
  AskingNames* asking_of(const Attempt& question);
  /// The place of a question in its round.
  std::uint32_t place_of(const Attempt& question, const AskingNames& state) const;

  // runtime_serving.cpp: the server
  void on(AttemptIndex index, RequestUnderWay state, Arrived news, Time now);
  void on(AttemptIndex index, Queued state, WorkerFree news, Time now);
  void on(AttemptIndex index, Working state, const BurstDone& news, Time now);
  void on(AttemptIndex index, Sleeping state, Due news, Time now);
  void on(AttemptIndex index, const Calling& state, CallsEnded news, Time now);
  void on(AttemptIndex index, Answering state, const BurstDone& news, Time now);
  void accept(EdgeIndex edge, Connection& connection);
  void serve(AttemptIndex index, Duration wake_allowed, Time now);
  void serve_handshake(AttemptIndex index, const Handshake& step, Time now);
  void work(AttemptIndex index, std::uint32_t step, ThreadWork before, Time now);
  void work_on(AttemptIndex index, std::uint32_t step, Time now);
  ThreadWork receive(AttemptIndex index, Time now);
  void answer(AttemptIndex index, Bytes size, ThreadWork before, Time now);

  // runtime_outcomes.cpp: ends
  void on(AttemptIndex index, SynSent state, Lost news, Time now);
  void on(AttemptIndex index, RequestUnderWay state, Lost news, Time now);
  void on(AttemptIndex index, ResponseUnderWay state, Lost news, Time now);
  void on(AttemptIndex index, Refused state, Due news, Time now);
  void on(AttemptIndex index, const Unanswered& state, Due news, Time now);
  void lost(AttemptIndex index, Time now);
  void vanishes(AttemptIndex index, Time now);
  void reset(AttemptIndex index, Time now);
  bool ends_with_its_server(AttemptIndex index, Time now);
  bool swallows(AttemptIndex index, MessageIndex message, Time now);
  AttemptIndex leave_behind(AttemptIndex index, Time now);
  void find_clients();
  void refused(AttemptIndex index, Time now);
  void ended(AttemptIndex index, Outcome outcome, Time now);
  void failed_unsent(AttemptIndex index, Time now);
  void timed_out(AttemptIndex index, Time now);
  void discard(AttemptIndex index, Time now);
  void leave(AttemptIndex index, Duration unqueued, Time now);
  void free(AttemptIndex index);
  void report_up(const Attempt& attempt, Outcome outcome, Time now);
  void retry(AttemptIndex index, Time now);
  bool may_retry(const Request& request, Time now);
  void again(AttemptIndex heir, Time now);
  bool repeats_failed(AttemptIndex index, Time now);
  void let_go(Attempt& attempt, bool reusable, Time now);
  void leave_stream(const Attempt& attempt, bool broken, Time now);
  void hang_up(EdgeIndex edge, const Connection& connection, Time now);
  void serve_the_line(PoolIndex pool, Time now);
  static Duration unqueued(const Attempt& attempt, Time now);

  const EdgeSpec& edge_of(const Attempt& attempt) const { return plan_.edges[attempt.request.edge]; }
  const CallerStep& step_of(const Attempt& attempt) const { return edge_of(attempt).script[attempt.step]; }
  CallGroup& calls_of(AttemptIndex caller);
  /// The edges of the calls that the attempt makes at the moment.
  EdgeIndex called_edge(const Attempt& caller, std::uint32_t place) const;
  std::size_t drawn_call(const AppStep& step, std::uint64_t id) const;
  bool last_on_connection(const Attempt& attempt) const {
    return edge_of(attempt).connections.requests != 0 && attempt.connection.requests_left == 0;
  }
  bool still_there(AttemptIndex index, std::uint64_t serial) const { return attempts_[index].serial == serial; }
  /// What its server draws by: of the request, or of this attempt at it.
  std::uint64_t work_id(const Attempt& attempt) const;
  /// A figure of the profile's machine, at a group's node.
  Duration at_node(Duration span, GroupIndex group) const;
  static std::uint64_t noise_id(const Attempt& attempt) {  // of a request and its answer
    return hash_combine(attempt.request.id, attempt.request.attempt);
  }
  static std::uint64_t round_id(const Attempt& attempt) {  // of one round of one handshake
    return hash_combine(noise_id(attempt), (std::uint64_t{attempt.step} << 32) + 1 + attempt.round);
  }
  Bytes draw_bytes(const Distribution& distribution, Purpose purpose, std::uint64_t id) const;
  Server server_of(const Attempt& attempt) const;
  GroupIndex group_of(const Server& server) const;
  /// Where a thread that last ran on `core` is taken to run: the server's first core when none of its threads has run.
  CoreIndex expected_core(CoreIndex core, PodIndex pod) const;
  static std::uint64_t beside_key(PodIndex pod, AppIndex app) { return (std::uint64_t{app} << 32) | pod; }
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
  AttemptObserver& observer_;
  SpanSampler& spans_;
  const TrafficPlan& plan_;
  std::vector<GroupIndex> groups_;
  std::unordered_map<std::uint64_t, GroupIndex> groups_beside_;  // by beside_key(); looked up, never iterated
  RandomStreams streams_;
  RuntimeKinds kinds_;
  Time until_;
  const PodStates* pods_;
  std::uint32_t first_source_;
  bool has_backlogs_;  // of any app
  std::uint16_t handler_;
  std::vector<std::vector<PodIndex>> clients_;  // shape (sources, *): who is there; empty where all always are

  Pool<Attempt> attempts_;
  AttemptIndex slots_ = 0;  // of the pool that were ever used
  std::uint64_t serial_ = 0;
  std::size_t most_live_ = ~std::size_t{0};
  Connections connections_;
  Servers servers_;
  QueueOverflows overflows_;
  ArrivalClock arrivals_;
  DrawKeys keys_;
  Deadlines deadlines_;
  RetryBudgets budgets_;
  RequestBalancer balancer_;
  TlsSessions sessions_;
  KeptAnswers kept_names_;    // by client_key()
  KeptAnswers kept_answers_;  // by (question, pod)
  /// A socket that a resolver has open, and what became of the first datagram that left from it.
  struct ResolverSocket {
    Dial dial;
    std::uint64_t serial = 0;                                   ///< Of the attempt that opened it.
    std::array<AttemptIndex, 2> asked{kNoAttempt, kNoAttempt};  ///< The last at each question of the round.
  };
  Pool<ResolverSocket> sockets_;  // AskingNames::socket
};

}  // namespace knetsim
