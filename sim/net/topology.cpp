#include "sim/net/topology.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/visitors.hpp>
#include <limits>
#include <stdexcept>
#include <utility>

#include "sim/net/link_framing.h"

namespace knetsim {
namespace {

struct CableEdge {
  CableId cable = 0;
};
using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Vertex, CableEdge>;
using GraphVertex = boost::graph_traits<BoostGraph>::vertex_descriptor;

// Keeps the cables that are up.
struct IsUp {
  const BoostGraph* graph = nullptr;
  const std::vector<Link>* links = nullptr;
  template <typename Edge>
  bool operator()(const Edge& edge) const {
    return (*links)[std::size_t{2} * (*graph)[edge].cable].up;
  }
};
using UpGraph = boost::filtered_graph<BoostGraph, IsUp>;

}  // namespace

struct Topology::Graph {
  BoostGraph graph;
  std::vector<GraphVertex> hosts;
  std::vector<GraphVertex> switches;

  GraphVertex vertex(Vertex v) const { return v.is_host() ? hosts[v.index] : switches[v.index]; }
  UpGraph up(const std::vector<Link>& links) const { return UpGraph(graph, IsUp{&graph, &links}); }
};

Topology::Topology() : graph_(std::make_unique<Graph>()) {}
Topology::~Topology() = default;
Topology::Topology(const Topology& other)
    : graph_(std::make_unique<Graph>(*other.graph_)),
      links_(other.links_),
      host_links_(other.host_links_),
      host_names_(other.host_names_),
      host_zones_(other.host_zones_),
      switch_names_(other.switch_names_),
      switch_zones_(other.switch_zones_),
      switch_latency_(other.switch_latency_) {}
Topology& Topology::operator=(const Topology& other) {
  Topology copy(other);
  return *this = std::move(copy);
}
Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;

HostId Topology::add_host(std::string name, std::string zone) {
  const auto id = static_cast<HostId>(host_names_.size());
  graph_->hosts.push_back(boost::add_vertex(Vertex::host(id), graph_->graph));
  host_names_.push_back(std::move(name));
  host_zones_.push_back(std::move(zone));
  host_links_.push_back(kNoLink);
  return id;
}

SwitchId Topology::add_switch(std::string name, Duration latency, std::string zone) {
  if (latency < Duration::zero()) {
    throw std::invalid_argument("switch " + name + ": latency is below zero");
  }
  const auto id = static_cast<SwitchId>(switch_names_.size());
  graph_->switches.push_back(boost::add_vertex(Vertex::of_switch(id), graph_->graph));
  switch_names_.push_back(std::move(name));
  switch_zones_.push_back(std::move(zone));
  switch_latency_.push_back(latency);
  return id;
}

CableId Topology::connect(Vertex a, Vertex b, const Cable& cable) {
  for (const Vertex end : {a, b}) {
    if (end.index >= (end.is_host() ? hosts() : switches())) {
      throw std::invalid_argument(std::string("cable to a ") + (end.is_host() ? "host" : "switch") +
                                  " that does not exist: " + std::to_string(end.index));
    }
    if (end.is_host() && host_links_[end.index] != kNoLink) {
      throw std::invalid_argument("host " + host_names_[end.index] + ": a second cable; hosts have one NIC");
    }
  }
  const auto where = [&] { return "cable " + vertex_name(a) + " - " + vertex_name(b) + ": "; };
  if (a == b) {
    throw std::invalid_argument(where() + "both ends are the same");
  }
  if (cable.rate < kMinLinkRate) {
    throw std::invalid_argument(where() + "rate is below 10 kbit/s");
  }
  if (cable.delay < Duration::zero()) {
    throw std::invalid_argument(where() + "delay is below zero");
  }
  if (cable.buffer < kMinLinkBuffer) {
    throw std::invalid_argument(where() + "buffer holds less than one jumbo frame of " +
                                std::to_string(kMinLinkBuffer.count()) + " bytes");
  }
  const auto id = static_cast<CableId>(cables());
  boost::add_edge(graph_->vertex(a), graph_->vertex(b), CableEdge{id}, graph_->graph);
  const auto inside = [&](Vertex v) { return v.is_host() ? Duration::zero() : switch_latency_[v.index]; };
  links_.push_back({.from = a, .to = b, .rate = cable.rate, .delay = cable.delay + inside(b), .buffer = cable.buffer});
  links_.push_back({.from = b, .to = a, .rate = cable.rate, .delay = cable.delay + inside(a), .buffer = cable.buffer});
  if (a.is_host()) {
    host_links_[a.index] = 2 * id;
  }
  if (b.is_host()) {
    host_links_[b.index] = 2 * id + 1;
  }
  return id;
}

void Topology::set_up(CableId cable, bool up) {
  links_.at(std::size_t{2} * cable).up = up;
  links_.at(std::size_t{2} * cable + 1).up = up;
}

void Topology::set_buffer(LinkId link, Bytes buffer) {
  if (buffer < kMinLinkBuffer) {
    throw std::invalid_argument(link_name(link) + ": buffer holds less than one jumbo frame of " +
                                std::to_string(kMinLinkBuffer.count()) + " bytes");
  }
  links_.at(link).buffer = buffer;
}

LinkId Topology::host_link(HostId host) const {
  const LinkId link = host_links_.at(host);
  if (link == kNoLink) {
    throw std::out_of_range("host " + host_names_[host] + " has no cable");
  }
  return link;
}

const std::string& Topology::vertex_name(Vertex v) const {
  return v.is_host() ? host_names_.at(v.index) : switch_names_.at(v.index);
}

std::string Topology::link_name(LinkId id) const {
  return vertex_name(links_.at(id).from) + " -> " + vertex_name(links_.at(id).to);
}

std::size_t Topology::components() const {
  std::vector<std::size_t> component(boost::num_vertices(graph_->graph));
  if (component.empty()) {
    return 0;
  }
  return boost::connected_components(
      graph_->up(links_),
      boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph_->graph)));
}

