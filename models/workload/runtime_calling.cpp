// The calling side of TrafficRuntime: a caller's script step by step, and the calls that a server makes of others.

#include <memory>
#include <numeric>
#include <utility>

#include "models/workload/drawn.h"
#include "models/workload/runtime.h"

namespace knetsim {
namespace {

constexpr Purpose kRequestBytes("request.bytes");
constexpr Purpose kClientWork("client.work");
constexpr Purpose kClientHandshakeBytes("handshake.client.bytes");
constexpr Purpose kClientHandshakeWork("handshake.client.work");

constexpr Purpose kAge("connection.age");
constexpr Purpose kCallChoice("call.choice");

/// Within a tenth of the age that is wanted.
Duration drawn_age(Duration wanted, RngStream draw) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(wanted.count()) * (0.9 + 0.2 * draw.uniform())));
}

// From connect() to ECONNREFUSED where the client's own node refuses (REJECT, or no listener behind loopback): a few
// system calls and softirqs. An assumption.
constexpr Duration kRefusal = std::chrono::microseconds(20);

}  // namespace

void TrafficRuntime::proceed(AttemptIndex index, ThreadWork before, Time now) {
  Attempt& attempt = attempts_[index];
  const CallerScript& script = edge_of(attempt).script;
  for (; attempt.step < script.size(); ++attempt.step) {
    const auto take = [&](const auto& step) { return take_step(index, step, before, now); };
    if (!std::visit(take, script[attempt.step])) return;  // it ends with some event, which goes on from here
  }
  attempt.state = Receiving{};
  submit(index, attempt.request.client_group, attempt.request.client_core, before, now);
}

bool TrafficRuntime::take_step(AttemptIndex index, const Resolve& step, ThreadWork& before, Time now) {
  KNETSIM_ENSURE(before.cpu == Duration{}, "CPU time is spent in a burst of its own before a call");
  const Request& request = attempts_[index].request;
  if (step.kept_for && kept_names_.has(client_key(request.edge, request.client), now)) return true;
  attempts_[index].state = Resolving{CallGroup(1)};
  leaves_thread(index, now);
  start_next_call(index, now);
  return false;
}

void TrafficRuntime::on(AttemptIndex index, const Resolving& /*state*/, CallsEnded news, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.abandoned) {
    discard(index, now);
  } else if (news.failed) {
    failed_unsent(index, now);
  } else {
    if (const std::optional<Duration>& kept_for = std::get<Resolve>(step_of(attempt)).kept_for) {
      kept_names_.keep(client_key(attempt.request.edge, attempt.request.client), now + *kept_for);
    }
    ++attempt.step;
    proceed(index, {}, now);
  }
}

bool TrafficRuntime::take_step(AttemptIndex index, const Acquire& /*step*/, ThreadWork& before, Time now) {
  KNETSIM_ENSURE(before.cpu == Duration{}, "CPU time is spent in a burst of its own before a connection is asked for");
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  PodIndex server = kNoIndex;
  if (const auto& balancing = edge_of(attempt).balancing) {
    const std::optional<PodIndex> picked = pick_server(index, *balancing, now);
    if (!picked) return false;
    server = *picked;
  }
  if (edge_of(attempt).connections.max_age) {
    for (const Connection& old : connections_.drop_aged(request.edge, request.client, now, server))
      hang_up(request.edge, old, now);
  }
  const Connections::Taken taken = connections_.take(request.edge, request.client, index, attempt.serial, server);
  attempt.connection = taken.connection;
  switch (taken.turn) {
    case Connections::Turn::Reuse:
      if (attempt.connection.flow == Connection::kNone) {
        const Connections::NewStream stream = connections_.new_stream(attempt.connection.shared);
        attempt.connection.flow = network_.open_stream(stream.beside, stream.number);
      }
      return true;
    case Connections::Turn::Open:
      attempt.connection.server = server;
      return connect(index, now);
    case Connections::Turn::Wait:  // a caller that picks servers picks again when its turn comes
      if (server != kNoIndex) balancer_.ended(request.edge, request.client, server);
      attempt.state = AwaitingConnection{};
      leaves_thread(index, now);
      return false;
  }
  return false;
}

