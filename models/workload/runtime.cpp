#include "models/workload/runtime.h"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kArrivals("traffic.arrivals");
constexpr Purpose kClientChoice("traffic.client");
constexpr Purpose kThink("traffic.think");
constexpr Purpose kRequestBytes("request.bytes");
constexpr Purpose kResponseBytes("response.bytes");
constexpr Purpose kServiceTime("app.work");
constexpr Purpose kSleepTime("app.sleep");

// From connect() to ECONNREFUSED where the client's own node refuses (REJECT, or no listener behind loopback): a few
// system calls and softirqs. An assumption.
constexpr Duration kRefusal = std::chrono::microseconds(20);

Duration drawn_span(const Distribution& distribution, RngStream stream) {
  return from_seconds(std::max(0.0, distribution.sample(stream)));
}

}  // namespace

TrafficRuntime::TrafficRuntime(Scheduler& scheduler, Cpus& cpus, Network& network, Dialer& dialer,
                               const TrafficPlan& plan, std::vector<GroupIndex> groups, RandomStreams streams,
                               RuntimeKinds kinds, const RuntimeOptions& options, std::uint32_t first_source)
    : scheduler_(scheduler),
      cpus_(cpus),
      network_(network),
      dialer_(dialer),
      plan_(plan),
      groups_(std::move(groups)),
      streams_(streams),
      kinds_(kinds),
      options_(options),
      handler_(scheduler.add(*this)),
      first_source_(first_source),
      pods_(plan.app_of_pod.size()),
      served_(plan.app_of_pod.size()),
      arrivals_(plan.sources.size()),
      deadlines_(plan.edges.size()),
      edge_stats_(plan.edges.size()),
      open_by_edge_(plan.edges.size()) {
  for (TrafficIndex source = 0; source < plan.sources.size(); ++source) {
    arrival_streams_.push_back(streams_.get(kArrivals.of(source), 0));
    recorders_.emplace_back(options.measure_from, options.end, options.series_points);
  }
  echo_.workers = kNone;
}

const AppSpec& TrafficRuntime::app_of(const Server& server) const {
  const AppIndex app = server.beside ? server.app : plan_.app_of_pod[server.pod];
  return app == kNoIndex ? echo_ : plan_.apps[app];
}

TrafficRuntime::Server TrafficRuntime::server_of(const Rpc& rpc) const {
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  return {.pod = rpc.connection.server, .beside = edge.loopback, .app = edge.app};
}

TrafficRuntime::PodState& TrafficRuntime::state_of(const Server& server) {
  if (!server.beside) return pods_[server.pod];
  return containers_[(std::uint64_t{server.app} << 32) | server.pod];
}

Bytes TrafficRuntime::draw_bytes(const Distribution& distribution, Purpose purpose, std::uint64_t id) const {
  RngStream stream = streams_.get(purpose, id);
  return Bytes(std::max<std::int64_t>(1, static_cast<std::int64_t>(distribution.sample(stream) + 0.5)));
}

void TrafficRuntime::start(Time now) {
  for (TrafficIndex source = 0; source < plan_.sources.size(); ++source) {
    if (const auto* loop = std::get_if<ClosedLoop>(&plan_.sources[source].arrivals)) {
      for (std::uint32_t user = 0; user < loop->users; ++user) {
        // Users start within one mean think time, so that they do not march in step.
        const Duration offset = drawn_span(loop->think_seconds, streams_.get(kThink.of(source), user));
        scheduler_.schedule(now + offset, first_source_ + source, {handler_, kThought, source, user});
      }
    } else {
      next_arrival(source, now);
    }
  }
}

void TrafficRuntime::next_arrival(TrafficIndex source, Time now) {
  const Arrivals& arrivals = plan_.sources[source].arrivals;
  Time at = now;
  if (const auto* poisson = std::get_if<PoissonArrivals>(&arrivals)) {
    at += from_seconds(Distribution::exponential(1.0 / poisson->per_second).sample(arrival_streams_[source]));
  } else if (const auto* constant = std::get_if<ConstantArrivals>(&arrivals)) {
    at += constant->interval;
  } else {
    const auto& list = std::get<ListedArrivals>(arrivals).at;
    if (arrivals_[source] >= list.size()) {
      return;
    }
    at = std::max(now, list[arrivals_[source]]);
  }
  if (at < options_.end) {
    scheduler_.schedule(at, first_source_ + source, {handler_, kArrival, source, 0});
  }
}

