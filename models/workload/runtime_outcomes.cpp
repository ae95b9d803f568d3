// How an attempt at a request ends: answered, refused, lost on the way, or given up by its caller while the callee
// works on; what is reported of it, and the account at the end of the run.

#include <algorithm>
#include <utility>

#include "models/workload/runtime.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kRetryPause("request.retry");

}  // namespace

void TrafficRuntime::put_back(Rpc& rpc, bool reusable, Time now) {
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const bool more = edge.requests_per_connection == 0 || rpc.connection.requests_left > 0;
  if (reusable && more && edge.requests_per_connection != 1) {
    idle_connections_[connection_pool(rpc.edge, rpc.client)].push_back(rpc.connection);
    return;
  }
  network_.close(rpc.connection.flow, rpc.read_end ? ClientEnd::Read : ClientEnd::Booked);
  dialer_.hung_up(rpc.edge, rpc.connection.chosen_at, rpc.connection.server, now);
}

void TrafficRuntime::ended(std::uint32_t index, Outcome outcome, Time now) {
  Rpc& rpc = rpcs_[index];
  put_back(rpc, outcome == Outcome::Ok, now);
  if (!rpc.abandoned) {
    report_up(index, outcome, now);
  }
  leave(rpc, unqueued(rpc, now), now);
  free_rpc(index);
}

void TrafficRuntime::leave(Rpc& rpc, Duration unqueued, Time now) {
  rpc.live = false;
  backlogs_[rpc.edge].ended(now, unqueued);
}

Duration TrafficRuntime::unqueued(const Rpc& rpc, Time now) {
  Duration queued = -rpc.worker_before;  // of attempts before this one
  for (const Wait cause : {Wait::RunQueue, Wait::Preempted, Wait::Throttled, Wait::Worker, Wait::Softirq,
                           Wait::LinkQueue, Wait::Recovery}) {
    queued += Duration(rpc.split.wait[static_cast<std::size_t>(cause)]);
  }
  return std::max(Duration::zero(), now - rpc.attempt_begun - queued);
}

void TrafficRuntime::count_end(const Rpc& rpc, Outcome outcome, Time now) {
  EdgeStats& stats = edge_stats_[rpc.edge];
  if (measured(now)) {
    Throughput& all = stats.in_window;
    ++(outcome == Outcome::Ok ? all.ok : outcome == Outcome::Error ? all.errors : all.timeouts);
    all.bytes += outcome == Outcome::Ok ? static_cast<std::uint64_t>(rpc.payload.count()) : 0;
    part(rpc.edge, now).ended_well += outcome == Outcome::Ok ? 1U : 0U;
  }
  if (measured(rpc.begun)) {
    ++(outcome == Outcome::Ok ? stats.ok : outcome == Outcome::Error ? stats.errors : stats.timeouts);
    if (outcome == Outcome::Ok) {
      const std::int64_t ns = (now - rpc.begun).count() / 1000;
      stats.latency_ns.record(ns);
      part(rpc.edge, rpc.begun).latency.add(ns);
    }
    if (--followed_ == 0 && window_closed_) {
      scheduler_.stop();
    }
  }
}

void TrafficRuntime::report_up(std::uint32_t index, Outcome outcome, Time now) {
  Rpc& rpc = rpcs_[index];
  ++completed_;
  KNETSIM_ENSURE(rpc.split.clock == now);
  count_end(rpc, outcome, now);
  if (rpc.source != kNone) {
    KNETSIM_ENSURE(rpc.split.total() == now - rpc.begun);
    recorders_[rpc.source].ended(rpc.begun, now, outcome, rpc.split);
    if (rpc.split.trace != nullptr) {
      spans_.ended(rpc.source, *rpc.split.trace, rpc.begun, now - rpc.begun);
    }
    if (std::holds_alternative<ClosedLoop>(plan_.sources[rpc.source].arrivals)) {
      const Duration think = arrivals_.pause(rpc.source, rpc.id);
      if (now + think < options_.end + options_.drain) {
        scheduler_.schedule(now + think, first_source_ + rpc.source, {handler_, kThought, rpc.source, rpc.user});
      }
    }
  } else {
    call_ended(rpc.parent, rpc.split, outcome != Outcome::Ok, now);
  }
}