/// The server that the caller sends this request to. @return  Nothing where it knows of none: the attempt is refused.
std::optional<PodIndex> TrafficRuntime::pick_server(AttemptIndex index, Balancing balancing, Time now) {
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  const std::span<const Endpoint> known = dialer_.endpoints(request.edge, request.client, now);
  if (known.empty()) {  // it answers by itself that there is nobody, as proxies do with a 503
    attempt.state = Refused{};
    attempt.failure = Failure::Refused;
    due_at(now + kRefusal, edge_source(request.edge), index);
    return std::nullopt;
  }
  return known[balancer_.pick(balancing, request.edge, request.client, known, noise_id(attempt))].pod;
}

void TrafficRuntime::on(AttemptIndex index, AwaitingConnection /*state*/, ConnectionFree /*news*/, Time now) {
  Attempt& attempt = attempts_[index];
  {
    const PlaceScope place(&attempt.split, {SpanPlace::Kind::Owner, attempt.request.client});
    attempt.split.hold_until(Wait::Connection, now);
  }
  proceed(index, {}, now);
}

/// @return  Whether there is a connection at once: a datagram's socket has no handshake.
bool TrafficRuntime::connect(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  const EdgeSpec& edge = edge_of(attempt);
  const std::optional<Time> connecting = edge.udp ? std::nullopt : std::optional(now);
  const std::uint64_t id = noise_id(attempt);
  const bool asks = request.question != kNoQuestion;
  Dial dial = asks             ? dial_for_question(index, id, now)
              : edge.balancing ? dialer_.dial_to(request.edge, request.client, attempt.connection.server, id, now)
                               : dialer_.dial(request.edge, request.client, id, now);
  observer_.endpoint_chosen(request, dial.stale);
  if (dial.server == kNoIndex && dial.dropped) {
    attempt.state = Unanswered{connecting};
    attempt.failure = Failure::Unreachable;
    // The client sends SYNs into the void until the kernel or its own timeout ends that.
    const Duration patience = network_.connect_gives_up_after();
    if (connecting && patience < edge.timeout) due_at(now + patience, edge_source(request.edge), index);
    leaves_thread(index, now);  // connect() of concurrent calls does not block their caller
    return false;
  }
  if (dial.server == kNoIndex) {
    attempt.state = Refused{connecting};
    attempt.failure = dial.met                                 ? Failure::LocalPorts
                      : dial.refused_after || dial.unreachable ? Failure::Unreachable
                                                               : Failure::Refused;
    due_at(now + dial.refused_after.value_or(kRefusal), edge_source(request.edge), index);
    if (dial.refused_after) leaves_thread(index, now);
    return false;
  }
  if (has_backlogs_ && connecting) [[unlikely]] {
    const Server server{.pod = dial.server, .beside = edge.loopback, .app = edge.app};
    dial.flow.asks_listener = servers_.app(server).accept_places > 0;
  }
  attempt.connection.flow = network_.open(dial.flow, now);
  attempt.connection.opened_by = attempt.serial;
  if (edge.connections.max_age)
    attempt.connection.ends = now + drawn_age(*edge.connections.max_age, streams_.get(kAge, id));
  attempt.connection.server = dial.server;
  attempt.connection.refuses = dial.refuses;
  attempt.connection.chosen_at = dial.chosen_at;
  attempt.connection.resumes = sessions_.has(edge.sessions, request.edge, request.client, dial.server);
  attempt.connection.path = dial.path;
  attempt.connection.fits = dial.fits;
  attempt.connection.holds = dial.holds;
  if (!attempt.connection.borrowed) observer_.connection_opened(request, static_cast<double>(dial.rules));
  if (!connecting) return true;
  if (now != attempt.begun) attempt.before_connect = std::make_unique<TimeSplit>(attempt.split);
  attempt.message = network_.prepare(attempt.connection.flow, FlowPacket::First, Bytes{}, id, &attempt.split, index);
  const Duration cpu = network_.sender_burst(attempt.message, request.client_core, now);
  attempt.state = Connecting{now};
  submit(index, request.client_group, request.client_core, {.cpu = cpu}, now);
  return false;
}