void TrafficRuntime::on_event(Time now, const Event& event) {
  if (!window_open_ && now >= options_.measure_from) {
    window_open_ = true;
    for (EdgeIndex edge = 0; edge < edge_stats_.size(); ++edge) {
      edge_stats_[edge].in_flight_start = open_by_edge_[edge];
    }
  }
  switch (event.kind) {
    case kArrival:
      begin_request(event.a, 0, now);
      next_arrival(event.a, now);
      return;
    case kThought:
      begin_request(event.a, static_cast<std::uint32_t>(event.b), now);
      return;
    case kTimeout: {
      auto& waiting = deadlines_[event.a];
      while (!waiting.empty() && waiting.front().at <= now) {
        const Deadline due = waiting.front();
        waiting.pop_front();
        const Rpc& rpc = rpcs_[due.rpc];
        if (rpc.live && rpc.serial == due.serial && !rpc.abandoned) {
          timed_out(due.rpc, now);
        }
      }
      while (!waiting.empty() &&
             (!rpcs_[waiting.front().rpc].live || rpcs_[waiting.front().rpc].serial != waiting.front().serial)) {
        waiting.pop_front();  // answered in time
      }
      arm_timeout(event.a, now);
      return;
    }
    case kSlept: {
      Rpc& rpc = rpcs_[event.a];
      rpc.split.serve(kinds_.sleep, now - rpc.split.clock);
      rpc.split.clock = now;
      ++rpc.step;
      work(event.a, Duration{}, Duration{}, now);
      return;
    }
    case kRefused:
      if (const Rpc& rpc = rpcs_[event.a]; rpc.live && rpc.serial == event.b) {
        refused(event.a, now);
      }
      return;
    default:
      KNETSIM_ENSURE(false);
  }
}

void TrafficRuntime::begin_request(TrafficIndex source, std::uint32_t user, Time now) {
  const TrafficSpec& spec = plan_.sources[source];
  const std::uint32_t index = rpcs_.take();
  Rpc& rpc = rpcs_[index];
  rpc.source = source;
  rpc.user = user;
  rpc.edge = spec.edge;
  rpc.id = hash_combine(mix64(source + std::uint64_t{1}), arrivals_[source]++);
  rpc.begun = now;
  rpc.split.clock = now;
  RngStream choice = streams_.get(kClientChoice, rpc.id);
  rpc.client = spec.clients[choice.below(spec.clients.size())];
  recorders_[source].begun(now);
  if (measured(now)) {
    ++edge_stats_[rpc.edge].asked;
  }
  begin_attempt(index, now);
}

