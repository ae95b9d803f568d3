#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/core/time.h"

namespace knetsim {

/// Segments of a message in a row, counted from its first.
struct SegmentRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// What both ends of a transfer know of each segment, from the transfer's first loss on: what the receiver holds, what
/// of that the sender has heard, what it takes for lost and what it has sent again. Each segment is touched a fixed
/// number of times for each time it is sent.
/// @source RFC 6675, sections 3 and 4 (the scoreboard, IsLost, pipe); RFC 8985, section 6 (by time of sending).
class Scoreboard {
 public:
  static constexpr std::uint32_t kDupThresh = 3;

  Scoreboard() = default;
  /// @param una   First segment that is not acknowledged.
  /// @param next  First segment that was not sent yet.
  /// @param held  First segment that the receiver lacks; what it holds before that came in order.
  /// @param sent  When the segments between the first two left.
  Scoreboard(std::uint32_t una, std::uint32_t next, std::uint32_t held, Time sent);

  std::uint32_t una() const { return una_; }
  std::uint32_t next() const { return next_; }
  std::uint32_t outstanding() const { return next_ - una_; }
  /// Acknowledged selectively, beyond `una`.
  std::uint32_t sacked() const { return sacked_; }
  /// Segments under way as far as the sender can tell: RFC 6675, SetPipe().
  std::uint32_t pipe() const { return next_ - una_ - sacked_ - lost_; }

  /// Segments leave, new ones (from `next` on) or such as were sent before.
  void sent(SegmentRange range, Time now);
  /// A queue dropped them: known to nobody but the simulator. See needed().
  void dropped(SegmentRange range);
  /// @return Whether every segment of the range has been dropped since it was sent last.
  bool needed(SegmentRange range) const;

  /// The receiver takes segments in. @return How many of them it did not hold yet.
  std::uint32_t take_in(SegmentRange range);

  /// The sender hears that the receiver holds them. @return How many of them it did not know of yet.
  std::uint32_t acknowledge(SegmentRange range);

  /// Marks as lost what has `kDupThresh` acknowledged segments above it and was sent once: RFC 6675, IsLost().
  /// @return Whether there was any.
  bool judge_by_count();
  /// Marks as lost what left until `sent_by` and before the acknowledged segment that left last: RFC 8985,
  /// RACK_detect_loss(). @return Whether there was any.
  bool judge_by_order(Time sent_by = Time::max());
  /// When the first segment left that such a one has overtaken, if any has been.
  std::optional<Time> overtaken();

  /// A timeout: all that is not acknowledged is lost, and may be judged again.
  void lose_all();

  /// The first run of lost segments, at most `limit` of them; empty where none is lost.
  SegmentRange first_lost(std::uint32_t limit);
  /// The highest segment that is not acknowledged. @pre outstanding() > 0.
  std::uint32_t last_unacknowledged() const;

 private:
  enum Flag : std::uint8_t { kHeld = 1, kAcknowledged = 2, kLost = 4, kResent = 8, kDropped = 16 };
  struct Segment {
    std::uint32_t order = 0;  ///< Of its last sending, among all sendings.
    std::uint8_t flags = 0;
  };
  Segment& at(std::uint32_t segment) { return segments_[segment - base_]; }
  const Segment& at(std::uint32_t segment) const { return segments_[segment - base_]; }
  void lose(std::uint32_t segment);
  void advance();

  std::vector<Segment> segments_;  // [base_, next_)
  std::uint32_t base_ = 0;
  std::uint32_t una_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t sacked_ = 0;
  std::uint32_t lost_ = 0;
  std::uint32_t lost_from_ = 0;             // no lost segment is below
  std::uint32_t judged_ = 0;                // below, judge_by_count() has looked
  std::uint32_t highest_[kDupThresh] = {};  // highest acknowledged segments, plus one, descending
  struct Sending {
    std::uint32_t segment = 0;
    Time at{};
  };
  std::deque<Sending> sendings_;                 // in order ...
  std::uint32_t first_sending_ = 1;              // ... the order of the first of these
  std::uint32_t newest_acknowledged_order_ = 0;  // among the segments that were heard of
};

}  // namespace knetsim
