// How an attempt at a request ends: answered, refused, lost on the way, or given up by its caller while the callee
// works on; and what becomes of its connection.

#include <algorithm>
#include <utility>

#include "models/workload/runtime.h"

namespace knetsim {
namespace {

constexpr Purpose kRetryPause("request.retry");

}  // namespace

void TrafficRuntime::hang_up(EdgeIndex edge, const Connection& connection, Time now) {
  if (connection.shared != Connection::kNotShared) {
    for (const FlowIndex stream : connections_.forget(connection.shared)) network_.close_stream(stream);
  }
  network_.close(connection.flow, connection.client_end);
  if (connection.unaccepted) [[unlikely]]
    servers_.accept({.pod = connection.server, .beside = plan_.edges[edge].loopback, .app = plan_.edges[edge].app});
  if (connection.borrowed) return;
  dialer_.hung_up(edge, connection.chosen_at, connection.server, now);
  if (connection.holds == 0) return;
  const bool reset = connection.refuses || (pods_ != nullptr && pods_->stopped(connection.server));
  dialer_.released(connection.holds,
                   reset                                      ? ConnectionEnd::ByReset
                   : connection.client_end == ClientEnd::Read ? ConnectionEnd::ByServer
                                                              : ConnectionEnd::ByClient,
                   now);
}

/// The attempt has done with its stream of a connection that others are on too. @param broken  So is the connection.
void TrafficRuntime::leave_stream(const Attempt& attempt, bool broken, Time now) {
  const EdgeIndex edge = attempt.request.edge;
  const Connections::StreamLeft left = connections_.leave_stream(attempt.connection, broken, now);
  if (left.closes && left.closes->flow != Connection::kNone) {
    hang_up(edge, *left.closes, now);
  } else if (left.closes) {
    connections_.forget(left.closes->shared);  // it never came to be
  }
  if (left.expires) {
    scheduler_.schedule(*left.expires, edge_source(edge), {handler_, kIdleExpiry, edge, attempt.connection.pool});
  }
}

/// The attempt has done with its connection, if it has one. @param reusable  Nothing is under way on it.
void TrafficRuntime::let_go(Attempt& attempt, bool reusable, Time now) {
  const Request& request = attempt.request;
  const ConnectionPolicy& policy = plan_.edges[request.edge].connections;
  const bool open = attempt.connection.flow != Connection::kNone;
  if (attempt.connection.shared != Connection::kNotShared) {
    // A request that is given up or answered with an error ends its stream alone, even where nobody answers any more.
    const bool answered = reusable || std::holds_alternative<Receiving>(attempt.state);
    leave_stream(attempt, !answered && attempt.failure != Failure::Call, now);
  } else if (open && reusable && policy.pooled() && !last_on_connection(attempt) && now < attempt.connection.ends) {
    if (const std::optional<Time> at = connections_.put_back(attempt.connection, now)) {
      scheduler_.schedule(*at, edge_source(request.edge),
                          {handler_, kIdleExpiry, request.edge, attempt.connection.pool});
    }
  } else {
    if (open) hang_up(request.edge, attempt.connection, now);
    connections_.gone(attempt.connection);
  }
  if (plan_.edges[request.edge].balancing && attempt.connection.server != kNoIndex) {
    balancer_.ended(request.edge, request.client, attempt.connection.server);
  }
  serve_the_line(attempt.connection.pool, now);  // before anybody else can take what is free
}

void TrafficRuntime::serve_the_line(PoolIndex pool, Time now) {
  const auto waits = [&](AttemptIndex index, std::uint64_t serial) { return still_there(index, serial); };
  while (const std::optional<AttemptIndex> next = connections_.next_in_line(pool, waits)) {
    tell(*next, ConnectionFree{}, now);
  }
}

void TrafficRuntime::ended(AttemptIndex index, Outcome outcome, Time now) {
  Attempt& attempt = attempts_[index];
  let_go(attempt, outcome == Outcome::Ok, now);
  if (!attempt.abandoned) {
    report_up(attempt, outcome, now);
  } else if (outcome == Outcome::Ok && answers_late(attempt)) {
    answered_late(attempt, now);
  }
  leave(index, unqueued(attempt, now), now);
  free(index);
}

/// It leaves the system. @param unqueued  Of its time, what it did not spend in a queue.
void TrafficRuntime::leave(AttemptIndex index, Duration unqueued, Time now) {
  attempts_[index].serial = 0;
  observer_.attempt_ended(attempts_[index].request, unqueued, now);
}

Duration TrafficRuntime::unqueued(const Attempt& attempt, Time now) {
  // of attempts before this one
  Duration queued = -(attempt.request.before.worker + attempt.request.before.connection);
  for (const Wait cause : {Wait::RunQueue, Wait::Preempted, Wait::Throttled, Wait::Worker, Wait::Connection,
                           Wait::Softirq, Wait::LinkQueue, Wait::Recovery}) {
    queued += Duration(attempt.split.wait[static_cast<std::size_t>(cause)]);
  }
  return std::max(Duration::zero(), now - attempt.begun - queued);
}

/// What the request's source, or the attempt that called, is told.
void TrafficRuntime::report_up(const Attempt& attempt, Outcome outcome, Time now) {
  const Request& request = attempt.request;
  KNETSIM_ENSURE(attempt.split.clock == now);
  observer_.request_ended(request, {outcome, attempt.failure, attempt.payload, attempt.split}, now);
  if (!request.of_source()) {
    if (AskingNames* const asking = asking_of(attempt)) note_answer(*asking, attempt, outcome);
    call_ended(request.caller, attempt.split, outcome != Outcome::Ok, now);
    return;
  }
  KNETSIM_ENSURE(attempt.split.total() == now - request.begun);
  if (attempt.split.trace != nullptr) {
    spans_.ended(request.source, *attempt.split.trace, request.begun, now - request.begun);
  }
  if (std::holds_alternative<ClosedLoop>(plan_.sources[request.source].arrivals)) {
    const Time at = now + arrivals_.pause(request.source, request.id);
    if (at < until_) {
      scheduler_.schedule(at, first_source_ + request.source, {handler_, kThought, request.source, request.user});
    }
  }
}

/// The attempt lives on without its caller: the callee does not know, and its work is real. @return  A new one in its
/// place, that has the request and the time that it has taken.
AttemptIndex TrafficRuntime::leave_behind(AttemptIndex index, Time now) {
  Attempt& old = attempts_[index];
  leaves_thread(index, now);
  old.abandoned = true;
  const AttemptIndex heir = attempts_.take();
  Attempt& next = attempts_[heir];
  next.request = old.request;
  ++next.request.attempt;
  // Of the attempt that comes to nothing, the queue that it stands in is known; what else it was in, queues that it had
  // left among them, is spread over bookings that may lie ahead of now.
  const bool for_worker = std::holds_alternative<Queued>(old.state);
  const bool for_connection = std::holds_alternative<AwaitingConnection>(old.state);
  const Duration in_queue = for_worker || for_connection ? now - old.split.clock : Duration{};
  Request::Before& before = next.request.before;
  (for_connection ? before.connection : before.worker) += in_queue;
  before.given_up += now - old.begun - in_queue;
  next.split.trace = spans_.part_of(old.split.trace);
  next.split.hold(Wait::Worker, before.worker);
  next.split.hold(Wait::Connection, before.connection);
  next.split.hold(Wait::GivenUp, before.given_up);
  next.split.clock = now;
  return heir;
}

void TrafficRuntime::timed_out(AttemptIndex index, Time now) {
  const bool once_more = may_retry(attempts_[index].request, now);
  if (connecting_since(attempts_[index].state)) observer_.connect_failed(attempts_[index].request);
  const AttemptIndex heir = leave_behind(index, now);
  const AttemptState& old = attempts_[index].state;
  if (std::holds_alternative<AwaitingConnection>(old) || std::holds_alternative<Unanswered>(old)) discard(index, now);
  if (once_more) {
    again(heir, now);
    return;
  }
  report_up(attempts_[heir], Outcome::Timeout, now);
  free(heir);
}

/// The next attempt of a request begins, after the pause that its policy has.
void TrafficRuntime::again(AttemptIndex heir, Time now) {
  Attempt& next = attempts_[heir];
  const Duration pause = pause_before(next.request.attempt, plan_.edges[next.request.edge].retries.backoff,
                                      streams_.get(kRetryPause, hash_combine(next.request.id, next.request.attempt)));
  if (pause == Duration{}) {
    retry(heir, now);
    return;
  }
  next.serial = ++serial_;  // in no attempt, and unfinished
  slots_ = std::max(slots_, heir + 1);
  due_at(now + pause, edge_source(next.request.edge), heir);
}

/// An attempt has failed, and another takes its place where the policy has one. @return  Whether one does.
bool TrafficRuntime::repeats_failed(AttemptIndex index, Time now) {
  const Attempt& failed = attempts_[index];
  if (failed.abandoned || !edge_of(failed).retries.failures || !may_retry(failed.request, now)) return false;
  const AttemptIndex heir = leave_behind(index, now);
  discard(index, now);
  again(heir, now);
  return true;
}

bool TrafficRuntime::may_retry(const Request& request, Time now) {
  const RetryPolicy& policy = plan_.edges[request.edge].retries;
  return request.attempt < policy.attempts &&
         (!policy.budget || budgets_.take(client_key(request.edge, request.client), *policy.budget, now));
}

/// The next attempt, at once or after a pause, which belongs to the time of those that came to nothing.
void TrafficRuntime::retry(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  attempt.request.before.given_up += now - attempt.split.clock;
  attempt.split.hold_until(Wait::GivenUp, now);
  begin_attempt(index, now);
}

void TrafficRuntime::on(AttemptIndex index, Pausing /*state*/, Due /*news*/, Time now) { retry(index, now); }

std::uint64_t TrafficRuntime::work_id(const Attempt& attempt) const {
  const Request& request = attempt.request;
  const bool of_request = request.attempt == 0 || plan_.edges[request.edge].retries.same_work;
  return of_request ? request.id : noise_id(attempt);
}

void TrafficRuntime::on(AttemptIndex index, Refused /*state*/, Due /*news*/, Time now) { refused(index, now); }
void TrafficRuntime::on(AttemptIndex index, const Unanswered& /*state*/, Due /*news*/, Time now) {
  refused(index, now);
}

void TrafficRuntime::refused(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  if (!attempt.abandoned && connecting_since(attempt.state)) observer_.connect_failed(attempt.request);
  if (repeats_failed(index, now)) return;
  failed_unsent(index, now);
}

/// It ends before it has sent anything to its server.
void TrafficRuntime::failed_unsent(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  let_go(attempt, false, now);
  leaves_thread(index, now);
  leave(index, unqueued(attempt, now), now);
  if (!attempt.abandoned) {
    attempt.split.hold_until(Wait::Recovery, now);
    report_up(attempt, Outcome::Error, now);
  }
  free(index);
}

void TrafficRuntime::discard(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  if (std::holds_alternative<AwaitingConnection>(attempt.state)) attempt.split.hold_until(Wait::Connection, now);
  let_go(attempt, false, now);
  leave(index, unqueued(attempt, now), now);
  free(index);
}

void TrafficRuntime::free(AttemptIndex index) {
  spans_.release(attempts_[index].split.trace);
  attempts_.release(index);
}

void TrafficRuntime::on(AttemptIndex index, SynSent /*state*/, Lost /*news*/, Time now) { lost(index, now); }
void TrafficRuntime::on(AttemptIndex index, RequestUnderWay /*state*/, Lost /*news*/, Time now) { lost(index, now); }
void TrafficRuntime::on(AttemptIndex index, ResponseUnderWay /*state*/, Lost /*news*/, Time now) { lost(index, now); }

void TrafficRuntime::lost(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  if (edge_of(attempt).udp && !attempt.abandoned) {
    attempt.state = Unanswered{};  // nobody tells a UDP client: its timeout does
    return;
  }
  if (attempt.failure != Failure::Reset) attempt.failure = Failure::Unreachable;
  attempt.split.hold_until(Wait::Recovery, now);
  if (connecting_since(attempt.state) && !attempt.abandoned) observer_.connect_failed(attempt.request);
  if (repeats_failed(index, now)) return;
  ended(index, attempt.abandoned ? Outcome::Timeout : Outcome::Error, now);
}

/// Its server's process has ended, and its kernel has closed the connection: the caller is told at once. Nobody tells one
/// who has sent a datagram (TrafficRuntime::ends_with_its_server()).
void TrafficRuntime::reset(AttemptIndex index, Time now) {
  const Request& request = attempts_[index].request;
  if (plan_.edges[request.edge].udp) return;
  const bool once_more = plan_.edges[request.edge].retries.failures && may_retry(request, now);
  const AttemptIndex heir = leave_behind(index, now);
  if (once_more) {
    again(heir, now);
    return;
  }
  attempts_[heir].failure = Failure::Reset;
  report_up(attempts_[heir], Outcome::Error, now);
  free(heir);
}

/// A message that comes to a machine which is off the network is gone, or one that would pass by it; a process that has ended
/// answers with a reset. So does whoever a node takes it to that knows nothing of the connection, because a router has
/// sent it to another than before: conntrack takes up what is no SYN (net/netfilter/nf_conntrack_proto_tcp.c,
/// nf_conntrack_tcp_loose), and an endpoint has no socket for it. @return  Whether that is so.
bool TrafficRuntime::swallows(AttemptIndex index, MessageIndex message, Time now) {
  const Connection& connection = attempts_[index].connection;
  const PodIndex server = connection.server;
  const HostId comes_to =
      connection.path == 0 ? connection.chosen_at : dialer_.leads_to(attempts_[index].request.edge, connection.path);
  const bool passes = comes_to != kNoIndex && !pods_->is_down(comes_to);
  const bool diverted = passes && comes_to != connection.chosen_at;
  if (passes && !diverted && pods_->answers(server)) return false;
  network_.release(message);
  attempts_[index].message = kNoMessage;
  if (diverted || (passes && pods_->reachable(server)) || attempts_[index].abandoned) {
    attempts_[index].failure = Failure::Reset;
    lost(index, now);
  } else {
    attempts_[index].state = Unanswered{};
  }
  return true;
}

/// What a process that has ended was at ends with it: its caller knows already, or waits for an answer to its datagram as
/// long as it would have. @return  Whether that is so.
bool TrafficRuntime::ends_with_its_server(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  if (!pods_->stopped(attempt.connection.server)) return false;
  if (!attempt.abandoned && !edge_of(attempt).udp) return false;
  const Server server = server_of(attempt);
  // Its worker goes through those that wait, however many they are.
  for (std::optional<AttemptIndex> next = index; next; next = servers_.done(server)) {
    Attempt& one = attempts_[*next];
    KNETSIM_ENSURE(one.abandoned || edge_of(one).udp);
    if (std::holds_alternative<Queued>(one.state)) {
      network_.release(one.message);
      one.message = kNoMessage;
    }
    if (one.abandoned) {
      discard(*next, now);
    } else {
      one.state = Unanswered{};
    }
  }
  return true;
}

void TrafficRuntime::on_cluster_event(const ClusterEvent& event, Time now) {
  find_clients();
  if (event.kind != ClusterEvent::Kind::Stopped) return;
  for (const Connection& idle : connections_.drop(event.pod)) {
    hang_up(connections_.edge_of(idle), idle, now);
    serve_the_line(idle.pool, now);
  }
  const AttemptIndex slots = slots_;
  for (AttemptIndex index = 0; index < slots; ++index) {
    const Attempt& attempt = attempts_[index];
    if (attempt.serial == 0 || attempt.abandoned || attempt.connection.server != event.pod) continue;
    if (at_server(attempt.state)) reset(index, now);
  }
}

}  // namespace knetsim