void TrafficRuntime::begin_attempt(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  rpc.live = true;
  rpc.serial = ++serial_;
  rpc.attempt_begun = now;
  ++open_by_edge_[rpc.edge];
  rpc_slots_ = std::max(rpc_slots_, index + 1);
  auto& waiting = deadlines_[rpc.edge];
  waiting.push_back({now + edge.timeout, index, rpc.serial});
  if (waiting.size() == 1) {
    arm_timeout(rpc.edge, now);
  }
  const GroupIndex group = groups_[rpc.client];
  const HostId node = cpus_.node_of(group);
  if (rpc.client_core == kNone) {  // a client thread runs anywhere; an application's worker says where
    rpc.client_core = cpus_.first_core(node) +
                      static_cast<CoreIndex>(streams_.get(kClientChoice, mix64(rpc.id)).below(cpus_.core_count(node)));
  }
  if (edge.requests_per_connection != 1) {
    auto& idle = idle_connections_[(std::uint64_t{rpc.edge} << 32) | rpc.client];
    if (!idle.empty()) {
      rpc.connection = idle.back();
      idle.pop_back();
      send_request(index, Duration{}, Duration{}, now);
      return;
    }
  }
  const std::uint64_t connection_id = hash_combine(rpc.id, rpc.attempt);
  const Dial dial = dialer_.dial(rpc.edge, rpc.client, connection_id, now);
  if (dial.server == kNoIndex && dial.dropped) {
    rpc.lost = true;  // the client sends SYNs into the void until it gives up
    if (std::exchange(rpc.sends_first, false)) {
      start_next_call(rpc.parent, now);  // the caller's thread is free: connect() of concurrent calls does not block it
    }
    return;
  }
  if (dial.server == kNoIndex) {
    scheduler_.schedule(now + kRefusal, edge_source(rpc.edge), {handler_, kRefused, index, rpc.serial});
    return;
  }
  rpc.connection = {.flow = network_.open(dial.flow, now),
                    .server = dial.server,
                    .chosen_at = dial.chosen_at,
                    .requests_left = edge.requests_per_connection};
  if (measured(rpc.begun)) {
    ++edge_stats_[rpc.edge].connections;
    edge_stats_[rpc.edge].rules_evaluated += static_cast<double>(dial.rules);
  }
  if (edge.udp) {
    send_request(index, Duration{}, Duration{}, now);
    return;
  }
  rpc.connecting = true;
  rpc.connecting_since = now;
  rpc.message = network_.prepare(rpc.connection.flow, FlowPacket::First, Bytes{}, connection_id, &rpc.split, index);
  const Duration cpu = network_.sender_burst(rpc.message, rpc.client_core, now);
  submit(index, Phase::Connect, rpc.client, rpc.client_core, cpu, Duration{}, now);
}

void TrafficRuntime::submit(std::uint32_t index, Phase phase, PodIndex pod, CoreIndex core, Duration cpu, Duration wake,
                            Time now) {
  cpus_.submit(now,
               {.group = groups_[pod], .cpu = cpu, .wake = wake, .cookie = cookie(index, phase), .last_core = core});
}

void TrafficRuntime::send_request(std::uint32_t index, Duration before, Duration wake, Time now) {
  Rpc& rpc = rpcs_[index];
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const std::uint64_t noise = hash_combine(rpc.id, rpc.attempt);
  const bool first_of_udp = edge.udp && !std::exchange(rpc.connection.used, true);
  const Bytes size = draw_bytes(edge.request_bytes, kRequestBytes.of(rpc.edge), rpc.id);
  if (measured(rpc.begun)) {
    edge_stats_[rpc.edge].bytes_sent += static_cast<std::uint64_t>(size.count());
  }
  rpc.message = network_.prepare(rpc.connection.flow, first_of_udp ? FlowPacket::First : FlowPacket::Request, size,
                                 noise, &rpc.split, index);
  rpc.send_cpu = network_.sender_burst(rpc.message, rpc.client_core, now);
  if (rpc.connection.requests_left > 0) {
    --rpc.connection.requests_left;
  }
  submit(index, Phase::Send, rpc.client, rpc.client_core, before + rpc.send_cpu, wake, now);
}

void TrafficRuntime::on_message(Time now, MessageIndex message) {
  const auto index = static_cast<std::uint32_t>(network_.cookie_of(message));
  Rpc& rpc = rpcs_[index];
  switch (network_.packet_of(message)) {
    case FlowPacket::SynAck: {
      if (rpc.abandoned) {
        network_.release(message);
        ended(index, Outcome::Timeout, now);
        return;
      }
      const auto burst = network_.receiver_burst(message, rpc.client_core, now);
      rpc.wake_kind = burst.wake_kind;
      network_.release(message);
      send_request(index, burst.cpu, burst.wake, now);
      return;
    }
    case FlowPacket::First:
    case FlowPacket::Request:
      rpc.message = message;
      arrived(index, now);
      return;
    case FlowPacket::Response: {
      const auto burst = network_.receiver_burst(message, rpc.client_core, now);
      rpc.wake_kind = burst.wake_kind;
      network_.release(message);
      if (rpc.abandoned) {
        ended(index, Outcome::Timeout, now);
        return;
      }
      submit(index, Phase::Receive, rpc.client, rpc.client_core, burst.cpu, burst.wake, now);
      return;
    }
    case FlowPacket::kCount:
      break;
  }
  KNETSIM_ENSURE(false);
}

