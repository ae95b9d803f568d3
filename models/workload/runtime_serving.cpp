// The called side of TrafficRuntime: a request waits for a worker, is worked on, makes calls of its own and is
// answered.

#include <algorithm>
#include <utility>

#include "models/workload/drawn.h"
#include "models/workload/runtime.h"

namespace knetsim {
namespace {

constexpr Purpose kResponseBytes("response.bytes");
constexpr Purpose kServerHandshakeBytes("handshake.server.bytes");
constexpr Purpose kServerHandshakeWork("handshake.server.work");

Duration drawn_span(const Distribution& distribution, RngStream stream) {
  return knetsim::drawn_span(distribution.sample(stream));
}

}  // namespace

Server TrafficRuntime::server_of(const Attempt& attempt) const {
  const EdgeSpec& edge = edge_of(attempt);
  return {.pod = attempt.connection.server, .beside = edge.loopback, .app = edge.app};
}

GroupIndex TrafficRuntime::group_of(const Server& server) const {
  if (server.beside) {
    if (const auto own = groups_beside_.find(beside_key(server.pod, server.app)); own != groups_beside_.end()) {
      return own->second;
    }
  }
  return groups_[server.pod];
}

CoreIndex TrafficRuntime::expected_core(CoreIndex core, PodIndex pod) const {
  return core == kNoCore ? cpus_.first_core(cpus_.node_of(groups_[pod])) : core;
}

void TrafficRuntime::on(AttemptIndex index, RequestUnderWay /*state*/, Arrived news, Time now) {
  Attempt& attempt = attempts_[index];
  if (pods_ != nullptr && swallows(index, news.message, now)) return;
  attempt.message = news.message;
  if (const auto* handshake = std::get_if<Handshake>(&step_of(attempt))) {
    serve_handshake(index, *handshake, now);
  } else if (servers_.arrive(server_of(attempt), index)) {
    serve(index, Duration::max(), now);
  } else {
    attempt.state = Queued{};
  }
}

void TrafficRuntime::on(AttemptIndex index, Queued /*state*/, WorkerFree /*news*/, Time now) {
  if (pods_ != nullptr && ends_with_its_server(index, now)) return;
  Attempt& attempt = attempts_[index];
  {
    const PlaceScope place(&attempt.split, {SpanPlace::Kind::Owner, attempt.connection.server});
    attempt.split.hold_until(Wait::Worker, now);
  }
  serve(index, Duration{}, now);  // the worker is running: nobody has to be woken
}

/// A SYN is dropped where the accept queue is full, and the client's timer sends it again (net/ipv4/tcp_input.c,
/// tcp_conn_request). Departure: the kernel counts connections whose handshake is complete alone, and takes more SYNs
/// within a round trip, whose last ACK it drops then (tcp_ipv4.c, tcp_v4_syn_recv_sock): the client takes them for open,
/// and sends its request again from 200 ms on. Here a SYN that is taken has its place.
bool TrafficRuntime::takes_syn(std::uint64_t cookie, Time now) {
  Attempt& attempt = attempts_[static_cast<AttemptIndex>(cookie)];
  Connection& connection = attempt.connection;
  // Nobody waits any more: a socket that is closed in SYN_SENT sends no SYN; nothing else comes of this one.
  if (connection.unaccepted || connection.refuses || attempt.abandoned) return true;
  const Server server = server_of(attempt);
  connection.unaccepted = servers_.listen(server);
  if (!connection.unaccepted && !std::exchange(connection.turned_away, true)) {
    overflows_.met({.edge = attempt.request.edge,
                    .client = attempt.request.client,
                    .server = connection.server,
                    .places = servers_.app(server).accept_places,
                    .connections = 1,
                    .since = now});
  }
  return connection.unaccepted;
}

/// The connection leaves the accept queue that it is in.
void TrafficRuntime::accept(EdgeIndex edge, Connection& connection) {
  servers_.accept({.pod = connection.server, .beside = plan_.edges[edge].loopback, .app = plan_.edges[edge].app});
  connection.unaccepted = false;
}

/// The server's thread takes the message out of its socket.
TrafficRuntime::ThreadWork TrafficRuntime::receive(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  attempt.server_core = servers_.last_core(server_of(attempt)).value_or(kNoCore);
  const auto burst =
      network_.receiver_burst(attempt.message, expected_core(attempt.server_core, attempt.connection.server), now);
  network_.release(attempt.message);
  attempt.message = kNoMessage;
  attempt.wake_kind = burst.wake_kind;
  return {.cpu = burst.cpu, .wake = burst.wake};
}

void TrafficRuntime::serve(AttemptIndex index, Duration wake_allowed, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.connection.unaccepted) [[unlikely]]
    accept(attempt.request.edge, attempt.connection);
  observer_.taken_up(attempt.request, attempt.connection.server);
  ThreadWork before = receive(index, now);
  before.wake = std::min(before.wake, wake_allowed);
  if (const auto& layer = edge_of(attempt).records) {
    charge_records(attempts_[index], *layer, attempt.payload, group_of(server_of(attempt)), before);
  }
  work(index, 0, before, now);
}

