#include "sim/net/routing.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/visitors.hpp>
#include <stdexcept>
#include <string>

namespace knetsim {
namespace {

constexpr std::uint8_t kFar = 255;

// Switches and the cables between them that are up: all that forwards.
using SwitchGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;

SwitchGraph switch_graph(const Topology& topology) {
  SwitchGraph graph(topology.switches());
  for (LinkId id = 0; id < topology.links().size(); id += 2) {
    const Link& link = topology.link(id);
    if (link.up && !link.from.is_host() && !link.to.is_host()) {
      boost::add_edge(link.from.index, link.to.index, graph);
    }
  }
  return graph;
}

// The links by which each switch sends to other switches, in order of their numbers.
std::vector<std::vector<LinkId>> links_between_switches(const Topology& topology) {
  std::vector<std::vector<LinkId>> of(topology.switches());
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const Link& link = topology.link(id);
    if (link.up && !link.from.is_host() && !link.to.is_host()) {
      of[link.from.index].push_back(id);
    }
  }
  return of;
}

}  // namespace

Routing::Routing(const Topology& topology, std::uint64_t salt_seed) : salt_seed_(salt_seed) {
  topology.require_connected();
  build(topology);
}

void Routing::rebuild(const Topology& topology) { build(topology); }

void Routing::fill_hosts(const Topology& topology) {
  hosts_.assign(topology.hosts(), {});
  group_switch_.clear();
  std::vector<std::uint32_t> group_of(topology.switches(), kNone);
  for (HostId host = 0; host < topology.hosts(); ++host) {
    // Only the single host of a topology may be without a cable: the constructor has asked for connectedness.
    if (topology.hosts() == 1 && topology.cables() == 0) {
      continue;
    }
    const LinkId up = topology.host_link(host);
    const Link& link = topology.link(up);
    if (!link.up) {
      continue;
    }
    hosts_[host].up = up;
    if (!link.to.is_host()) {
      std::uint32_t& group = group_of[link.to.index];
      if (group == kNone) {
        group = static_cast<std::uint32_t>(group_switch_.size());
        group_switch_.push_back(link.to.index);
      }
      hosts_[host].attached = link.to.index;
      hosts_[host].group = group;
    }
  }
  groups_ = static_cast<std::uint32_t>(group_switch_.size());
}

void Routing::build(const Topology& topology) {
  fill_hosts(topology);
  const auto switches = static_cast<std::uint32_t>(topology.switches());
  link_to_.clear();
  for (const Link& link : topology.links()) {
    link_to_.push_back(link.to.index);
  }
  salts_.clear();
  for (SwitchId id = 0; id < switches; ++id) {
    salts_.push_back(hash_salt(salt_seed_, id));
  }

  set_of_.assign(std::size_t{switches} * groups_, 0);
  distance_.assign(std::size_t{switches} * groups_, kFar);
  sets_.assign(1, {});
  members_.clear();
  const SwitchGraph graph = switch_graph(topology);
  const std::vector<std::vector<LinkId>> links = links_between_switches(topology);
  std::vector<std::vector<std::uint32_t>> sets_at(switches);  // each switch's own sets: no two switches share one
  std::vector<std::uint32_t> distance(switches);
  std::vector<LinkId> next;
  for (std::uint32_t group = 0; group < groups_; ++group) {
    std::fill(distance.begin(), distance.end(), kNone);
    distance[group_switch_[group]] = 0;
    const auto map =
        boost::make_iterator_property_map(distance.begin(), boost::get(boost::vertex_index, graph), distance[0]);
    boost::breadth_first_search(
        graph, boost::vertex(group_switch_[group], graph),
        boost::visitor(boost::make_bfs_visitor(boost::record_distances(map, boost::on_tree_edge()))));
    for (SwitchId at = 0; at < switches; ++at) {
      if (distance[at] == kNone) {
        continue;
      }
      const std::size_t cell = std::size_t{at} * groups_ + group;
      distance_[cell] = static_cast<std::uint8_t>(std::min<std::uint32_t>(distance[at], kFar - 1));
      next.clear();
      for (const LinkId link : links[at]) {
        if (distance[link_to_[link]] + 1 == distance[at]) {
          next.push_back(link);
        }
      }
      if (next.empty()) {
        continue;  // the attachment switch itself
      }
      const auto same = [&](std::uint32_t set) {
        const auto first = members_.begin() + sets_[set].first;
        return std::equal(next.begin(), next.end(), first, first + sets_[set].count);
      };
      const auto known = std::find_if(sets_at[at].begin(), sets_at[at].end(), same);
      if (known != sets_at[at].end()) {
        set_of_[cell] = *known;
        continue;
      }
      set_of_[cell] = static_cast<std::uint32_t>(sets_.size());
      sets_at[at].push_back(set_of_[cell]);
      sets_.push_back({static_cast<std::uint32_t>(members_.size()), static_cast<std::uint32_t>(next.size())});
      members_.insert(members_.end(), next.begin(), next.end());
    }
  }
  // Only switches with hosts start a path.
  for (const SwitchId from : group_switch_) {
    for (std::uint32_t group = 0; group < groups_; ++group) {
      const std::uint8_t links_between = distance_[std::size_t{from} * groups_ + group];
      if (links_between != kFar && links_between + std::size_t{2} > kMaxPathLinks) {
        throw std::invalid_argument("the path from " + topology.switch_name(from) + " to " +
                                    topology.switch_name(group_switch_[group]) + " takes " +
                                    std::to_string(links_between) + " links; at most " +
                                    std::to_string(kMaxPathLinks - 2) + " between switches are supported");
      }
    }
  }
  ++epoch_;
}

