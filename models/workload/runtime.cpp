#include "models/workload/runtime.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "models/workload/burst_account.h"
#include "models/workload/drawn.h"
#include "models/workload/overload.h"

namespace knetsim {
namespace {

constexpr Purpose kClientChoice("traffic.client");
constexpr Duration kClientsLookAgain = std::chrono::milliseconds(100);

std::vector<ConnectionPolicy> connection_policies(const TrafficPlan& plan) {
  std::vector<ConnectionPolicy> policies;
  for (const EdgeSpec& edge : plan.edges) policies.push_back(edge.connections);
  return policies;
}

/// Whether the look-ups of an edge's script, and those of their own edges, come to an end.
bool lookups_end(const TrafficPlan& plan, EdgeIndex edge, std::size_t depth = 0) {
  if (depth > plan.edges.size()) return false;
  return std::ranges::all_of(plan.edges[edge].script, [&](const CallerStep& step) {
    if (const auto* search = std::get_if<SearchNames>(&step)) {
      return search->lookup < plan.lookups.size() && search->questions < plan.edges.size() &&
             lookups_end(plan, search->questions, depth + 1);
    }
    const auto* resolve = std::get_if<Resolve>(&step);
    return resolve == nullptr || (resolve->lookup < plan.edges.size() && lookups_end(plan, resolve->lookup, depth + 1));
  });
}

}  // namespace

TrafficRuntime::TrafficRuntime(const RuntimeParts& parts, const TrafficPlan& plan, std::vector<GroupIndex> groups,
                               RandomStreams streams, const RuntimeOptions& options)
    : scheduler_(parts.scheduler),
      cpus_(parts.cpus),
      network_(parts.network),
      dialer_(parts.dialer),
      observer_(parts.observer),
      spans_(parts.spans),
      plan_(plan),
      groups_(std::move(groups)),
      streams_(streams),
      kinds_(options.kinds),
      until_(options.until),
      pods_(options.pods),
      first_source_(options.first_source),
      has_backlogs_(std::ranges::any_of(plan.apps, [](const AppSpec& app) { return app.accept_places > 0; })),
      handler_(parts.scheduler.add(*this)),
      connections_(connection_policies(plan)),
      servers_(plan),
      arrivals_(plan, streams),
      keys_(plan),
      deadlines_(plan.edges.size()),
      balancer_(streams) {
  for (EdgeIndex edge = 0; edge < plan.edges.size(); ++edge) {
    KNETSIM_ENSURE(is_well_formed(plan.edges[edge].script) && lookups_end(plan, edge));
  }
  if (pods_ != nullptr) find_clients();
}

void TrafficRuntime::find_clients() {
  clients_.assign(plan_.sources.size(), {});
  for (TrafficIndex source = 0; source < plan_.sources.size(); ++source) {
    std::ranges::copy_if(plan_.sources[source].clients, std::back_inserter(clients_[source]),
                         [&](PodIndex pod) { return pods_->answers(pod); });
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
  if (const std::optional<Time> at = arrivals_.next(source, now); at && *at < until_) {
    scheduler_.schedule(*at, first_source_ + source, {handler_, kArrival, source, 0});
  }
}

void TrafficRuntime::due_at(Time at, std::uint32_t source, AttemptIndex index) {
  scheduler_.schedule(at, source, {handler_, kDue, index, attempts_[index].serial});
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
          event.a, now, [&](AttemptIndex index, std::uint64_t serial) { return still_there(index, serial); },
          [&](AttemptIndex index) {
            if (!attempts_[index].abandoned) timed_out(index, now);
          });
      arm_timeout(event.a, now);
      return;
    case kDue:
      if (still_there(event.a, event.b)) tell(event.a, Due{}, now);
      return;
    case kIdleExpiry: {
      std::optional<Time> next;
      for (const Connection& old : connections_.expire(static_cast<PoolIndex>(event.b), now, next))
        hang_up(event.a, old, now);
      if (next) scheduler_.schedule(*next, edge_source(event.a), event);
      return;
    }
    default:
      KNETSIM_ENSURE(false);
  }
}

void TrafficRuntime::on_burst_done(Time now, const BurstReport& report) {
  const auto index = static_cast<AttemptIndex>(report.cookie);
  Attempt& attempt = attempts_[index];
  account(attempt.split, report, attempt.wake_kind);
  attempt.split.clock = now;
  tell(index, BurstDone{report}, now);
}

void TrafficRuntime::on_message(Time now, MessageIndex message) {
  tell(static_cast<AttemptIndex>(network_.cookie_of(message)), Arrived{message}, now);
}

