#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/core/time.h"
#include "sim/core/units.h"
#include "sim/net/link_framing.h"
#include "sim/net/topology.h"

namespace knetsim {

/// A run of packets on its way, as one hop hands it to the next. A hop can forward the first packet at `head` and has
/// the last one at `tail`; between the two the packets come at an even pace. At the sender the whole message is there
/// at once: head = tail = now.
struct Train {
  PacketTrain size{};
  Time head{};
  Time tail{};
};

/// What became of a train at one link.
struct LinkVisit {
  Train out;  ///< Its survivors at the far end, propagation and switch latency included: the next visit's argument.
  /// The visit's share of the way of the last packet: out.tail - train.tail = wait + service + the link's delay. Summed
  /// over a path they are the message's time; the bytes beyond the first packet are in `service` once, at the slowest
  /// hop.
  Duration wait{};
  Duration service{};
  Time departed{};           ///< The last packet has left the near end.
  std::uint32_t lost = 0;    ///< Packets that did not fit into the queue.
  std::uint32_t marked = 0;  ///< Packets that met a queue above the ECN threshold; 0 when none is set.
};

/// Counters of one link direction at an instant, from the start of the run but for queue_max. offered = sent + dropped
/// + queued, always.
struct LinkCounters {
  Bytes offered;
  Bytes sent;
  Bytes dropped;
  Bytes queued;  ///< Taken in and not yet sent, to the byte; of a train in arrival all of it.
  std::uint64_t packets_offered = 0;
  std::uint64_t packets_dropped = 0;
  std::uint64_t packets_marked = 0;
  Duration busy{};  ///< Time spent sending.
  Bytes
      queue_max;  ///< Longest queue that a train met or made since begin_window(); 0: every packet found the link free.
};

/// Every link direction as a FIFO that knows a departure when work arrives, so that a visit costs one event.
///
/// A train's visit is a small algebra on (head, tail), see visit(). It is exact for trains of equal packets over any
/// number of hops of any rates when they meet at the sender only or not at all. Where trains from several senders meet,
/// the queue is a fluid that knows what has arrived and what is still to come: a short train that arrives in the middle
/// of a long one waits for the part of it that is there, not for all of it. Two trains in arrival are kept apart for
/// each link; further ones are merged with the one that ends nearest.
///
/// What comes after a train's head has been served is not known to it: a long train does not see short ones slip in
/// between its packets, hence completes too early under load. Sending messages in pieces (PacketTrain::take_front())
/// bounds that. Measured against packet-by-packet simulation of random traffic of 0.7 to 256 kB at 30 and 60 % load
/// (tests/sim/net/link_cross_traffic_test.cpp): messages up to 8 kB within 1.5 % in mean and p99; in pieces of 64 KiB
/// those of 256 kB within 5 %, those of 64 kB 7 to 13 % early; in pieces of ten packets all within 1 %.
class Links {
 public:
  /// All queues empty at time zero.
  /// @throws std::invalid_argument  A rate below 10 kbit/s, or more than a million kinds of links (rate, delay,
  /// buffer).
  explicit Links(std::span<const Link> links);

  std::size_t size() const { return state_.size(); }

  /// Sends a train over `link`. Visits of one link have to come in order of `train.head`; a head in the past of an
  /// earlier one is served as if it came with it.
  ///
  ///     start    = head + backlog                      what has arrived before goes first
  ///     done     = start + time(all) + time(what others bring in until tail)
  ///     out.head = start + time(first)                 the next hop forwards as soon as it has one packet
  ///     out.tail = max(done, tail + time(last))        bytes paid here, or at a slower hop before
  ///
  /// Tail drop: at `tail` the queue must be within its byte limit, so the packets beyond it are lost. A limit that is
  /// passed while the train still arrives lets some packets through as the queue drains.
  LinkVisit visit(LinkId link, const Train& train);

  /// Time to put `size` on the wire of `link`: serialization(), without its division. Equal to it where one byte takes
  /// a whole number of picoseconds (all Ethernet rates), else at most 1 ps less.
  Duration service_time(LinkId link, Bytes size) const { return service_time(kind_of(link), size); }

  /// Whether so much is queued or on its way here that the queue, with this train, may come to overflow: the train's
  /// packets then have to meet it one by one, among those of others, to be dropped as they would be.
  /// @param train  Its head is not before the latest visit's.
  bool crowded(LinkId link, const Train& train);

  /// Work in front of a packet that would arrive now. @param now  Not before the latest visit, else taken as that.
  Duration backlog(LinkId link, Time now) const;

  /// All work taken in and not yet done at `now`, whether its packets have arrived or not.
  Duration booked(LinkId link, Time now) const;

  /// Occupies the link for `size` bytes that no train carries (the ACKs of a message, what a fluid flow is owed).
  void book(LinkId link, Time now, Bytes size);

  /// Packets that meet a longer queue than this are marked. Zero: no marking.
  void set_ecn_threshold(LinkId link, Bytes threshold);

  LinkCounters counters(LinkId link, Time now) const;

  /// The maxima of queues begin anew. What stands in a queue at `now` counts, as does what it grows to by trains that
  /// are still arriving. A queue is forgotten that trains neither met nor made: that of book() alone, or a lone
  /// packet's.
  void begin_window(Time now);

  /// Time that `link` has spent sending until `now`: the integral of its utilization.
  Duration busy(LinkId link, Time now) const;

 private:
  // What links of one kind share; a fabric has a handful of kinds.
  struct Kind {
    std::uint64_t byte_time_q32 = 0;  // picoseconds per byte, 32 fractional bits
    Duration delay{};
    Duration queue_limit{};    // time that the byte limit takes to drain
    Duration ecn_threshold{};  // zero: none
    bool operator==(const Kind&) const = default;
  };
  // Packets on their way to the queue: `work` comes in evenly from now until `end`. No work: free for another train.
  struct Arrival {
    Time end{};
    Duration work{};
  };
  // One cache line: all that a visit touches unless it meets a queue. At 5,000 hosts the links fill most of an L2
  // cache.
  struct alignas(64) State {
    Time now{};          // to which the two below refer
    Duration backlog{};  // work that has arrived and not been done
    std::array<Arrival, 2> arrivals{};
    std::int64_t bytes = 0;  // accepted, as are the packets
    std::uint64_t packets : 44 = 0;
    std::uint64_t kind : 20 = 0;
  };
  static_assert(sizeof(State) == 64);
  struct Rare {
    Duration queue_max{};
    std::int64_t lost_bytes = 0;
    std::uint64_t lost_packets = 0;
    std::uint64_t marked_packets = 0;
  };
  static Duration service_time(const Kind& kind, Bytes size) {
    // The fraction is rounded up; 128 bits because 2^31 bytes at 1 Gbit/s already pass 64 with the 32 fractional ones.
    return Duration(
        static_cast<std::int64_t>((Int128{size.count()} * static_cast<Int128>(kind.byte_time_q32) + 0xffffffff) >> 32));
  }
  const Kind& kind_of(LinkId link) const { return kinds_[state_[link].kind]; }
  void set_kind(LinkId link, const Kind& kind);
  static Bytes bytes_in(const Kind& kind, Duration time);
  static void advance(State& state, Time now);
  static void add_arrival(State& state, Arrival arrival);
  static void drop(const Kind& kind, Rare& rare, Train& train, Duration excess, LinkVisit& visit);
  static void mark(Duration threshold, Rare& rare, Duration at_head, Duration at_tail, LinkVisit& visit);

  std::vector<State> state_;
  std::vector<Rare> rare_;
  std::vector<Kind> kinds_;
};

}  // namespace knetsim
