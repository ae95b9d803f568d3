#include "models/cluster/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "sim/core/math.h"
#include "sim/core/time.h"

namespace knetsim {
namespace {

constexpr Purpose kTies{"scheduler.ties"};

constexpr std::int64_t kMaxNodeScore = 100;
constexpr std::int64_t kSpreadWeight = 2;  // k/k pkg/scheduler/apis/config/v1/default_plugins.go
constexpr double kHostnameMaxSkew = 3;     // k/k .../podtopologyspread/plugin.go, systemDefaultConstraints
constexpr double kZoneMaxSkew = 5;

/// topologyNormalizingWeight of k/k .../podtopologyspread/scoring.go.
double normalizing_weight(std::size_t domains) { return math::log(static_cast<double>(domains) + 2); }

/// std::lround() of what is not negative, without a call.
std::int64_t round_half_up(double x) {
  const auto whole = static_cast<std::int64_t>(x);
  return x - static_cast<double>(whole) >= 0.5 ? whole + 1 : whole;
}

std::int64_t least_allocated(std::int64_t capacity, std::int64_t used) {
  if (capacity == 0 || used > capacity) return 0;
  // A node may claim any 63-bit number of bytes; a hundred times that is more.
  return static_cast<std::int64_t>(Int128{capacity - used} * kMaxNodeScore / capacity);
}

/// 100 x (1 - standard deviation of the used fractions); of two resources the deviation is half their distance.
std::int64_t balance(double cpu_fraction, double memory_fraction) {
  const double distance = std::min(cpu_fraction, 1.0) - std::min(memory_fraction, 1.0);
  return static_cast<std::int64_t>((1 - (distance < 0 ? -distance : distance) / 2) *
                                   static_cast<double>(kMaxNodeScore));
}

std::string rules_key(const SchedulingRules& rules) {
  std::string key;
  for (const Label& label : rules.node_selector) key += fmt::format("s{}={};", label.key, label.value);
  for (const auto& term : rules.node_affinity) {
    key += "a(";
    for (const NodeRequirement& r : term) {
      key +=
          fmt::format("{}{}{}[{}];", r.on_field ? "f" : "l", r.key, static_cast<int>(r.op), fmt::join(r.values, ","));
    }
    key += ')';
  }
  for (const Toleration& t : rules.tolerations) {
    key += fmt::format("t{}={}{}{};", t.key, t.value, t.exists ? "*" : "", t.effect ? static_cast<int>(*t.effect) : -1);
  }
  return key;
}

std::string cores(std::int64_t milli) {
  return milli % 1000 == 0 ? fmt::format("{}", milli / 1000) : fmt::format("{}m", milli);
}

std::string mebibytes(std::int64_t bytes) { return fmt::format("{}Mi", bytes / (1024 * 1024)); }

}  // namespace

std::size_t feasible_nodes_to_find(std::size_t nodes) {
  constexpr std::size_t kMinFeasible = 100;
  if (nodes < kMinFeasible) return nodes;
  const std::size_t percent = std::max<std::size_t>(5, nodes / 125 >= 50 ? 0 : 50 - nodes / 125);
  return std::max(kMinFeasible, nodes * percent / 100);
}

Placement::Placement(const Cluster& cluster, std::uint64_t seed)
    : cluster_(cluster), streams_(seed), all_nodes_(cluster.nodes.size()), ports_(cluster.nodes.size()) {
  std::iota(all_nodes_.begin(), all_nodes_.end(), NodeIndex{0});
  rooms_.reserve(cluster.nodes.size());
  std::unordered_map<std::string_view, std::uint32_t> zones;
  for (const ClusterNode& node : cluster.nodes) {
    if (!node.zone.empty() && zones.try_emplace(node.zone, static_cast<std::uint32_t>(zones.size())).second) {
      zone_names_.push_back(node.zone);
    }
  }
  for (const ClusterNode& node : cluster.nodes) {
    Room& room = rooms_.emplace_back();
    room.cpu_milli = node.allocatable.cpu_milli;
    room.memory = node.allocatable.memory_bytes;
    room.free_pods = static_cast<std::int32_t>(node.max_pods);
    room.zone = node.zone.empty() ? static_cast<std::uint32_t>(zones.size()) : zones.at(node.zone);
  }
  resources_.scored.resize(cluster.nodes.size(), 0);
  resources_.scores.resize(cluster.nodes.size(), kNotFeasible);
  spread_.by_node.resize(cluster.nodes.size(), 0);
  spread_.by_zone.resize(zone_names_.size() + 1, 0);
  for (const Pod& pod : cluster.pods) {
    if (pod.node != kNoIndex) book(pod.spec, pod.workload, pod.node);
  }
}

std::vector<NodeIndex> Placement::daemon_nodes(const PodSpec& spec) const {
  std::vector<NodeIndex> nodes;
  for (NodeIndex i = 0; i < cluster_.nodes.size(); ++i) {
    const NodeRefusal refusal =
        node_refusal(cluster_.label_sets, cluster_.nodes[i], spec.scheduling, /*daemon=*/true, spec.host_network);
    if (refusal == NodeRefusal::None) nodes.push_back(i);
  }
  return nodes;
}

Placement::Shape& Placement::shape(PodSpecIndex spec) {
  if (spec >= shapes_.size()) shapes_.resize(cluster_.pod_specs.size());
  Shape& shape = shapes_[spec];
  if (shape.known) return shape;
  const PodSpec& pod = cluster_.pod_specs[spec];
  shape.known = true;
  shape.eligibility = eligibility(pod.scheduling);
  shape.requests = pod.requests;
  shape.scored = pod.scored;
  for (const Container& container : pod.containers) {
    for (const ContainerPort& port : container.ports) {
      if (port.host_port != 0) shape.host_ports.push_back({port.host_port, port.protocol, port.host_ip});
    }
  }
  return shape;
}

std::uint32_t Placement::eligibility(const SchedulingRules& rules) {
  const auto [entry, added] = class_of_rules_.try_emplace(rules_key(rules), eligible_.size());
  if (added) {
    std::vector<std::uint8_t>& eligible = eligible_.emplace_back();
    for (const ClusterNode& node : cluster_.nodes) {
      eligible.push_back(node_refusal(cluster_.label_sets, node, rules, false, false) == NodeRefusal::None ? 1 : 0);
    }
  }
  return entry->second;
}

const Placement::HostPort* Placement::port_conflict(const Shape& shape, NodeIndex node) const {
  for (const HostPort& wanted : shape.host_ports) {
    for (const HostPort& taken : ports_[node]) {
      const bool same_address = !wanted.address || !taken.address || wanted.address == taken.address;
      if (wanted.port == taken.port && wanted.protocol == taken.protocol && same_address) return &taken;
    }
  }
  return nullptr;
}

bool Placement::fits(const Shape& shape, NodeIndex node) const {
  const Room& room = rooms_[node];
  if (room.free_pods <= 0) return false;
  // A request of zero always fits, also on a node that is overcommitted (noderesources/fit.go, fitsRequest).
  if (shape.requests.cpu_milli > 0 && shape.requests.cpu_milli > room.cpu_milli - room.used_cpu_milli) return false;
  if (shape.requests.memory_bytes > 0 && shape.requests.memory_bytes > room.memory - room.used_memory) return false;
  return shape.host_ports.empty() || port_conflict(shape, node) == nullptr;
}

void Placement::book(PodSpecIndex spec, WorkloadIndex workload, NodeIndex node) {
  const Shape& shape = this->shape(spec);
  Room& room = rooms_[node];
  resources_.scored[node] = 0;
  room.used_cpu_milli += shape.requests.cpu_milli;
  room.used_memory += shape.requests.memory_bytes;
  room.scored_cpu_milli += shape.scored.cpu_milli;
  room.scored_memory += shape.scored.memory_bytes;
  room.free_pods -= 1;
  for (HostPort taken : shape.host_ports) {
    taken.owner = workload;
    ports_[node].push_back(taken);
  }
  if (workload == kNoIndex) return;
  if (workload >= booked_.size()) booked_.resize(std::max<std::size_t>(cluster_.workloads.size(), workload + 1));
  booked_[workload].push_back(node);
  if (workload == spread_.workload) {
    ++spread_.by_node[node];
    ++spread_.by_zone[room.zone];
  }
}

void Placement::close(NodeIndex node, bool closed) {
  closed_.resize(cluster_.nodes.size(), false);
  closed_[node] = closed;
  resources_.scored[node] = 0;
  for (Shape& one : shapes_) one.hopeless = false;
}

void Placement::release(PodSpecIndex spec, WorkloadIndex workload, NodeIndex node) {
  const Shape& shape = this->shape(spec);
  Room& room = rooms_[node];
  resources_.scored[node] = 0;
  room.used_cpu_milli -= shape.requests.cpu_milli;
  room.used_memory -= shape.requests.memory_bytes;
  room.scored_cpu_milli -= shape.scored.cpu_milli;
  room.scored_memory -= shape.scored.memory_bytes;
  room.free_pods += 1;
  for (const HostPort& mine : shape.host_ports) {
    const auto taken = std::ranges::find_if(ports_[node], [&](const HostPort& one) {
      return one.port == mine.port && one.protocol == mine.protocol && one.address == mine.address;
    });
    if (taken != ports_[node].end()) ports_[node].erase(taken);
  }
  for (Shape& one : shapes_) one.hopeless = false;
  if (workload == kNoIndex || workload >= booked_.size()) return;
  const auto booked = std::ranges::find(booked_[workload], node);
  if (booked == booked_[workload].end()) return;
  booked_[workload].erase(booked);
  if (workload == spread_.workload) {
    --spread_.by_node[node];
    --spread_.by_zone[room.zone];
  }
}

void Placement::count_spread(WorkloadIndex workload) {
  if (workload == spread_.workload) return;
  const auto add = [this](WorkloadIndex of, std::uint32_t count) {
    if (of >= booked_.size()) return;  // Also kNoIndex.
    for (const NodeIndex node : booked_[of]) {
      spread_.by_node[node] += count;
      spread_.by_zone[rooms_[node].zone] += count;
    }
  };
  add(spread_.workload, ~std::uint32_t{0});  // Modulo 2^32: minus one each.
  spread_.workload = workload;
  add(workload, 1);
}

bool Placement::is_feasible(const Shape& shape, NodeIndex node) const {
  const bool open = closed_.empty() || !closed_[node];
  return open && eligible_[shape.eligibility][node] != 0 && fits(shape, node);
}

std::int32_t Placement::resource_score(const Shape& shape, NodeIndex node) const {
  const Room& room = rooms_[node];
  std::int64_t score = (least_allocated(room.cpu_milli, room.scored_cpu_milli + shape.scored.cpu_milli) +
                        least_allocated(room.memory, room.scored_memory + shape.scored.memory_bytes)) /
                       2;
  const bool asks_for_something = shape.requests.cpu_milli > 0 || shape.requests.memory_bytes > 0;
  if (asks_for_something && room.cpu_milli > 0 && room.memory > 0) {
    score += balance(
        static_cast<double>(room.used_cpu_milli + shape.requests.cpu_milli) / static_cast<double>(room.cpu_milli),
        static_cast<double>(room.used_memory + shape.requests.memory_bytes) / static_cast<double>(room.memory));
  }
  return static_cast<std::int32_t>(score);
}

void Placement::collect_candidates(PodSpecIndex spec) {
  if (resources_.spec != spec) {
    resources_.spec = spec;
    ++resources_.turn;
  }
  const Shape& shape = shapes_[spec];
  candidates_.clear();
  const std::size_t nodes = rooms_.size();
  const std::size_t wanted = feasible_nodes_to_find(nodes);
  std::size_t node = next_start_;
  for (std::size_t processed = 0; processed < nodes && candidates_.size() < wanted; ++processed) {
    const auto index = static_cast<NodeIndex>(node);
    if (resources_.scored[node] != resources_.turn) {
      resources_.scored[node] = resources_.turn;
      resources_.scores[node] = is_feasible(shape, index) ? resource_score(shape, index) : kNotFeasible;
    }
    const std::int32_t score = resources_.scores[node];
    if (score != kNotFeasible) candidates_.push_back({.node = index, .resources = score});
    node = node + 1 == nodes ? 0 : node + 1;
  }
  next_start_ = node;
}

void Placement::measure_skew() {
  const double node_weight = normalizing_weight(candidates_.size());
  const double zone_weight = normalizing_weight(zone_names_.size());
  for (Candidate& candidate : candidates_) {
    const std::uint32_t zone = rooms_[candidate.node].zone;
    double skew = spread_.by_node[candidate.node] * node_weight + (kHostnameMaxSkew - 1);
    if (zone < zone_names_.size()) skew += spread_.by_zone[zone] * zone_weight + (kZoneMaxSkew - 1);
    candidate.skew = round_half_up(skew);
  }
}

NodeIndex Placement::best_candidate(std::uint64_t pod) const {
  std::int64_t most = 0;
  std::int64_t least = candidates_.front().skew;
  for (const Candidate& candidate : candidates_) {
    most = std::max(most, candidate.skew);
    least = std::min(least, candidate.skew);
  }
  NodeIndex best = candidates_.front().node;
  std::int64_t best_score = -1;
  std::uint64_t equals = 0;
  RngStream ties = streams_.get(kTies, pod);
  for (const Candidate& candidate : candidates_) {
    const std::int64_t spread = most == 0 ? kMaxNodeScore : kMaxNodeScore * (most + least - candidate.skew) / most;
    const std::int64_t score = candidate.resources + kSpreadWeight * spread;
    if (score > best_score) {
      best_score = score;
      best = candidate.node;
      equals = 1;
    } else if (score == best_score && ties.below(++equals) == 0) {  // Reservoir sampling: each in turn with 1/equals.
      best = candidate.node;
    }
  }
  return best;
}

NodeIndex Placement::place(PodSpecIndex spec, WorkloadIndex workload, std::uint64_t pod) {
  Shape& shape = this->shape(spec);
  if (shape.hopeless || rooms_.empty()) return kNoIndex;
  collect_candidates(spec);
  if (candidates_.empty()) {
    shape.hopeless = true;
    return kNoIndex;
  }
  // The default constraints count what the pod's owner selects: a pod on its own spreads over nothing.
  if (workload != kNoIndex && cluster_.workloads[workload].kind != "Pod") {
    count_spread(workload);
    measure_skew();
  }
  const NodeIndex node = best_candidate(pod);
  book(spec, workload, node);
  return node;
}

std::string Placement::refused_labels(const PodSpec& spec) const {
  std::vector<std::string> unknown;
  for (const Label& label : spec.scheduling.node_selector) {
    const auto has = [&](const ClusterNode& node) {
      return cluster_.label_sets.value(node.labels, label.key) == label.value;
    };
    if (std::ranges::none_of(cluster_.nodes, has)) unknown.push_back(fmt::format("{}={}", label.key, label.value));
  }
  return unknown.empty() ? std::string() : fmt::format(" (none has {})", fmt::join(unknown, ", "));
}

std::string Placement::why_not(PodSpecIndex spec, bool daemon, std::span<const NodeIndex> nodes) {
  const Shape& shape = this->shape(spec);
  const PodSpec& pod = cluster_.pod_specs[spec];
  enum Reason : std::size_t { kSelector, kTaint, kUnschedulable, kPods, kCpu, kMemory, kPorts, kReasons };
  std::array<std::size_t, kReasons> count{};
  std::int64_t most_cpu = 0;
  std::int64_t most_memory = 0;
  std::string taint;
  HostPort taken;
  for (const NodeIndex i : nodes) {
    const Room& room = rooms_[i];
    switch (node_refusal(cluster_.label_sets, cluster_.nodes[i], pod.scheduling, daemon, pod.host_network)) {
      case NodeRefusal::Selector:
        ++count[kSelector];
        continue;
      case NodeRefusal::Taint:
        ++count[kTaint];
        if (taint.empty()) taint = refusing_taint(cluster_.nodes[i], pod.scheduling, daemon, pod.host_network);
        continue;
      case NodeRefusal::Unschedulable:
        ++count[kUnschedulable];
        continue;
      case NodeRefusal::None:
        break;
    }
    const std::int64_t cpu = std::max<std::int64_t>(0, room.cpu_milli - room.used_cpu_milli);
    const std::int64_t memory = std::max<std::int64_t>(0, room.memory - room.used_memory);
    most_cpu = std::max(most_cpu, cpu);
    most_memory = std::max(most_memory, memory);
    if (room.free_pods <= 0) ++count[kPods];
    if (shape.requests.cpu_milli > cpu) ++count[kCpu];
    if (shape.requests.memory_bytes > memory) ++count[kMemory];
    if (const HostPort* conflict = port_conflict(shape, i); conflict != nullptr && count[kPorts]++ == 0) {
      taken = *conflict;
    }
  }
  std::vector<std::string> reasons;
  const auto say = [&](Reason reason, const std::string& text) {
    if (count[reason] > 0) reasons.push_back(fmt::format("{} {}", count[reason], text));
  };
  say(kSelector, "do not match its nodeSelector or node affinity" + refused_labels(pod));
  say(kTaint, fmt::format("have a taint that it does not tolerate ({})", taint));
  say(kUnschedulable, "are unschedulable");
  say(kPods, "hold as many pods as they may");
  say(kCpu, fmt::format("lack CPU ({} asked, at most {} free)", cores(shape.requests.cpu_milli), cores(most_cpu)));
  say(kMemory, fmt::format("lack memory ({} asked, at most {} free)", mebibytes(shape.requests.memory_bytes),
                           mebibytes(most_memory)));
  if (count[kPorts] > 0) {
    std::string owner = "another pod";
    if (taken.owner != kNoIndex) {
      const Workload& workload = cluster_.workloads[taken.owner];
      owner = object_label(workload.kind, workload.ns, workload.name);
    }
    say(kPorts, fmt::format("have host port {}/{} taken by {}", taken.port, to_string(taken.protocol), owner));
  }
  return fmt::format("of {} node{}: {}", nodes.size(), nodes.size() == 1 ? "" : "s", fmt::join(reasons, ", "));
}

}  // namespace knetsim
