#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include "models/workload/dial.h"
#include "sim/core/random.h"
#include "sim/core/time.h"

namespace knetsim {

/// Places that a connection wants in one table.
struct TableNeed {
  KernelLimit limit = KernelLimit::LocalPorts;
  std::uint64_t table = 0;    ///< Which of that kind.
  NodeIndex node = kNoIndex;  ///< Whose it is; kNoIndex: of no node.
  std::uint32_t room = 0;
  Duration after_close{};  ///< How long its place stays taken where the client closes.
};

/// A table that was full when a connection wanted a place in it: all of one edge and kind together.
struct Exhaustion {
  KernelLimit limit = KernelLimit::LocalPorts;
  EdgeIndex edge = 0;
  PodIndex client = kNoIndex;  ///< Of the first one ...
  /// ... and the node of that table; kNoIndex: of no node, as local ports and a NAT outside.
  NodeIndex node = kNoIndex;
  std::uint32_t room = 0;
  Duration after_close{};
  std::uint64_t connections = 0;  ///< That found it full, from the start of the run.
  Time since{};                   ///< When the first one did.
  PodIndex server = kNoIndex;     ///< Of an accept queue: whose it was.
};

/// Ports and entries that connections hold in kernels: taken when they open, and for a while after they have closed.
///
/// A conntrack table that is full drops the first packet of a new connection. Its garbage collector passes every 1 to 60 s, as
/// long as entries have left in the mean (100 of 60 s more among them), and takes closing entries out of a table that has
/// dropped one, until it is 95 % full.
/// @source Linux v6.1 net/netfilter/nf_conntrack_core.c, __nf_conntrack_alloc, gc_worker, gc_worker_can_early_drop;
///         nf_conntrack_proto_tcp.c, tcp_can_early_drop
class KernelTables {
 public:
  explicit KernelTables(RandomStreams streams) : streams_(streams) {}

  static constexpr std::size_t kMostNeeds = 6;

  /// Takes a place in each table, or in none.
  /// @return  What release() takes, 0 of no needs; or which limit was met.
  std::variant<std::uint32_t, KernelLimit> take(std::span<const TableNeed> needs, EdgeIndex edge, PodIndex client,
                                                Time now);
  /// @pre holds is not 0.
  void release(std::uint32_t holds, ConnectionEnd how, Time now);

  /// In the order of their first connections.
  const std::vector<Exhaustion>& exhausted() const { return exhausted_; }

 private:
  struct Table {
    std::uint32_t open = 0;
    std::vector<Time> ends{};        // of closed connections' places: a heap, the first to go in front
    std::optional<Time> collects{};  // when the collector of a conntrack table passes next
    bool dropped = false;            // since it passed last
  };
  struct Held {
    std::array<TableNeed, kMostNeeds> needs{};
    std::uint32_t count = 0;
  };
  Table& table_of(const TableNeed& need, Time now);
  void collect(Table& table, const TableNeed& need, Time now);
  void tell(const TableNeed& need, EdgeIndex edge, PodIndex client, Time now);

  RandomStreams streams_;
  std::array<std::unordered_map<std::uint64_t, Table>, static_cast<std::size_t>(KernelLimit::kCount)> tables_;
  std::vector<Held> held_{1};  // the first stands for nothing
  std::vector<std::uint32_t> free_;
  std::vector<Exhaustion> exhausted_;
};

}  // namespace knetsim