void TrafficRuntime::serve_handshake(AttemptIndex index, const Handshake& step, Time now) {
  Attempt& attempt = attempts_[index];
  if (attempt.connection.unaccepted) [[unlikely]]
    accept(attempt.request.edge, attempt.connection);
  const std::uint64_t id = round_id(attempt);
  ThreadWork before = receive(index, now);
  if (step.server_work_seconds) {
    const Duration span = drawn_span(*step.server_work_seconds, streams_.get(kServerHandshakeWork, id));
    charge(attempt, kinds_.handshake, at_node(span, group_of(server_of(attempt))), before);
  }
  answer(index, draw_bytes(step.server_bytes, kServerHandshakeBytes, id), before, now);
}

/// The request goes on behind a step that has ended.
void TrafficRuntime::work_on(AttemptIndex index, std::uint32_t step, Time now) {
  const Server server = server_of(attempts_[index]);
  if (servers_.app(server).steps[step].at_most != 0) [[unlikely]]
    servers_.leave(server, step);
  work(index, step + 1, {}, now);
}

/// The application's steps from `step` on.
void TrafficRuntime::work(AttemptIndex index, std::uint32_t step, ThreadWork before, Time now) {
  Attempt& attempt = attempts_[index];
  const Server server = server_of(attempt);
  const AppSpec& app = servers_.app(server);
  for (; step < app.steps.size(); ++step) {
    const AppStep& todo = app.steps[step];
    if (todo.answers != AnswerRule::None) [[unlikely]] {
      const Turn turn = turn_at(index, todo.answers, now);
      if (turn == Turn::End) break;
      if (turn == Turn::PassOver) continue;
    }
    if (todo.at_most != 0 && !servers_.enter(server, step)) [[unlikely]] {
      attempt.outcome = Outcome::Error;
      attempt.failure = Failure::Refused;
      break;
    }
    if (todo.work_seconds) {
      const Duration span = drawn_span(
          *todo.work_seconds, streams_.get(keys_.step(servers_.app_index(server), step).work, work_id(attempt)));
      charge(attempt, kinds_.work, app.scales ? at_node(span, group_of(server)) : span, before);
    }
    if (todo.sleep_seconds || !todo.calls.empty()) {
      attempt.state = Working{step};
      submit(index, group_of(server), attempt.server_core, before, now);
      return;
    }
  }
  const QuestionIndex question = attempt.request.question;
  // A refusal or a failure is the question with a code.
  const bool in_vain = attempt.outcome == Outcome::Error;
  Bytes size = question != kNoQuestion ? in_vain ? plan_.questions[question].query : plan_.questions[question].reply
                                       : draw_bytes(std::get<Exchange>(step_of(attempt)).response_bytes, kResponseBytes,
                                                    attempt.request.sizes);
  attempt.payload = attempt.payload + size;
  observer_.answer_begun(attempt.request, size, {attempt.connection.chosen_at, attempt.connection.server});
  attempt.answer = size;
  if (const auto& layer = edge_of(attempt).records) {
    charge_records(attempt, *layer, size, group_of(server), before);
    size = layer->sealed(size);
  }
  answer(index, size, before, now);
}

