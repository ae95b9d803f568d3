#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/core/ensure.h"
#include "sim/core/event_buckets.h"
#include "sim/core/event_heap.h"
#include "sim/core/event_key.h"

namespace knetsim {

/// Pending events, popped in the total order of fires_before(). Payload is a small trivially copyable value (target,
/// kind, index): what the event means is the engine's business.
///
/// A ladder of buckets over a small heap. Events lie in one of three places, by time:
///
///     now | run + late | finest rung ... coarsest rung | top
///          sorted, heap   buckets by time, unsorted      unsorted
///
/// Only the nearest bucket is ever sorted; a bucket with more than kSorted events becomes a rung of finer buckets
/// first. So an event is appended to a bucket, moved to a finer one about log(pending)/log(4096) times and sorted among
/// a few: O(1) amortized, in streams that the cache likes, where a heap of a million touches a cold line a level. A
/// calendar queue has one bucket width and collapses when the increments disagree with it; here the widths follow from
/// the events of each bucket. What arrives for the window that is being drained goes to a heap, which is split into a
/// rung of its own when it grows. Where splitting cannot help (thousands of events at one instant) the cost is a
/// heap's.
///
/// @source Tang, Goh and Thng, "Ladder queue: an O(1) priority queue structure for large-scale discrete event
/// simulation",
///         ACM TOMACS 15(3), 2005. Departures: widths are powers of two, the bottom keeps a heap for late arrivals, and
///         a top whose events came in order (one constant delay, a trace) becomes the run as it is; the first event
///         that arrives late for it turns it into a rung.
template <class Payload>
class EventQueue {
  static_assert(std::is_trivially_copyable_v<Payload>);

 public:
  using Event = KeyedEvent<Payload>;

  /// @param sources  Entities that may schedule, numbered from 0. More are accepted when they first push.
  explicit EventQueue(std::uint32_t sources = 0) : counts_(sources, 0) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// Instant of the event that was popped last; the start of the run before that.
  Time now() const { return now_; }

  /// Instant of the first pending event, kTimeNever if there is none.
  Time next_time() {
    if (empty()) {
      return kTimeNever;
    }
    refill_if_drained();
    return run_comes_first() ? run_[run_head_].key.at : late_.front().key.at;
  }

  /// Schedules an event and gives it the next count of its source.
  /// @param at      Not before now().
  /// @param source  Entity that schedules.
  /// @throws InvariantError  `at` lies in the past, or the source's count would wrap.
  EventKey push(Time at, std::uint32_t source, const Payload& payload) {
    KNETSIM_ENSURE(at >= now_, "an event was scheduled in the past");
    if (source >= counts_.size()) {
      add_source(source);
    }
    std::uint64_t& count = counts_[source];
    KNETSIM_ENSURE(count != EventKey::kMaxCount, "a source has used up its 2^40 event counts");
    const Event event{{at, source, count++}, payload};
    ++size_;
    file(event);
    return event.key;
  }

  /// Removes and returns the first event; now() becomes its instant. @throws InvariantError  Nothing is pending.
  Event pop() {
    KNETSIM_ENSURE(!empty());
    refill_if_drained();
    --size_;
    Event first;
    if (run_comes_first()) {
      first = run_[run_head_++];
    } else {
      first = late_.front();
      late_.pop();
    }
    now_ = first.key.at;
    return first;
  }

  /// Sets how many events `source` has scheduled so far, as when a run is taken up again.
  void set_count(std::uint32_t source, std::uint64_t count) {
    if (source >= counts_.size()) {
      add_source(source);
    }
    counts_[source] = count;
  }

 private:
  using Ticks = std::uint64_t;  // times as unsigned numbers: the end of the last window is beyond Time::max()

  static constexpr std::size_t kSorted = 32;    // a bucket with more events is split; else it is sorted by counting
  static constexpr std::size_t kLate = 64;      // a heap of late arrivals with more is split into a rung
  static constexpr int kBucketBitsMax = 12;     // 4096 open buckets still write to the second-level cache
  static constexpr std::size_t kRungsMax = 24;  // each rung is at least 4 times finer than the last; then sort as it is

  /// Buckets of one width. Those before `next` are empty: drained, or split into the finer rungs.
  struct Rung {
    Ticks begin = 0;
    Ticks end = 0;
    int width_bits = 0;
    std::uint32_t next = 0;
    std::uint32_t size = 0;
    std::vector<EventBucket> buckets;  // at least `size`; kept for the next rung in this place
  };

