#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/net/ecmp.h"
#include "sim/net/topology.h"

namespace knetsim {

/// Longest path, in links: a fat tree needs six, and two are kept for what stands around one.
inline constexpr std::size_t kMaxPathLinks = 8;

/// All shortest paths (fewest hops, as eBGP or OSPF with equal costs would install) between hosts over cables that are
/// up.
///
/// Next hops are kept for each (switch, attachment switch of the destination) rather than for each pair of hosts, and
/// equal sets are stored once: 5,000 hosts on 125 leaves take 70 kB. Which of several next hops a packet takes is a
/// function of its outer header's hash and of the switch's own salt (ecmp.h), so packets of one flow keep to one path.
///
/// A path is valid as long as epoch() has not moved; who caches paths compares it.
class Routing {
 public:
  /// @param salt_seed  Two values give two independent assignments of flows to paths.
  /// @throws std::invalid_argument  Hosts that cannot reach each other, or a path longer than kMaxPathLinks.
  explicit Routing(const Topology& topology, std::uint64_t salt_seed = 0);

  /// Computes the tables anew, after cables went down or came back, and moves epoch() on. Unlike at construction a pair
  /// of hosts may have lost each other: path() then returns 0 links.
  void rebuild(const Topology& topology);

  /// Counts rebuilds. Starts at 1, so that 0 can stand for "no path yet".
  std::uint32_t epoch() const { return epoch_; }

  /// Links from `src` to `dst` in order, written to the front of `out`. Returns how many: 0 when both are the same host
  /// or when no path is left (see reachable()).
  std::size_t path(HostId src, HostId dst, std::uint64_t flow_hash, std::span<LinkId, kMaxPathLinks> out) const;

  /// False only after failures.
  bool reachable(HostId src, HostId dst) const;

  /// Links on every shortest path between the two; 0 for a host and itself, or where there is none.
  std::size_t hops(HostId src, HostId dst) const;

  /// Number of distinct shortest paths between the two (for tests and `inspect`).
  std::uint64_t path_count(HostId src, HostId dst) const;

  /// Equal-cost links by which `at` sends towards `dst`.
  std::span<const LinkId> next_hops(SwitchId at, HostId dst) const;

  /// What the tables take.
  std::size_t table_bytes() const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  struct HostEntry {
    LinkId up = kNoLink;        // to what the host is plugged into; kNoLink while that cable is down
    SwitchId attached = kNone;  // kNone: back to back with another host, or cable down
    std::uint32_t group = 0;    // dense number of the attachment switch among those that have hosts
  };
  // A set of next hops: `count` links from `first` in members_. Set 0 is empty.
  struct HopSet {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  void build(const Topology& topology);
  void fill_hosts(const Topology& topology);
  const HopSet& hops_towards(SwitchId at, std::uint32_t group) const {
    return sets_[set_of_[std::size_t{at} * groups_ + group]];
  }

  std::uint64_t salt_seed_ = 0;
  std::uint32_t epoch_ = 0;
  std::uint32_t groups_ = 0;
  std::vector<HostEntry> hosts_;        // shape (hosts,)
  std::vector<SwitchId> group_switch_;  // shape (groups,)
  std::vector<std::uint32_t> set_of_;   // shape (switches, groups), row-major: index into sets_
  std::vector<std::uint8_t> distance_;  // shape (switches, groups): links to the attachment switch, 255 for none
  std::vector<HopSet> sets_;
  std::vector<LinkId> members_;
  std::vector<std::uint32_t> link_to_;  // shape (links,): the switch or host that a link leads to
  std::vector<std::uint64_t> salts_;    // shape (switches,)
};

}  // namespace knetsim