void TrafficRuntime::on(AttemptIndex index, Connecting state, const BurstDone& news, Time now) {
  Attempt& attempt = attempts_[index];
  attempt.request.client_core = news.report.core;
  attempt.state = SynSent{state.since};
  network_.launch(attempt.message, now);
  leaves_thread(index, now);
}

void TrafficRuntime::on(AttemptIndex index, SynSent state, Arrived news, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.abandoned) {
    network_.release(news.message);
    ended(index, Outcome::Timeout, now);
    return;
  }
  if (attempt.connection.refuses) {
    network_.release(news.message);
    attempt.failure = Failure::Refused;
    refused(index, now);
    return;
  }
  const auto burst = network_.receiver_burst(news.message, attempt.request.client_core, now);
  attempt.wake_kind = burst.wake_kind;
  network_.release(news.message);
  ++attempt.step;
  proceed(index, {.cpu = burst.cpu, .wake = burst.wake, .connecting_since = state.since}, now);
}

bool TrafficRuntime::take_step(AttemptIndex index, const Handshake& step, ThreadWork& before, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.connection.opened_by != attempt.serial || !shakes_hands(attempt, step)) return true;
  attempt.round = 0;
  send_round(index, step, before, now);
  return false;
}

bool TrafficRuntime::shakes_hands(const Attempt& attempt, const Handshake& step) const {
  if (step.rounds == 0) return false;
  return step.sessions == ForSessions::All || (step.sessions == ForSessions::Resumed) == attempt.connection.resumes;
}

void TrafficRuntime::send_round(AttemptIndex index, const Handshake& step, const ThreadWork& before, Time now) {
  const std::uint64_t id = round_id(attempts_[index]);
  send(index, draw_bytes(step.client_bytes, kClientHandshakeBytes, id), id, before, now);
}

bool TrafficRuntime::take_step(AttemptIndex index, const Exchange& step, ThreadWork& before, Time now) {
  Attempt& attempt = attempts_[index];
  const QuestionIndex question = attempt.request.question;
  Bytes size = question != kNoQuestion ? plan_.questions[question].query
                                       : draw_bytes(step.request_bytes, kRequestBytes, attempt.request.sizes);
  observer_.request_sent(attempt.request, size, {attempt.connection.chosen_at, attempt.connection.server});
  attempt.payload = size;
  if (const auto& layer = edge_of(attempt).records) {
    charge_records(attempt, *layer, size, attempt.request.client_group, before);
    size = layer->sealed(size);
  }
  const bool shared = attempt.connection.shared != Connection::kNotShared;
  if (!shared && attempt.connection.requests_left > 0) --attempt.connection.requests_left;
  send(index, size, noise_id(attempt), before, now);
  if (shared && attempt.connection.opened_by == attempt.serial) {
    connections_.established(attempt.connection);
    serve_the_line(attempt.connection.pool, now);
  }
  return false;
}

void TrafficRuntime::send(AttemptIndex index, Bytes size, std::uint64_t noise_id, const ThreadWork& before, Time now) {
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  if (before.connecting_since) observer_.syn_answered(request, attempt.split, attempt.before_connect.get());
  const bool opens = edge_of(attempt).udp && attempt.connection.exchanges == 0;
  ++attempt.connection.exchanges;
  attempt.swallowed = attempt.connection.too_large(size);
  attempt.message = network_.prepare(attempt.connection.flow, opens ? FlowPacket::First : FlowPacket::Request, size,
                                     noise_id, &attempt.split, index);
  const Duration cpu = network_.sender_burst(attempt.message, request.client_core, now);
  attempt.state = Sending{cpu, before.connecting_since};
  submit(index, request.client_group, request.client_core, {.cpu = before.cpu + cpu, .wake = before.wake}, now);
}

void TrafficRuntime::on(AttemptIndex index, const Sending& state, const BurstDone& news, Time now) {
  Attempt& attempt = attempts_[index];
  attempt.request.client_core = news.report.core;
  if (state.connecting_since) {
    observer_.connected(attempt.request, {.took = now - state.cpu - *state.connecting_since,
                                          .in_time = !attempt.abandoned,
                                          .burst = news.report,
                                          .wake_kind = attempt.wake_kind});
  }
  if (attempt.swallowed) [[unlikely]] {
    vanishes(index, now);
    return;
  }
  attempt.state = RequestUnderWay{};
  network_.launch(attempt.message, now);
  leaves_thread(index, now);
}