std::size_t Routing::path(HostId src, HostId dst, std::uint64_t flow_hash, std::span<LinkId, kMaxPathLinks> out) const {
  const HostEntry& from = hosts_[src];
  const HostEntry& to = hosts_[dst];
  if (src == dst || from.up == kNoLink || to.up == kNoLink) {
    return 0;
  }
  out[0] = from.up;
  std::size_t n = 1;
  if (from.attached == kNone || to.attached == kNone) {
    return from.up == reverse(to.up) ? n : 0;  // back to back
  }
  for (SwitchId at = from.attached; at != to.attached; ++n) {
    const HopSet& set = hops_towards(at, to.group);
    if (set.count == 0) {
      return 0;
    }
    out[n] = members_[set.first + ecmp_choice(flow_hash, salts_[at], set.count)];
    at = link_to_[out[n]];
  }
  out[n] = reverse(to.up);
  return n + 1;
}

std::size_t Routing::hops(HostId src, HostId dst) const {
  const HostEntry& from = hosts_[src];
  const HostEntry& to = hosts_[dst];
  if (src == dst || from.up == kNoLink || to.up == kNoLink) {
    return 0;
  }
  if (from.attached == kNone || to.attached == kNone) {
    return from.up == reverse(to.up) ? 1 : 0;
  }
  const std::uint8_t between = distance_[std::size_t{from.attached} * groups_ + to.group];
  return between == kFar ? 0 : between + std::size_t{2};
}

bool Routing::reachable(HostId src, HostId dst) const { return src == dst || hops(src, dst) != 0; }

std::uint64_t Routing::path_count(HostId src, HostId dst) const {
  const std::size_t links = hops(src, dst);
  if (links < 3) {
    return links == 0 ? 0 : 1;
  }
  const std::uint32_t group = hosts_[dst].group;
  std::vector<SwitchId> order(salts_.size());
  for (SwitchId id = 0; id < order.size(); ++id) {
    order[id] = id;
  }
  const auto distance = [&](SwitchId id) { return distance_[std::size_t{id} * groups_ + group]; };
  std::stable_sort(order.begin(), order.end(), [&](SwitchId a, SwitchId b) { return distance(a) < distance(b); });
  std::vector<std::uint64_t> paths(order.size(), 0);
  paths[hosts_[dst].attached] = 1;
  for (const SwitchId at : order) {
    for (const LinkId link : next_hops(at, dst)) {
      paths[at] += paths[link_to_[link]];
    }
  }
  return paths[hosts_[src].attached];
}

std::span<const LinkId> Routing::next_hops(SwitchId at, HostId dst) const {
  if (hosts_.at(dst).attached == kNone) {
    return {};
  }
  const HopSet& set = hops_towards(at, hosts_[dst].group);
  return std::span<const LinkId>(members_).subspan(set.first, set.count);
}

std::size_t Routing::table_bytes() const {
  return hosts_.size() * sizeof(HostEntry) + set_of_.size() * sizeof(std::uint32_t) + distance_.size() +
         sets_.size() * sizeof(HopSet) + members_.size() * sizeof(LinkId) + link_to_.size() * sizeof(std::uint32_t) +
         salts_.size() * sizeof(std::uint64_t);
}

}  // namespace knetsim
