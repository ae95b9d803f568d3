#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

// Dense indices from zero, in the order in which things were added; arrays elsewhere are indexed by them.
using HostId = std::uint32_t;
using SwitchId = std::uint32_t;
using CableId = std::uint32_t;
using LinkId =
    std::uint32_t;  ///< One direction of a cable: 2 * cable goes from its first end, 2 * cable + 1 comes back.

/// The other direction of the same cable.
constexpr LinkId reverse(LinkId link) { return link ^ 1U; }
constexpr CableId cable_of(LinkId link) { return link / 2; }
inline constexpr LinkId kNoLink = 0xffffffffU;

/// Limits of a cable; what stands below them is a mistake in units.
inline constexpr Bandwidth kMinLinkRate{10'000};
inline constexpr Bytes kMinLinkBuffer{9216};

/// A host (a cluster node's NIC) or a switch.
struct Vertex {
  enum class Kind : std::uint8_t { Host, Switch };
  Kind kind = Kind::Host;
  std::uint32_t index = 0;  ///< HostId or SwitchId
  static constexpr Vertex host(HostId id) { return {Kind::Host, id}; }
  static constexpr Vertex of_switch(SwitchId id) { return {Kind::Switch, id}; }
  constexpr bool is_host() const { return kind == Kind::Host; }
  constexpr auto operator<=>(const Vertex&) const = default;
};

/// A full-duplex cable; each direction has its own queue of `buffer` bytes at the sending end.
struct Cable {
  Bandwidth rate{};
  Duration delay{};  ///< Propagation, one way.
  Bytes buffer{};    ///< Byte limit of the queue in front of each direction, the packet being sent included.
};

/// One direction of a cable.
struct Link {
  Vertex from{};
  Vertex to{};
  Bandwidth rate{};
  Duration delay{};  ///< Propagation, and forwarding inside the switch at `to` (Switch::latency) when it is one.
  Bytes buffer{};
  bool up = true;
};

/// Hosts, switches and the cables between them. The graph beneath is Boost.Graph's, out of sight; what a hot loop reads
/// is the flat array of links(). Built once; afterwards only set_up() changes it.
class Topology {
 public:
  Topology();
  ~Topology();
  Topology(const Topology&);
  Topology& operator=(const Topology&);
  Topology(Topology&&) noexcept;
  Topology& operator=(Topology&&) noexcept;

  /// @param zone  Failure domain of the host, empty when the cluster has none.
  HostId add_host(std::string name, std::string zone = {});

  /// @param latency  What a packet spends inside the switch beside queueing and serialization.
  SwitchId add_switch(std::string name, Duration latency = {}, std::string zone = {});

  /// @throws std::invalid_argument  An end that does not exist, both ends the same, rate not above zero, buffer or
  ///                                delay below zero, or a second cable at a host (hosts have one NIC).
  CableId connect(Vertex a, Vertex b, const Cable& cable);

  /// Takes a cable down or brings it back. Routing has to be rebuilt before it shows.
  void set_up(CableId cable, bool up);

  /// Gives one direction another queue than its cable's: a host's NIC and a switch port at the two ends of one cable.
  /// @throws std::invalid_argument  Less than a jumbo frame.
  void set_buffer(LinkId link, Bytes buffer);

  std::size_t hosts() const { return host_names_.size(); }
  std::size_t switches() const { return switch_names_.size(); }
  std::size_t cables() const { return links_.size() / 2; }

  /// Every link direction, indexed by LinkId.
  std::span<const Link> links() const { return links_; }
  const Link& link(LinkId id) const { return links_[id]; }

  /// Link from the host to what it is plugged into; reverse() of it leads to the host.
  /// @throws std::out_of_range  The host has no cable.
  LinkId host_link(HostId host) const;

  const std::string& host_name(HostId host) const { return host_names_.at(host); }
  const std::string& switch_name(SwitchId id) const { return switch_names_.at(id); }
  const std::string& host_zone(HostId host) const { return host_zones_.at(host); }
  const std::string& switch_zone(SwitchId id) const { return switch_zones_.at(id); }
  Duration switch_latency(SwitchId id) const { return switch_latency_.at(id); }

  const std::string& vertex_name(Vertex v) const;

  /// "leaf-0 -> spine-1": for messages and results.
  std::string link_name(LinkId id) const;

  /// Number of parts that cannot reach each other over cables that are up (Boost.Graph connected_components).
  std::size_t components() const;

  /// @throws std::invalid_argument  Two hosts cannot reach each other; names one of each part.
  void require_connected() const;

  /// Cables on a shortest path from `from` to every host (Boost.Graph breadth_first_search), shape (hosts,);
  /// kUnreachable where there is none.
  std::vector<std::uint32_t> host_hops(HostId from) const;

  /// Propagation and switch latency along the quickest path from `from` to every host, without queueing or
  /// serialization (Boost.Graph Dijkstra), shape (hosts,); Duration::max() where there is none.
  std::vector<Duration> host_delays(HostId from) const;

  static constexpr std::uint32_t kUnreachable = 0xffffffffU;

 private:
  struct Graph;  // boost::adjacency_list
  std::unique_ptr<Graph> graph_;
  std::vector<Link> links_;
  std::vector<LinkId> host_links_;
  std::vector<std::string> host_names_, host_zones_, switch_names_, switch_zones_;
  std::vector<Duration> switch_latency_;
};

}  // namespace knetsim