void TrafficRuntime::on_burst_done(Time now, const BurstReport& report) {
  if (report.cookie == kNobody) {
    return;
  }
  const auto index = static_cast<std::uint32_t>(report.cookie >> 8);
  const auto phase = static_cast<Phase>(report.cookie & 0xff);
  Rpc& rpc = rpcs_[index];
  rpc.split.hold(Wait::RunQueue, report.waited);
  rpc.split.hold(Wait::Throttled, report.throttled);
  rpc.split.hold(Wait::Preempted, report.stolen);
  rpc.split.serve(rpc.wake_kind, report.woke);
  rpc.split.clock = now;
  switch (phase) {
    case Phase::Connect:
    case Phase::Send:
      rpc.client_core = report.core;
      if (phase == Phase::Send && std::exchange(rpc.connecting, false) && measured(rpc.begun)) {
        edge_stats_[rpc.edge].connect_ns.record((now - rpc.send_cpu - rpc.connecting_since).count() / 1000);
      }
      network_.launch(rpc.message, now);
      if (Rpc& sent = rpcs_[index]; sent.live && sent.sends_first) {
        sent.sends_first = false;
        start_next_call(sent.parent, now);
      }
      return;
    case Phase::Serve:
      rpc.server_core = report.core;
      worked(index, now);
      return;
    case Phase::Respond: {
      rpc.server_core = report.core;
      const Server server = server_of(rpc);
      network_.launch(rpc.message, now);
      worker_free(server, now);
      return;
    }
    case Phase::Receive:
      ended(index, rpc.failed ? Outcome::Error : Outcome::Ok, now);
      return;
  }
}

void TrafficRuntime::arrived(std::uint32_t index, Time now) {
  const Server server = server_of(rpcs_[index]);
  PodState& state = state_of(server);
  if (state.busy < app_of(server).workers) {
    ++state.busy;
    serve(index, Duration::max(), now);
  } else {
    state.queue.push_back(index);
  }
}

void TrafficRuntime::worker_free(const Server& server, Time now) {
  PodState& state = state_of(server);
  if (state.queue.empty()) {
    --state.busy;
    return;
  }
  const std::uint32_t next = state.queue.front();
  state.queue.pop_front();
  rpcs_[next].split.hold_until(Wait::Worker, now);
  serve(next, Duration{}, now);  // the worker is running: nobody has to be woken
}

void TrafficRuntime::serve(std::uint32_t index, Duration wake_allowed, Time now) {
  Rpc& rpc = rpcs_[index];
  PodState& state = state_of(server_of(rpc));
  ++served_[rpc.connection.server];
  rpc.server_core = state.last_core;
  const CoreIndex core =
      state.last_core == kNone ? cpus_.first_core(cpus_.node_of(groups_[rpc.connection.server])) : state.last_core;
  const auto burst = network_.receiver_burst(rpc.message, core, now);
  network_.release(rpc.message);
  rpc.message = kNone;
  rpc.wake_kind = burst.wake_kind;
  rpc.step = 0;
  work(index, burst.cpu, std::min(burst.wake, wake_allowed), now);
}

void TrafficRuntime::work(std::uint32_t index, Duration cpu, Duration wake, Time now) {
  Rpc& rpc = rpcs_[index];
  const PodIndex pod = rpc.connection.server;
  const AppSpec& app = app_of(server_of(rpc));
  for (; rpc.step < app.steps.size(); ++rpc.step) {
    const AppStep& step = app.steps[rpc.step];
    if (step.work_seconds) {
      const Duration span = drawn_span(*step.work_seconds, streams_.get(kServiceTime.of(rpc.step), rpc.id));
      rpc.split.serve(kinds_.work, span);
      cpu += span;
    }
    if (step.sleep_seconds || !step.calls.empty()) {
      submit(index, Phase::Serve, pod, rpc.server_core, cpu, wake, now);
      return;
    }
  }
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const Bytes size = draw_bytes(edge.response_bytes, kResponseBytes.of(rpc.edge), rpc.id);
  if (measured(rpc.begun)) {
    edge_stats_[rpc.edge].bytes_received += static_cast<std::uint64_t>(size.count());
  }
  rpc.message = network_.prepare(rpc.connection.flow, FlowPacket::Response, size, hash_combine(rpc.id, rpc.attempt),
                                 &rpc.split, index);
  const CoreIndex core = rpc.server_core == kNone ? cpus_.first_core(cpus_.node_of(groups_[pod])) : rpc.server_core;
  cpu += network_.sender_burst(rpc.message, core, now);
  submit(index, Phase::Respond, pod, rpc.server_core, cpu, wake, now);
}