  static Ticks ticks(const Event& event) { return static_cast<Ticks>(event.key.at.time_since_epoch().count()); }

  bool run_comes_first() const {
    return late_.empty() || (run_head_ < run_.size() && order_of(run_[run_head_].key) < order_of(late_.front().key));
  }

  void file(const Event& event) {
    const Ticks at = ticks(event);
    if (at < bottom_end_) {
      if (!run_is_stream_) {
        late_.push(event);
        if (late_.size() > late_limit_) {
          split_bottom();
        }
        return;
      }
      run_is_stream_ = false;
      bottom_to_rung();
      file(event);
      return;
    }
    for (std::size_t depth = depth_; depth-- > 0;) {
      if (at < rungs_[depth].end) {
        append(rungs_[depth], event);
        return;
      }
    }
    top_sorted_ &= at >= top_last_;
    top_.push_back(event);
    if (at == top_last_ && top_sorted_) {
      settle_tie();
    }
    top_first_ = std::min(top_first_, at);
    top_last_ = std::max(top_last_, at);
  }

  /// Puts the last of a sorted top where it belongs among those of its instant, if that is near.
  void settle_tie() {
    constexpr std::size_t kNear = 4;
    for (std::size_t i = top_.size() - 1, steps = 0; i > 0; --i, ++steps) {
      if (order_of(top_[i - 1].key) < order_of(top_[i].key)) {
        return;
      }
      if (steps == kNear) {
        top_sorted_ = false;
        return;
      }
      std::swap(top_[i - 1], top_[i]);
    }
  }

  void append(Rung& rung, const Event& event) {
    pool_.append(rung.buckets[(ticks(event) - rung.begin) >> rung.width_bits], event);
  }

  /// Opens a rung over [begin, end) with buckets for about six events each, were they spread evenly.
  Rung& open_rung(Ticks begin, Ticks end, std::size_t events) {
    Rung& rung = rungs_[depth_++];
    const int bucket_bits = std::clamp(static_cast<int>(std::bit_width(events)) - 3, 2, kBucketBitsMax);
    rung.begin = begin;
    rung.end = end;
    rung.width_bits = std::max(0, static_cast<int>(std::bit_width(end - begin - 1)) - bucket_bits);
    rung.next = 0;
    rung.size = static_cast<std::uint32_t>((end - begin - 1) >> rung.width_bits) + 1;
    if (rung.buckets.size() < rung.size) {
      rung.buckets.resize(rung.size);
    }
    std::fill_n(rung.buckets.begin(), rung.size, EventBucket{});
    return rung;
  }

  void refill_if_drained() {
    if (run_head_ == run_.size() && late_.empty()) {
      refill();
    }
  }

  /// Sorts the next bucket into the run. Only with the bottom drained and something pending.
  void refill() {
    run_.clear();
    run_head_ = 0;
    run_is_stream_ = false;
    late_limit_ = kLate;
    for (;;) {
      if (depth_ == 0) {
        if (top_.size() <= kSorted || top_sorted_) {
          run_is_stream_ = top_.size() > kSorted;
          run_.swap(top_);
          bottom_end_ = top_last_ + 1;
          if (!top_sorted_) {
            sort_run();
          }
          reset_top();
          return;
        }
        Rung& rung = open_rung(top_first_, top_last_ + 1, top_.size());
        bottom_end_ = rung.begin;
        for (const Event& event : top_) {
          append(rung, event);
        }
        top_.clear();
        reset_top();
      }
      Rung& rung = rungs_[depth_ - 1];
      while (rung.next < rung.size && rung.buckets[rung.next].size == 0) {
        ++rung.next;
      }
      if (rung.next == rung.size) {
        bottom_end_ = rung.end;
        --depth_;
        continue;
      }
      EventBucket& bucket = rung.buckets[rung.next];
      const Ticks begin = rung.begin + (Ticks{rung.next} << rung.width_bits);
      const Ticks end = std::min(rung.end, begin + (Ticks{1} << rung.width_bits));
      ++rung.next;
      if (bucket.size <= kSorted || end - begin == 1 || depth_ == kRungsMax) {
        bottom_end_ = end;
        if (bucket.size <= kSorted) {
          rank_bucket(bucket);
        } else {
          pool_.drain(bucket, [this](const Event& event) { run_.push_back(event); });
          sort_run();
        }
        if (rung.next < rung.size) {
          pool_.prefetch(rung.buckets[rung.next]);
        }
        return;
      }
      Rung& finer = open_rung(begin, end, bucket.size);
      bottom_end_ = begin;
      pool_.drain(bucket, [this, &finer](const Event& event) { append(finer, event); });
    }
  }

