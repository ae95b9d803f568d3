#include "models/workload/runtime.h"

#include <algorithm>
#include <utility>

#include "models/workload/drawn.h"
#include "models/workload/overload.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

constexpr Purpose kClientChoice("traffic.client");
constexpr Purpose kRequestBytes("request.bytes");
constexpr Purpose kClientWork("client.work");

// From connect() to ECONNREFUSED where the client's own node refuses (REJECT, or no listener behind loopback): a few
// system calls and softirqs. An assumption.
constexpr Duration kRefusal = std::chrono::microseconds(20);

/// What a burst waited for, and its wake-up, came before its work.
void account(TimeSplit& split, const BurstReport& report, KindIndex wake_kind) {
  const std::size_t before = split.trace == nullptr ? 0 : split.trace->visits.size();
  {
    const PlaceScope place(&split, {SpanPlace::Kind::Thread, 0});
    split.hold(Wait::RunQueue, report.waited);
    split.hold(Wait::Throttled, report.throttled);
    split.hold(Wait::Preempted, report.stolen);
    split.serve(wake_kind, report.woke);
  }
  if (split.trace != nullptr) {
    split.trace->settle(report.core, split.trace->visits.size() - before);
  }
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
      servers_(plan),
      served_(plan.app_of_pod.size()),
      arrivals_(plan, streams),
      keys_(plan),
      deadlines_(plan.edges.size()),
      edge_stats_(plan.edges.size()),
      spans_(plan.sources.size(), options.spans),
      backlogs_(plan.edges.size(), Backlog(options.measure_from, options.end)),
      callers_(plan.edges.size()) {
  for (TrafficIndex source = 0; source < plan.sources.size(); ++source) {
    recorders_.emplace_back(options.measure_from, options.end, options.series_points);
  }
}

Bytes TrafficRuntime::draw_bytes(const Distribution& distribution, Purpose purpose, std::uint64_t id) const {
  RngStream stream = streams_.get(purpose, id);
  return drawn_size(distribution.sample(stream));
}

void TrafficRuntime::start(Time now) {
  for (TrafficIndex source = 0; source < plan_.sources.size(); ++source) {
    if (const auto* loop = std::get_if<ClosedLoop>(&plan_.sources[source].arrivals)) {
      for (std::uint32_t user = 0; user < loop->users; ++user) {
        scheduler_.schedule(now + arrivals_.offset(source, user), first_source_ + source,
                            {handler_, kThought, source, user});
      }
    } else {
      next_arrival(source, now);
    }
  }
}

void TrafficRuntime::next_arrival(TrafficIndex source, Time now) {
  if (const std::optional<Time> at = arrivals_.next(source, now); at && *at < options_.end + options_.drain) {
    scheduler_.schedule(*at, first_source_ + source, {handler_, kArrival, source, 0});
  }
}

void TrafficRuntime::on_event(Time now, const Event& event) {
  switch (event.kind) {
    case kArrival:
      begin_request(event.a, 0, now);
      next_arrival(event.a, now);
      return;
    case kThought:
      begin_request(event.a, static_cast<std::uint32_t>(event.b), now);
      return;
    case kTimeout:
      deadlines_.settle(
          event.a, now,
          [&](std::uint32_t rpc, std::uint64_t serial) { return rpcs_[rpc].live && rpcs_[rpc].serial == serial; },
          [&](std::uint32_t rpc) {
            if (!rpcs_[rpc].abandoned) timed_out(rpc, now);
          });
      arm_timeout(event.a, now);
      return;
    case kSlept: {
      Rpc& rpc = rpcs_[event.a];
      const PlaceScope place(&rpc.split, {SpanPlace::Kind::Owner, rpc.connection.server});
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
    case kRetry:
      if (const Rpc& rpc = rpcs_[event.a]; rpc.live && rpc.serial == event.b) {
        retry(event.a, now);
      }
      return;
    default:
      KNETSIM_ENSURE(false);
  }
}

void TrafficRuntime::begin_request(TrafficIndex source, std::uint32_t user, Time now) {
  const TrafficSpec& spec = plan_.sources[source];
  if (rpcs_.live() >= kMostInFlight) throw TooManyInFlight(source, now);
  const std::uint32_t index = rpcs_.take();
  Rpc& rpc = rpcs_[index];
  rpc.source = source;
  rpc.user = user;
  rpc.edge = spec.edge;
  rpc.id = arrivals_.begin(source);
  rpc.begun = now;
  rpc.split.clock = now;
  RngStream choice = streams_.get(kClientChoice, rpc.id);
  rpc.client = spec.clients[choice.below(spec.clients.size())];
  rpc.client_group = groups_[rpc.client];
  recorders_[source].begun(now);
  if (measured(now)) {
    ++edge_stats_[rpc.edge].asked;
    ++part(rpc.edge, now).asked;
    ++followed_;
    rpc.split.trace = spans_.begin(source, rpc.id);
  }
  if (rpcs_.live() > most_live_) [[unlikely]] {
    scheduler_.stop();
  }
  count_asked(rpc, now);
  begin_attempt(index, now);
}

void TrafficRuntime::begin_attempt(std::uint32_t index, Time now) {
  Rpc& rpc = rpcs_[index];
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  rpc.live = true;
  rpc.serial = ++serial_;
  rpc.attempt_begun = now;
  backlogs_[rpc.edge].begun(now);
  rpc_slots_ = std::max(rpc_slots_, index + 1);
  if (deadlines_.add(rpc.edge, now + edge.timeout, index, rpc.serial)) {
    arm_timeout(rpc.edge, now);
  }
  const GroupIndex group = groups_[rpc.client];
  const HostId node = cpus_.node_of(group);
  if (rpc.client_core == kNone) {  // a client thread runs anywhere; an application's worker says where
    rpc.client_core = cpus_.first_core(node) +
                      static_cast<CoreIndex>(streams_.get(kClientChoice, mix64(rpc.id)).below(cpus_.core_count(node)));
  }
  if (edge.requests_per_connection != 1) {
    auto& idle = idle_connections_[connection_pool(rpc.edge, rpc.client)];
    if (!idle.empty()) {
      rpc.connection = idle.back();
      idle.pop_back();
      send_request(index, Duration{}, Duration{}, now);
      return;
    }
  }
  rpc.connecting = !edge.udp;
  rpc.connecting_since = now;
  const std::uint64_t connection_id = hash_combine(rpc.id, rpc.attempt);
  const Dial dial = dialer_.dial(rpc.edge, rpc.client, connection_id, now);
  if (dial.server == kNoIndex && dial.dropped) {
    rpc.lost = true;
    // The client sends SYNs into the void until the kernel or its own timeout ends that.
    if (const Duration patience = network_.connect_gives_up_after(); !edge.udp && patience < edge.timeout) {
      scheduler_.schedule(now + patience, edge_source(rpc.edge), {handler_, kRefused, index, rpc.serial});
    }
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
  rpc.message = network_.prepare(rpc.connection.flow, FlowPacket::First, Bytes{}, connection_id, &rpc.split, index);
  const Duration cpu = network_.sender_burst(rpc.message, rpc.client_core, now);
  submit(index, Phase::Connect, rpc.client_group, rpc.client_core, cpu, Duration{}, now);
}

void TrafficRuntime::submit(std::uint32_t index, Phase phase, GroupIndex group, CoreIndex core, Duration cpu,
                            Duration wake, Time now) {
  cpus_.submit(now, {.group = group, .cpu = cpu, .wake = wake, .cookie = cookie(index, phase), .last_core = core});
}

void TrafficRuntime::send_request(std::uint32_t index, Duration before, Duration wake, Time now) {
  Rpc& rpc = rpcs_[index];
  const EdgeSpec& edge = plan_.edges[rpc.edge];
  const bool first_of_udp = edge.udp && !std::exchange(rpc.connection.used, true);
  const Bytes size = draw_bytes(edge.request_bytes, kRequestBytes, rpc.id);
  if (measured(rpc.begun)) {
    edge_stats_[rpc.edge].bytes_sent += static_cast<std::uint64_t>(size.count());
  }
  if (opens_source(rpc)) {  // connect() is all that the split holds so far, but for the wake-up
    recorders_[rpc.source].connecting() += rpc.split;
  }
  rpc.payload = size;
  rpc.message = network_.prepare(rpc.connection.flow, first_of_udp ? FlowPacket::First : FlowPacket::Request, size,
                                 noise_id(rpc), &rpc.split, index);
  rpc.send_cpu = network_.sender_burst(rpc.message, rpc.client_core, now);
  if (rpc.connection.requests_left > 0) {
    --rpc.connection.requests_left;
  }
  submit(index, Phase::Send, rpc.client_group, rpc.client_core, before + rpc.send_cpu, wake, now);
}

std::uint64_t TrafficRuntime::noise_id(const Rpc& rpc) { return hash_combine(rpc.id, rpc.attempt); }

bool TrafficRuntime::opens_source(const Rpc& rpc) const {
  return rpc.connecting && rpc.source != kNone && rpc.attempt == 0 && measured(rpc.begun);
}

bool TrafficRuntime::last_on_connection(const Rpc& rpc) const {
  return plan_.edges[rpc.edge].requests_per_connection != 0 && rpc.connection.requests_left == 0;
}

void TrafficRuntime::on_message(Time now, MessageIndex message) {
  const auto index = static_cast<std::uint32_t>(network_.cookie_of(message));
  Rpc& rpc = rpcs_[index];
  rpc.in_network = false;
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
      Duration cpu = burst.cpu;
      if (const auto& law = plan_.edges[rpc.edge].client_work_seconds; law) {
        RngStream draws = streams_.get(kClientWork, rpc.id);
        const Duration span = drawn_span(law->sample(draws));
        rpc.split.serve(kinds_.work, span);
        cpu += span;
      }
      if (plan_.edges[rpc.edge].awaits_close && last_on_connection(rpc)) {
        // The server has closed with its answer: its FIN is there when the client reads on, which then closes as well.
        const Duration span = network_.reading_end(rpc.connection.flow);
        rpc.split.serve(kinds_.close, span);
        cpu += span;
        rpc.read_end = true;
      }
      submit(index, Phase::Receive, rpc.client_group, rpc.client_core, cpu, burst.wake, now);
      return;
    }
    case FlowPacket::kCount:
      break;
  }
  KNETSIM_ENSURE(false);
}

void TrafficRuntime::on_burst_done(Time now, const BurstReport& report) {
  const auto index = static_cast<std::uint32_t>(report.cookie >> 8);
  const auto phase = static_cast<Phase>(report.cookie & 0xff);
  Rpc& rpc = rpcs_[index];
  account(rpc.split, report, rpc.wake_kind);
  rpc.split.clock = now;
  switch (phase) {
    case Phase::Connect:
    case Phase::Send:
      rpc.client_core = report.core;
      if (phase == Phase::Send && opens_source(rpc)) {
        account(recorders_[rpc.source].connecting(), report, rpc.wake_kind);
      }
      if (phase == Phase::Send && std::exchange(rpc.connecting, false) && measured(rpc.begun) && !rpc.abandoned) {
        const std::int64_t ns = (now - rpc.send_cpu - rpc.connecting_since).count() / 1000;
        edge_stats_[rpc.edge].connect_ns.record(ns);
        part(rpc.edge, rpc.begun).connect.add(ns);
      }
      rpc.in_network = true;
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
      rpc.in_network = true;
      network_.launch(rpc.message, now);
      worker_free(server, now);
      return;
    }
    case Phase::Receive:
      ended(index, rpc.failed ? Outcome::Error : Outcome::Ok, now);
      return;
  }
}

}  // namespace knetsim