void TrafficRuntime::worked(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  state_of(server_of(rpc)).last_core = rpc.server_core;
  const AppStep& step = app_of(server_of(rpc)).steps[rpc.step];
  if (step.sleep_seconds) {
    const Duration pause = drawn_span(*step.sleep_seconds, streams_.get(kSleepTime.of(rpc.step), rpc.id));
    scheduler_.schedule(now + pause, pod_source(rpc.connection.server), {handler_, kSlept, index, 0});
    return;
  }
  start_calls(index, now);
}

void TrafficRuntime::start_calls(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const AppStep& step = app_of(server_of(rpc)).steps[rpc.step];
  rpc.calls_started = 0;
  rpc.calls_open = static_cast<std::uint32_t>(step.calls.size());
  start_next_call(index, now);
}

void TrafficRuntime::start_next_call(std::uint32_t parent, Time now) {
  Rpc& caller = rpcs_[parent];
  const AppStep& step = app_of(server_of(caller)).steps[caller.step];
  if (caller.calls_started == step.calls.size()) {
    return;
  }
  const std::uint32_t index = rpcs_.take();
  Rpc& rpc = rpcs_[index];
  rpc.parent = parent;
  rpc.edge = step.calls[caller.calls_started];
  rpc.id = hash_combine(caller.id, (std::uint64_t{caller.step} << 32 | caller.calls_started) + 1);
  rpc.begun = now;
  rpc.client = caller.connection.server;
  rpc.client_core = caller.server_core;
  rpc.sends_first = true;
  ++caller.calls_started;
  // The worker's thread sends one call after the other; a later one has waited since the group began.
  rpc.split.clock = caller.split.clock;
  rpc.worker_before = now - rpc.split.clock;
  rpc.split.hold_until(Wait::Worker, now);
  if (measured(now)) {
    ++edge_stats_[rpc.edge].asked;
  }
  begin_attempt(index, now);
}

void TrafficRuntime::call_ended(std::uint32_t parent, const TimeSplit& split, bool failed, Time now) {
  Rpc& caller = rpcs_[parent];
  caller.failed = caller.failed || failed;
  if (--caller.calls_open > 0) {
    return;
  }
  caller.split += split;  // the last call to end is the one that the caller waited for
  caller.split.clock = now;
  ++caller.step;
  work(parent, Duration{}, Duration{}, now);
}

void TrafficRuntime::put_back(Rpc& rpc, bool reusable) {
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const bool more = edge.requests_per_connection == 0 || rpc.connection.requests_left > 0;
  if (reusable && more && edge.requests_per_connection != 1) {
    idle_connections_[(std::uint64_t{rpc.edge} << 32) | rpc.client].push_back(rpc.connection);
    return;
  }
  network_.close(rpc.connection.flow);
  dialer_.hung_up(rpc.edge, rpc.connection.chosen_at, rpc.connection.server);
}

void TrafficRuntime::ended(std::uint32_t index, Outcome outcome, Time now) {
  Rpc& rpc = rpcs_[index];
  put_back(rpc, outcome == Outcome::Ok);
  if (!rpc.abandoned) {
    report_up(index, outcome, now);
  }
  rpc.live = false;
  --open_by_edge_[rpc.edge];
  rpcs_.release(index);
}

