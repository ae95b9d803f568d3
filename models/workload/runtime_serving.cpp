// The called side of TrafficRuntime: a request waits for a worker, is worked on, makes calls of its own and is
// answered.

#include <algorithm>
#include <utility>

#include "models/workload/drawn.h"
#include "models/workload/runtime.h"

namespace knetsim {
namespace {

constexpr Purpose kResponseBytes("response.bytes");

Duration drawn_span(const Distribution& distribution, RngStream stream) {
  return knetsim::drawn_span(distribution.sample(stream));
}

}  // namespace

Server TrafficRuntime::server_of(const Rpc& rpc) const {
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  return {.pod = rpc.connection.server, .beside = edge.loopback, .app = edge.app};
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
  return core == kNone ? cpus_.first_core(cpus_.node_of(groups_[pod])) : core;
}

void TrafficRuntime::arrived(std::uint32_t index, Time now) {
  if (servers_.arrive(server_of(rpcs_[index]), index)) {
    serve(index, Duration::max(), now);
  } else {
    rpcs_[index].queued = true;
  }
}

void TrafficRuntime::worker_free(const Server& server, Time now) {
  if (const std::optional<std::uint32_t> next = servers_.done(server)) {
    {
      Rpc& rpc = rpcs_[*next];
      rpc.queued = false;
      const PlaceScope place(&rpc.split, {SpanPlace::Kind::Owner, server.pod});
      rpc.split.hold_until(Wait::Worker, now);
    }
    serve(*next, Duration{}, now);  // the worker is running: nobody has to be woken
  }
}

void TrafficRuntime::serve(std::uint32_t index, Duration wake_allowed, Time now) {
  Rpc& rpc = rpcs_[index];
  served_[rpc.connection.server] += measured(rpc.begun) ? 1U : 0U;
  rpc.server_core = servers_.last_core(server_of(rpc)).value_or(kNone);
  const auto burst = network_.receiver_burst(rpc.message, expected_core(rpc.server_core, rpc.connection.server), now);
  network_.release(rpc.message);
  rpc.message = kNone;
  rpc.wake_kind = burst.wake_kind;
  rpc.step = 0;
  work(index, burst.cpu, std::min(burst.wake, wake_allowed), now);
}

void TrafficRuntime::work(std::uint32_t index, Duration cpu, Duration wake, Time now) {
  Rpc& rpc = rpcs_[index];
  const PodIndex pod = rpc.connection.server;
  const AppSpec& app = servers_.app(server_of(rpc));
  for (; rpc.step < app.steps.size(); ++rpc.step) {
    const AppStep& step = app.steps[rpc.step];
    if (step.work_seconds) {
      const Duration span =
          drawn_span(*step.work_seconds,
                     streams_.get(keys_.step(servers_.app_index(server_of(rpc)), rpc.step).work, work_id(rpc)));
      const PlaceScope place(&rpc.split, {SpanPlace::Kind::Thread, 0});
      rpc.split.serve(kinds_.work, span);
      cpu += span;
    }
    if (step.sleep_seconds || !step.calls.empty()) {
      submit(index, Phase::Serve, group_of(server_of(rpc)), rpc.server_core, cpu, wake, now);
      return;
    }
  }
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const Bytes size = draw_bytes(edge.response_bytes, kResponseBytes, rpc.id);
  if (measured(rpc.begun)) {
    edge_stats_[rpc.edge].bytes_received += static_cast<std::uint64_t>(size.count());
  }
  rpc.payload = rpc.payload + size;
  rpc.message = network_.prepare(rpc.connection.flow, FlowPacket::Response, size, noise_id(rpc), &rpc.split, index);
  cpu += network_.sender_burst(rpc.message, expected_core(rpc.server_core, pod), now);
  submit(index, Phase::Respond, group_of(server_of(rpc)), rpc.server_core, cpu, wake, now);
}

void TrafficRuntime::worked(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  servers_.ran_on(server_of(rpc), rpc.server_core);
  const AppStep& step = servers_.app(server_of(rpc)).steps[rpc.step];
  if (step.sleep_seconds) {
    const Duration pause =
        drawn_span(*step.sleep_seconds,
                   streams_.get(keys_.step(servers_.app_index(server_of(rpc)), rpc.step).pause, work_id(rpc)));
    scheduler_.schedule(now + pause, pod_source(rpc.connection.server), {handler_, kSlept, index, 0});
    return;
  }
  start_calls(index, now);
}

void TrafficRuntime::start_calls(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const AppStep& step = servers_.app(server_of(rpc)).steps[rpc.step];
  rpc.calls_started = 0;
  rpc.calls_open = static_cast<std::uint32_t>(step.calls.size());
  start_next_call(index, now);
}

void TrafficRuntime::start_next_call(std::uint32_t parent, Time now) {
  Rpc& caller = rpcs_[parent];
  const AppStep& step = servers_.app(server_of(caller)).steps[caller.step];
  if (caller.calls_started == step.calls.size()) {
    return;
  }
  const std::uint32_t index = rpcs_.take();
  Rpc& rpc = rpcs_[index];
  rpc.parent = parent;
  rpc.edge = step.calls[caller.calls_started];
  rpc.id = hash_combine(work_id(caller), keys_.edge(rpc.edge));
  rpc.begun = now;
  rpc.client = caller.connection.server;
  rpc.client_group = group_of(server_of(caller));
  rpc.client_core = caller.server_core;
  rpc.sends_first = true;
  ++caller.calls_started;
  if (auto& callers = callers_[rpc.edge]; std::find(callers.begin(), callers.end(), caller.edge) == callers.end()) {
    callers.push_back(caller.edge);
  }
  // The worker's thread sends one call after the other; a later one has waited since the group began.
  rpc.split.trace = spans_.part_of(caller.split.trace);
  rpc.split.clock = caller.split.clock;
  rpc.worker_before = now - rpc.split.clock;
  rpc.split.hold_until(Wait::Worker, now);
  if (measured(now)) {
    ++edge_stats_[rpc.edge].asked;
    ++part(rpc.edge, now).asked;
    ++followed_;
  }
  count_asked(rpc, now);
  begin_attempt(index, now);
}

void TrafficRuntime::call_ended(std::uint32_t parent, const TimeSplit& split, bool failed, Time now) {
  Rpc& caller = rpcs_[parent];
  caller.failed = caller.failed || failed;
  if (--caller.calls_open > 0) {
    return;
  }
  caller.split += split;  // the last call to end is the one that the caller waited for
  if (SpanTrace* trace = caller.split.trace; trace != nullptr && split.trace != nullptr) {
    trace->visits.insert(trace->visits.end(), split.trace->visits.begin(), split.trace->visits.end());
  }
  caller.split.clock = now;
  ++caller.step;
  work(parent, Duration{}, Duration{}, now);
}

}  // namespace knetsim