/// What is too large for the way and for nobody's ears: the client waits for its timeout.
void TrafficRuntime::vanishes(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  network_.release(attempt.message);
  attempt.message = kNoMessage;
  attempt.state = Unanswered{};
  leaves_thread(index, now);
  if (attempt.abandoned) discard(index, now);
}

void TrafficRuntime::on(AttemptIndex index, ResponseUnderWay /*state*/, Arrived news, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.swallowed) {
    network_.release(news.message);
    if (attempt.abandoned) {
      ended(index, Outcome::Timeout, now);
    } else {
      attempt.state = Unanswered{};
    }
    return;
  }
  const auto burst = network_.receiver_burst(news.message, attempt.request.client_core, now,
                                             pieces_of(attempt.answer, edge_of(attempt).read_bytes));
  attempt.wake_kind = burst.wake_kind;
  network_.release(news.message);
  if (attempt.abandoned && !answers_late(attempt)) {
    ended(index, Outcome::Timeout, now);
    return;
  }
  ThreadWork work{.cpu = burst.cpu, .wake = burst.wake};
  if (const auto* handshake = std::get_if<Handshake>(&step_of(attempt))) {
    work_on_answer(attempt, handshake->client_work_seconds, kClientHandshakeWork, round_id(attempt), kinds_.handshake,
                   work);
    if (++attempt.round < handshake->rounds) {
      send_round(index, *handshake, work, now);
      return;
    }
    sessions_.made(edge_of(attempt).sessions, attempt.request.edge, attempt.request.client, attempt.connection.server);
  } else {
    if (const auto& layer = edge_of(attempt).records) {
      charge_records(attempt, *layer, attempt.answer, attempt.request.client_group, work);
    }
    work_on_answer(attempt, std::get<Exchange>(step_of(attempt)).client_work_seconds, kClientWork, attempt.request.id,
                   kinds_.work, work);
  }
  ++attempt.step;
  proceed(index, work, now);
}

void TrafficRuntime::work_on_answer(Attempt& attempt, const std::optional<Distribution>& law, Purpose purpose,
                                    std::uint64_t id, KindIndex kind, ThreadWork& work) const {
  if (!law) return;
  RngStream draws = streams_.get(purpose, id);
  const Duration span = drawn_span(law->sample(draws));
  charge(attempt, kind, kind == kinds_.handshake ? at_node(span, attempt.request.client_group) : span, work);
}

/// One end seals a message, or opens it.
void TrafficRuntime::charge_records(Attempt& attempt, const RecordLayer& layer, Bytes message, GroupIndex group,
                                    ThreadWork& work) const {
  charge(attempt, kinds_.records, at_node(from_seconds(layer.seconds(message)), group), work);
}

bool TrafficRuntime::take_step(AttemptIndex index, const Close& /*step*/, ThreadWork& before, Time /*now*/) {
  Attempt& attempt = attempts_[index];
  if (!last_on_connection(attempt)) return true;
  // The server has closed with its answer: its FIN is there when the client reads on, which then closes as well.
  charge(attempt, kinds_.close, network_.reading_end(attempt.connection.flow), before);
  attempt.connection.client_end = ClientEnd::Read;
  return true;
}

void TrafficRuntime::on(AttemptIndex index, Receiving /*state*/, const BurstDone& /*news*/, Time now) {
  if (attempts_[index].outcome == Outcome::Error && hears_no_refusal(attempts_[index])) {
    attempts_[index].state = Unanswered{};  // it waits on
    return;
  }
  ended(index, attempts_[index].outcome, now);
}

// ---- calls that an attempt makes, of its server or of its caller

CallGroup& TrafficRuntime::calls_of(AttemptIndex caller) {
  AttemptState& state = attempts_[caller].state;
  if (auto* resolving = std::get_if<Resolving>(&state)) return resolving->calls;
  if (auto* asking = std::get_if<AskingNames>(&state)) return asking->calls;
  return std::get<Calling>(state).calls;
}