void Topology::require_connected() const {
  if (hosts() == 0) {
    return;
  }
  const std::vector<std::uint32_t> hops = host_hops(0);
  for (HostId host = 1; host < hosts(); ++host) {
    if (hops[host] == kUnreachable) {
      throw std::invalid_argument("the topology has " + std::to_string(components()) + " parts: host " +
                                  host_names_[0] + " cannot reach host " + host_names_[host]);
    }
  }
}

std::vector<std::uint32_t> Topology::host_hops(HostId from) const {
  const auto& graph = graph_->graph;
  std::vector<std::uint32_t> hops(boost::num_vertices(graph), kUnreachable);
  const GraphVertex start = graph_->hosts.at(from);
  hops[start] = 0;
  const auto map = boost::make_iterator_property_map(hops.begin(), boost::get(boost::vertex_index, graph));
  boost::breadth_first_search(
      graph_->up(links_), start,
      boost::visitor(boost::make_bfs_visitor(boost::record_distances(map, boost::on_tree_edge())))
          .vertex_index_map(boost::get(boost::vertex_index, graph)));
  std::vector<std::uint32_t> of_hosts;
  of_hosts.reserve(hosts());
  for (const GraphVertex v : graph_->hosts) {
    of_hosts.push_back(hops[v]);
  }
  return of_hosts;
}

std::vector<Duration> Topology::host_delays(HostId from) const {
  // Directed, because a link's delay includes the switch that it leads to. Hosts are ends: they forward nothing, and
  // with one cable each they could not.
  using Weighted = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                         boost::property<boost::edge_weight_t, std::int64_t>>;
  Weighted graph(boost::num_vertices(graph_->graph));
  for (const Link& link : links_) {
    if (link.up) {
      boost::add_edge(graph_->vertex(link.from), graph_->vertex(link.to), link.delay.count(), graph);
    }
  }
  std::vector<std::int64_t> delay(boost::num_vertices(graph));
  boost::dijkstra_shortest_paths(
      graph, graph_->hosts.at(from),
      boost::distance_map(boost::make_iterator_property_map(delay.begin(), boost::get(boost::vertex_index, graph)))
          .distance_inf(std::numeric_limits<std::int64_t>::max()));
  std::vector<Duration> of_hosts;
  of_hosts.reserve(hosts());
  for (const GraphVertex v : graph_->hosts) {
    of_hosts.emplace_back(delay[v]);
  }
  return of_hosts;
}

}  // namespace knetsim