void TrafficRuntime::timed_out(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const bool again = may_retry(rpc, now);
  rpc.abandoned = true;
  edge_stats_[rpc.edge].connects_failed += rpc.connecting && measured(rpc.begun) ? 1U : 0U;
  const bool next_waits = std::exchange(rpc.sends_first, false);
  if (next_waits) {
    start_next_call(rpc.parent, now);
  }
  // The attempt lives on without its caller: the callee does not know, and its work is real. A new one takes its place.
  const std::uint32_t heir = rpcs_.take();
  Rpc& next = rpcs_[heir];
  const Rpc& old = rpcs_[index];
  next.edge = old.edge;
  next.source = old.source;
  next.parent = old.parent;
  next.user = old.user;
  next.id = old.id;
  next.begun = old.begun;
  next.client = old.client;
  next.client_group = old.client_group;
  next.client_core = old.client_core;
  next.attempt = old.attempt + 1;
  // Of the attempt that comes to nothing, its wait for a worker is known; what else it was in is spread over bookings
  // that may lie ahead of now.
  const Duration in_queue = old.queued ? now - old.split.clock : Duration{};
  next.worker_before = old.worker_before + in_queue;
  next.given_up_before = old.given_up_before + (now - old.attempt_begun - in_queue);
  next.split.trace = spans_.part_of(old.split.trace);
  next.split.hold(Wait::Worker, next.worker_before);
  next.split.hold(Wait::GivenUp, next.given_up_before);
  next.split.clock = now;
  if (old.lost) {
    discard(index, now);
  }
  if (again) {
    const Duration pause = pause_before(next.attempt, plan_.edges[next.edge].retries.backoff,
                                        streams_.get(kRetryPause, hash_combine(next.id, next.attempt)));
    if (pause == Duration{}) {
      retry(heir, now);
      return;
    }
    next.live = true;  // in no attempt, and unfinished
    next.serial = ++serial_;
    rpc_slots_ = std::max(rpc_slots_, heir + 1);
    scheduler_.schedule(now + pause, edge_source(next.edge), {handler_, kRetry, heir, next.serial});
    return;
  }
  report_up(heir, Outcome::Timeout, now);
  free_rpc(heir);
}

bool TrafficRuntime::may_retry(const Rpc& rpc, Time now) {
  const RetryPolicy& policy = plan_.edges[rpc.edge].retries;
  return rpc.attempt < policy.attempts &&
         (!policy.budget || budgets_.take(connection_pool(rpc.edge, rpc.client), *policy.budget, now));
}

void TrafficRuntime::count_asked(const Rpc& rpc, Time now) {
  if (const auto& budget = plan_.edges[rpc.edge].retries.budget) {
    budgets_.asked(connection_pool(rpc.edge, rpc.client), *budget, now);
  }
}

/// The next attempt, at once or after a pause, which belongs to the time of those that came to nothing.
void TrafficRuntime::retry(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  rpc.given_up_before += now - rpc.split.clock;
  rpc.split.hold_until(Wait::GivenUp, now);
  if (measured(rpc.begun)) {
    ++edge_stats_[rpc.edge].retried;
  }
  begin_attempt(index, now);
}

std::uint64_t TrafficRuntime::work_id(const Rpc& rpc) const {
  const bool of_request = rpc.attempt == 0 || plan_.edges[rpc.edge].retries.same_work;
  return of_request ? rpc.id : hash_combine(rpc.id, rpc.attempt);
}

void TrafficRuntime::refused(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const bool next_waits = std::exchange(rpc.sends_first, false);
  leave(rpc, now - rpc.attempt_begun, now);
  if (next_waits) {
    start_next_call(rpc.parent, now);
  }
  if (!rpc.abandoned) {
    edge_stats_[rpc.edge].connects_failed += rpc.connecting && measured(rpc.begun) ? 1U : 0U;
    rpc.split.hold_until(Wait::Recovery, now);
    report_up(index, Outcome::Error, now);
  }
  free_rpc(index);
}