void TrafficRuntime::answer(AttemptIndex index, Bytes size, ThreadWork before, Time now) {
  Attempt& attempt = attempts_[index];
  const Server server = server_of(attempt);
  const bool shakes = std::holds_alternative<Handshake>(step_of(attempt));
  const std::uint64_t noise = shakes ? round_id(attempt) : noise_id(attempt);
  const std::int32_t writes = shakes ? 1 : pieces_of(size, servers_.app(server).relay_bytes);
  attempt.swallowed = attempt.connection.too_large(size);
  attempt.message =
      network_.prepare(attempt.connection.flow, FlowPacket::Response, size, noise, &attempt.split, index, writes);
  before.cpu += network_.sender_burst(attempt.message, expected_core(attempt.server_core, server.pod), now);
  attempt.state = Answering{};
  submit(index, group_of(server), attempt.server_core, before, now);
}

void TrafficRuntime::on(AttemptIndex index, Working state, const BurstDone& news, Time now) {
  if (pods_ != nullptr && ends_with_its_server(index, now)) return;
  Attempt& attempt = attempts_[index];
  const Server server = server_of(attempt);
  attempt.server_core = news.report.core;
  servers_.ran_on(server, attempt.server_core);
  const AppStep& step = servers_.app(server).steps[state.step];
  if (step.sleep_seconds) {
    const Duration pause = drawn_span(
        *step.sleep_seconds, streams_.get(keys_.step(servers_.app_index(server), state.step).pause, work_id(attempt)));
    attempt.state = Sleeping{state.step};
    due_at(now + pause, pod_source(server.pod), index);
    return;
  }
  const std::size_t calls = step.weights.empty() ? step.calls.size() : 1;
  attempt.state = Calling{state.step, CallGroup(static_cast<std::uint32_t>(calls))};
  start_next_call(index, now);
}

void TrafficRuntime::on(AttemptIndex index, Sleeping state, Due /*news*/, Time now) {
  if (pods_ != nullptr && ends_with_its_server(index, now)) return;
  Attempt& attempt = attempts_[index];
  {
    const PlaceScope place(&attempt.split, {SpanPlace::Kind::Owner, attempt.connection.server});
    attempt.split.serve(kinds_.sleep, now - attempt.split.clock);
    attempt.split.clock = now;
  }
  work_on(index, state.step, now);
}

void TrafficRuntime::on(AttemptIndex index, const Calling& state, CallsEnded news, Time now) {
  if (pods_ != nullptr && ends_with_its_server(index, now)) return;
  if (news.failed) attempts_[index].outcome = Outcome::Error;
  work_on(index, state.step, now);
}

void TrafficRuntime::on(AttemptIndex index, Answering /*state*/, const BurstDone& news, Time now) {
  Attempt& attempt = attempts_[index];
  attempt.server_core = news.report.core;
  const bool by_worker = std::holds_alternative<Exchange>(step_of(attempt));
  attempt.swallowed |=
      pods_ != nullptr && (!pods_->answers(attempt.connection.server) || pods_->is_down(attempt.connection.chosen_at));
  attempt.state = ResponseUnderWay{};
  network_.launch(attempt.message, now);
  if (!by_worker) return;
  if (const std::optional<AttemptIndex> next = servers_.done(server_of(attempt))) tell(*next, WorkerFree{}, now);
}

}  // namespace knetsim