EdgeIndex TrafficRuntime::called_edge(const Attempt& caller, std::uint32_t place) const {
  if (const auto* calling = std::get_if<Calling>(&caller.state)) {
    const AppStep& step = servers_.app(server_of(caller)).steps[calling->step];
    return step.weights.empty() ? step.calls[place] : step.calls[drawn_call(step, work_id(caller))];
  }
  if (const auto* search = std::get_if<SearchNames>(&step_of(caller))) return search->questions;
  return std::get<Resolve>(step_of(caller)).lookup;
}

/// Which of a step's calls is made where it is but one.
std::size_t TrafficRuntime::drawn_call(const AppStep& step, std::uint64_t id) const {
  double left =
      streams_.get(kCallChoice, id).uniform() * std::accumulate(step.weights.begin(), step.weights.end(), 0.0);
  std::size_t call = 0;
  while (call + 1 < step.weights.size() && left >= step.weights[call]) left -= step.weights[call++];
  return call;
}

void TrafficRuntime::start_next_call(AttemptIndex caller_index, Time now) {
  CallGroup& calls = calls_of(caller_index);
  const std::optional<std::uint32_t> place = calls.next();
  if (!place) return;
  const AttemptIndex index = attempts_.take();
  calls.sends(index);
  const Attempt& caller = attempts_[caller_index];
  const bool of_server = std::holds_alternative<Calling>(caller.state);
  Attempt& attempt = attempts_[index];
  Request& request = attempt.request;
  request.caller = caller_index;
  request.edge = called_edge(caller, *place);
  const std::uint64_t maker = of_server ? work_id(caller) : hash_combine(noise_id(caller), caller.step);
  request.id = hash_combine(maker, keys_.edge(request.edge));
  const CallerScript& script = plan_.edges[request.edge].script;
  request.sizes = !is_search(script) && exchange_of(script).relayed ? caller.request.sizes : request.id;
  request.question = caller.request.question;  // a name server asks others what it is asked
  if (const auto* asking = std::get_if<AskingNames>(&caller.state)) put_question(request, caller, *asking, *place);
  request.begun = now;
  request.client = of_server ? caller.connection.server : caller.request.client;
  request.client_group = of_server ? group_of(server_of(caller)) : caller.request.client_group;
  request.client_core = of_server ? caller.server_core : caller.request.client_core;
  // One call after the other leaves the thread; a later one has waited since the group began.
  attempt.split.trace = spans_.part_of(caller.split.trace);
  attempt.split.clock = caller.split.clock;
  request.before.worker = now - attempt.split.clock;
  attempt.split.hold_until(Wait::Worker, now);
  observer_.request_begun(request, caller.request.edge, now);
  if (const auto& budget = plan_.edges[request.edge].retries.budget) {
    budgets_.asked(client_key(request.edge, request.client), *budget, now);
  }
  begin_attempt(index, now);
}

/// The call's first burst is done, or it waits for something that keeps no thread.
void TrafficRuntime::leaves_thread(AttemptIndex call, Time now) {
  const Attempt& attempt = attempts_[call];
  const AttemptIndex caller = attempt.request.caller;
  if (caller == kNoAttempt || attempt.abandoned) return;
  if (calls_of(caller).leaves_thread(call)) start_next_call(caller, now);
}

void TrafficRuntime::call_ended(AttemptIndex caller_index, const TimeSplit& split, bool failed, Time now) {
  CallGroup& calls = calls_of(caller_index);
  if (!calls.ended(failed)) return;
  Attempt& caller = attempts_[caller_index];
  if (std::holds_alternative<Resolving>(caller.state)) {  // a part of its own, whatever it went to
    const PlaceScope place(&caller.split, {SpanPlace::Kind::Owner, caller.request.client});
    caller.split.hold_until(Wait::Lookup, now);
    tell(caller_index, CallsEnded{calls.failed()}, now);
    return;
  }
  caller.split += split;  // the last call to end is the one that the caller waited for
  if (SpanTrace* trace = caller.split.trace; trace != nullptr && split.trace != nullptr) {
    trace->visits.insert(trace->visits.end(), split.trace->visits.begin(), split.trace->visits.end());
  }
  caller.split.clock = now;
  tell(caller_index, CallsEnded{calls.failed()}, now);
}

}  // namespace knetsim