  void reset_top() {
    top_sorted_ = true;
    top_first_ = std::numeric_limits<Ticks>::max();
    top_last_ = 0;
  }

  void sort_run() {
    std::sort(run_.begin(), run_.end(),
              [](const Event& a, const Event& b) { return order_of(a.key) < order_of(b.key); });
  }

  /// Puts each event of a small bucket where the number of smaller ones says. Keys differ, so ranks do; and no branch
  /// depends on an order that no predictor could guess, which is what an insertion sort of so few would wait for.
  void rank_bucket(EventBucket& bucket) {
    std::array<const Event*, kSorted> events;
    std::array<EventOrder, kSorted> orders;
    std::array<std::uint32_t, kSorted> ranks;
    std::uint32_t size = 0;
    pool_.for_each(bucket, [&](const Event& event) {
      events[size] = &event;
      orders[size] = order_of(event.key);
      ++size;
    });
    for (std::uint32_t i = 0; i < size; ++i) {
      std::uint32_t rank = 0;
      for (std::uint32_t j = 0; j < i; ++j) {
        const std::uint32_t before = orders[j] < orders[i] ? 1u : 0u;
        rank += before;
        ranks[j] += 1u - before;
      }
      ranks[i] = rank;
    }
    run_.resize(size);
    for (std::uint32_t i = 0; i < size; ++i) {
      run_[ranks[i]] = *events[i];
    }
    pool_.clear(bucket);
  }

  /// Splits a bottom with many late arrivals, so that the next one is a fraction of it.
  void split_bottom() {
    const std::size_t left = run_.size() - run_head_;
    // Moving the run must be paid for by as many late arrivals, and an instant cannot be split.
    if (late_.size() < left || bottom_end_ - bottom_begin() == 1 || depth_ == kRungsMax) {
      late_limit_ = 2 * std::max(late_.size(), left);
      return;
    }
    bottom_to_rung();
  }

  Ticks bottom_begin() const {
    const Ticks run = run_head_ < run_.size() ? ticks(run_[run_head_]) : bottom_end_;
    return late_.empty() ? run : std::min(run, ticks(late_.front()));
  }

  /// Turns the bottom (run and late arrivals) into a rung.
  void bottom_to_rung() {
    const Ticks begin = bottom_begin();
    const std::size_t left = run_.size() - run_head_;
    if (left + late_.size() > 0) {
      Rung& rung = open_rung(begin, bottom_end_, late_.size() + left);
      for (const Event& event : late_.events()) {
        append(rung, event);
      }
      for (std::size_t i = run_head_; i < run_.size(); ++i) {
        append(rung, run_[i]);
      }
    }
    bottom_end_ = begin;
    late_.clear();
    run_.clear();
    run_head_ = 0;
  }

  void add_source(std::uint32_t source) {
    KNETSIM_ENSURE(source <= EventKey::kMaxSource, "more than 2^24 sources of events");
    counts_.resize(std::size_t{source} + 1, 0);
  }

  // The bottom: all events before bottom_end_.
  std::vector<Event> run_;  // sorted; those before run_head_ are gone
  std::size_t run_head_ = 0;
  bool run_is_stream_ = false;  // the run was the whole top, which had come in order
  EventHeap<Payload> late_;
  std::size_t late_limit_ = kLate;
  Ticks bottom_end_ = 0;
  // The rungs: rungs_[0] is the coarsest, rungs_[d + 1] covers the part of rungs_[d] that comes next.
  std::array<Rung, kRungsMax> rungs_;
  std::size_t depth_ = 0;
  EventBucketPool<Payload> pool_;
  // The top: all events from the end of the coarsest rung on.
  std::vector<Event> top_;
  Ticks top_first_ = std::numeric_limits<Ticks>::max();
  Ticks top_last_ = 0;
  bool top_sorted_ = true;  // each event was later than the one before

  std::size_t size_ = 0;
  Time now_ = kTimeZero;
  std::vector<std::uint64_t> counts_;
};

}  // namespace knetsim