void TrafficRuntime::free_rpc(std::uint32_t index) {
  spans_.release(rpcs_[index].split.trace);
  rpcs_.release(index);
}

void TrafficRuntime::discard(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  if (rpc.connection.flow != kNone) {
    put_back(rpc, false, now);
  }
  leave(rpc, now - rpc.attempt_begun, now);
  free_rpc(index);
}

void TrafficRuntime::on_lost(Time now, std::uint64_t cookie) {
  const auto index = static_cast<std::uint32_t>(cookie);
  Rpc& rpc = rpcs_[index];
  rpc.in_network = false;
  if (plan_.edges[rpc.edge].udp && !rpc.abandoned) {
    // Nobody tells a UDP client: its timeout does.
    rpc.lost = true;
    return;
  }
  rpc.split.hold_until(Wait::Recovery, now);
  edge_stats_[rpc.edge].connects_failed += rpc.connecting && !rpc.abandoned && measured(rpc.begun) ? 1U : 0U;
  ended(index, rpc.abandoned ? Outcome::Timeout : Outcome::Error, now);
}

void TrafficRuntime::arm_timeout(EdgeIndex edge, Time now) {
  if (const std::optional<Time> next = deadlines_.next(edge)) {
    scheduler_.schedule(std::max(now, *next), edge_source(edge), {handler_, kTimeout, edge, 0});
  }
}

std::uint64_t TrafficRuntime::under_way() const {
  std::uint64_t count = 0;
  for (std::uint32_t index = 0; index < rpc_slots_; ++index) {
    if (rpcs_[index].live && rpcs_[index].in_network) {
      ++count;
    }
  }
  return count;
}

/// A request is overloaded where a call made for it is.
void TrafficRuntime::tell_callers_of_backlogs() {
  std::vector<EdgeIndex> growing;
  for (EdgeIndex edge = 0; edge < edge_stats_.size(); ++edge) {
    if (edge_stats_[edge].backlog_grows) growing.push_back(edge);
  }
  while (!growing.empty()) {
    const EdgeIndex edge = growing.back();
    growing.pop_back();
    for (const EdgeIndex caller : callers_[edge]) {
      if (!std::exchange(edge_stats_[caller].backlog_grows, true)) growing.push_back(caller);
    }
  }
}

std::uint64_t TrafficRuntime::close_window() {
  constexpr std::size_t kFew = 100'000;  // some 130 MB
  window_closed_ = true;
  most_live_ = std::max(kFew, 2 * rpcs_.live());
  for (Backlog& backlog : backlogs_) {
    backlog.advance(options_.end);
  }
  return followed_;
}

void TrafficRuntime::finish(Time now) {
  for (std::uint32_t index = 0; index < rpc_slots_; ++index) {
    const Rpc& rpc = rpcs_[index];
    if (!rpc.live || rpc.abandoned) {
      continue;
    }
    if (measured(rpc.begun)) {
      EdgeStats& stats = edge_stats_[rpc.edge];
      ++stats.unfinished;
      stats.unfinished_age_ns.record((now - rpc.begun).count() / 1000);
      if (rpc.connecting) {
        stats.connecting_age_ns.record((now - rpc.connecting_since).count() / 1000);
      }
    }
    if (rpc.source != kNone) {
      recorders_[rpc.source].still_there(rpc.begun);
    }
  }
  for (EdgeIndex edge = 0; edge < edge_stats_.size(); ++edge) {
    EdgeStats& stats = edge_stats_[edge];
    stats.in_flight_start = backlogs_[edge].at_begin();
    stats.in_flight_end = backlogs_[edge].at_end();
    stats.backlog_grows = backlogs_[edge].grows();
    KNETSIM_ENSURE(stats.asked == stats.ok + stats.errors + stats.timeouts + stats.unfinished);
  }
  tell_callers_of_backlogs();
  for (SourceRecorder& recorder : recorders_) {
    recorder.close_series(now);
    // Little's law on the sample path: the integral of the number in the system is the sum of the times in it.
    KNETSIM_ENSURE(recorder.area() == recorder.time_in_system());
  }
}

}  // namespace knetsim