void TrafficRuntime::report_up(std::uint32_t index, Outcome outcome, Time now) {
  Rpc& rpc = rpcs_[index];
  ++completed_;
  KNETSIM_ENSURE(rpc.split.clock == now);
  if (measured(rpc.begun)) {
    EdgeStats& stats = edge_stats_[rpc.edge];
    ++(outcome == Outcome::Ok ? stats.ok : outcome == Outcome::Error ? stats.errors : stats.timeouts);
    if (outcome != Outcome::Error) {
      stats.latency_ns.record((now - rpc.begun).count() / 1000);
    }
  }
  if (rpc.source != kNone) {
    KNETSIM_ENSURE(rpc.split.total() == now - rpc.begun);
    recorders_[rpc.source].ended(rpc.begun, now, outcome, rpc.split);
    if (const auto* loop = std::get_if<ClosedLoop>(&plan_.sources[rpc.source].arrivals)) {
      const Duration think = drawn_span(loop->think_seconds, streams_.get(kThink.of(rpc.source), mix64(rpc.id)));
      if (now + think < options_.end) {
        scheduler_.schedule(now + think, first_source_ + rpc.source, {handler_, kThought, rpc.source, rpc.user});
      }
    }
  } else {
    call_ended(rpc.parent, rpc.split, outcome != Outcome::Ok, now);
  }
}

void TrafficRuntime::timed_out(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const bool again = rpc.attempt < plan_.edges[rpc.edge].retries;
  rpc.abandoned = true;
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
  next.client_core = old.client_core;
  next.attempt = old.attempt + 1;
  next.worker_before = old.worker_before;
  next.recovery_before = old.recovery_before + (now - old.attempt_begun);
  next.split.hold(Wait::Worker, next.worker_before);
  next.split.hold(Wait::Recovery, next.recovery_before);
  next.split.clock = now;
  if (old.lost) {
    discard(index);
  }
  if (again) {
    if (measured(next.begun)) {
      ++edge_stats_[next.edge].retried;
    }
    begin_attempt(heir, now);
    return;
  }
  report_up(heir, Outcome::Timeout, now);
  rpcs_.release(heir);
}

void TrafficRuntime::refused(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const bool next_waits = std::exchange(rpc.sends_first, false);
  rpc.live = false;
  --open_by_edge_[rpc.edge];
  if (next_waits) {
    start_next_call(rpc.parent, now);
  }
  if (!rpc.abandoned) {
    rpc.split.hold_until(Wait::Recovery, now);
    report_up(index, Outcome::Error, now);
  }
  rpcs_.release(index);
}

void TrafficRuntime::discard(std::uint32_t index) {
  Rpc& rpc = rpcs_[index];
  if (rpc.connection.flow != kNone) {
    put_back(rpc, false);
  }
  rpc.live = false;
  --open_by_edge_[rpc.edge];
  rpcs_.release(index);
}

void TrafficRuntime::on_lost(Time now, std::uint64_t cookie) {
  const auto index = static_cast<std::uint32_t>(cookie);
  Rpc& rpc = rpcs_[index];
  if (plan_.edges[rpc.edge].udp && !rpc.abandoned) {
    // Nobody tells a UDP client: its timeout does.
    rpc.lost = true;
    return;
  }
  rpc.split.hold_until(Wait::Recovery, now);
  ended(index, rpc.abandoned ? Outcome::Timeout : Outcome::Error, now);
}

void TrafficRuntime::arm_timeout(EdgeIndex edge, Time now) {
  if (!deadlines_[edge].empty()) {
    scheduler_.schedule(std::max(now, deadlines_[edge].front().at), edge_source(edge), {handler_, kTimeout, edge, 0});
  }
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
      stats.latency_ns.record((now - rpc.begun).count() / 1000);
    }
    if (rpc.source != kNone) {
      recorders_[rpc.source].still_there(rpc.begun, now);
    }
  }
  for (EdgeIndex edge = 0; edge < edge_stats_.size(); ++edge) {
    EdgeStats& stats = edge_stats_[edge];
    stats.in_flight_end = open_by_edge_[edge];
    KNETSIM_ENSURE(stats.asked == stats.ok + stats.errors + stats.timeouts + stats.unfinished);
  }
  for (SourceRecorder& recorder : recorders_) {
    recorder.close_series(now);
    // Little's law on the sample path: the integral of the number in the system is the sum of the times in it.
    KNETSIM_ENSURE(recorder.area() == recorder.time_in_system());
  }
}

}  // namespace knetsim