void TrafficRuntime::on_lost(Time now, std::uint64_t cookie) { tell(static_cast<AttemptIndex>(cookie), Lost{}, now); }

void TrafficRuntime::begin_request(TrafficIndex source, std::uint32_t user, Time now) {
  const TrafficSpec& spec = plan_.sources[source];
  const std::vector<PodIndex>& clients = clients_.empty() ? spec.clients : clients_[source];
  if (clients.empty()) {  // nobody is there to send it; a user looks again after a while
    if (std::holds_alternative<ClosedLoop>(spec.arrivals)) {
      scheduler_.schedule(now + kClientsLookAgain, first_source_ + source, {handler_, kThought, source, user});
    } else {
      arrivals_.begin(source);  // it passes
    }
    return;
  }
  if (attempts_.live() >= kMostInFlight) throw TooManyInFlight(source, now);
  const AttemptIndex index = attempts_.take();
  Attempt& attempt = attempts_[index];
  Request& request = attempt.request;
  request.source = source;
  request.user = user;
  request.edge = spec.edge;
  request.sizes = request.id = arrivals_.begin(source);
  request.begun = now;
  RngStream choice = streams_.get(kClientChoice, request.id);
  request.client = clients[choice.below(clients.size())];
  request.client_group = groups_[request.client];
  attempt.split.clock = now;
  attempt.split.trace = spans_.begin(source, request.id, now);
  observer_.request_begun(request, {}, now);
  if (attempts_.live() > most_live_) [[unlikely]] {
    scheduler_.stop();
  }
  if (const auto& budget = plan_.edges[request.edge].retries.budget) {
    budgets_.asked(client_key(request.edge, request.client), *budget, now);
  }
  begin_attempt(index, now);
}

void TrafficRuntime::begin_attempt(AttemptIndex index, Time now) {
  Attempt& attempt = attempts_[index];
  Request& request = attempt.request;
  attempt.serial = ++serial_;
  attempt.begun = now;
  observer_.attempt_begun(request, now);
  slots_ = std::max(slots_, index + 1);
  const Duration timeout = plan_.edges[request.edge].timeout;
  if (timeout != Duration::max() && deadlines_.add(request.edge, now + timeout, index, attempt.serial)) {
    arm_timeout(request.edge, now);
  }
  if (request.client_core == kNoCore) {  // a client thread runs anywhere; an application's worker says where
    const HostId node = cpus_.node_of(groups_[request.client]);
    const auto draw = streams_.get(kClientChoice, mix64(request.id)).below(cpus_.core_count(node));
    request.client_core = cpus_.first_core(node) + static_cast<CoreIndex>(draw);
  }
  proceed(index, {}, now);
}

/// The thread spends the time in the burst that `work` is being put together for.
void TrafficRuntime::charge(Attempt& attempt, KindIndex kind, Duration span, ThreadWork& work) {
  const PlaceScope place(&attempt.split, {SpanPlace::Kind::Thread, 0});
  attempt.split.serve(kind, span);
  work.cpu += span;
}

Duration TrafficRuntime::at_node(Duration span, GroupIndex group) const {
  const double factor = network_.cpu_factor(cpus_.node_of(group));
  return factor == 1 ? span : Duration(std::llround(static_cast<double>(span.count()) * factor));
}

void TrafficRuntime::submit(AttemptIndex index, GroupIndex group, CoreIndex core, const ThreadWork& work, Time now) {
  cpus_.submit(now, {.group = group, .cpu = work.cpu, .wake = work.wake, .cookie = index, .last_core = core});
}

void TrafficRuntime::arm_timeout(EdgeIndex edge, Time now) {
  if (const std::optional<Time> next = deadlines_.next(edge)) {
    scheduler_.schedule(std::max(now, *next), edge_source(edge), {handler_, kTimeout, edge, 0});
  }
}

std::uint64_t TrafficRuntime::under_way() const {
  std::uint64_t count = 0;
  for (AttemptIndex index = 0; index < slots_; ++index) {
    if (attempts_[index].serial != 0 && in_network(attempts_[index].state)) ++count;
  }
  return count;
}

void TrafficRuntime::report_unfinished(Time now) {
  for (AttemptIndex index = 0; index < slots_; ++index) {
    const Attempt& attempt = attempts_[index];
    if (attempt.serial == 0 || attempt.abandoned) continue;
    observer_.request_unfinished(attempt.request, connecting_since(attempt.state), now);
  }
}

}  // namespace knetsim
