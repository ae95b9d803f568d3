#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/event_key.h"

namespace knetsim {

/// An unsorted bag of events; its storage is the pool's.
struct EventBucket {
  std::uint32_t chunk = 0;  ///< Newest chunk, the only one that is not full.
  std::uint32_t size = 0;
};

/// Storage of all buckets: chunks of four cache lines, handed out and taken back. A bucket is written to and read from
/// the front of a chunk on, so that even a million events in random buckets stream through the cache.
template <class Payload>
class EventBucketPool {
 public:
  using Event = KeyedEvent<Payload>;

  void append(EventBucket& bucket, const Event& event) {
    const std::uint32_t position = bucket.size % kChunkEvents;
    if (position == 0) {
      const std::uint32_t chunk = take();
      chunks_[chunk].next = bucket.chunk;
      bucket.chunk = chunk;
    }
    chunks_[bucket.chunk].events[position] = event;
    ++bucket.size;
  }

  /// Calls visit(event) for each event, in no order that means anything, and takes the storage back.
  template <class Visit>
  void drain(EventBucket& bucket, Visit visit) {
    std::uint32_t left = bucket.size;
    std::uint32_t filled = left % kChunkEvents == 0 ? kChunkEvents : left % kChunkEvents;
    while (left > 0) {
      // A copy, because `visit` may append to other buckets: that can move the chunks or use this one again.
      const Chunk chunk = chunks_[bucket.chunk];
      chunks_[bucket.chunk].next = free_;
      free_ = bucket.chunk;
      bucket.chunk = chunk.next;
      for (std::uint32_t i = 0; i < filled; ++i) {
        visit(chunk.events[i]);
      }
      left -= filled;
      filled = kChunkEvents;
    }
    bucket = {};
  }

  /// Calls visit(event) for each event and keeps it.
  template <class Visit>
  void for_each(const EventBucket& bucket, Visit visit) const {
    std::uint32_t chunk = bucket.chunk;
    std::uint32_t left = bucket.size;
    std::uint32_t filled = left % kChunkEvents == 0 ? kChunkEvents : left % kChunkEvents;
    for (; left > 0; left -= filled, filled = kChunkEvents, chunk = chunks_[chunk].next) {
      for (std::uint32_t i = 0; i < filled; ++i) {
        visit(chunks_[chunk].events[i]);
      }
    }
  }

  /// Takes the storage back.
  void clear(EventBucket& bucket) {
    for (std::uint32_t left = bucket.size; left > 0;
         left -= left % kChunkEvents == 0 ? kChunkEvents : left % kChunkEvents) {
      const std::uint32_t chunk = bucket.chunk;
      bucket.chunk = chunks_[chunk].next;
      chunks_[chunk].next = free_;
      free_ = chunk;
    }
    bucket = {};
  }

  void prefetch(const EventBucket& bucket) const { __builtin_prefetch(&chunks_[bucket.chunk]); }

 private:
  static constexpr std::uint32_t kChunkEvents = (256 - sizeof(std::uint64_t)) / sizeof(Event);
  static_assert(kChunkEvents >= 2, "the payload is not small");

  struct alignas(64) Chunk {
    Event events[kChunkEvents];
    std::uint32_t next;  ///< Next older chunk of the bucket, or next free chunk; 0 is none.
  };

  std::uint32_t take() {
    if (free_ == 0) {
      chunks_.emplace_back();
      return static_cast<std::uint32_t>(chunks_.size() - 1);
    }
    const std::uint32_t chunk = free_;
    free_ = chunks_[chunk].next;
    return chunk;
  }

  std::vector<Chunk> chunks_ = std::vector<Chunk>(1);  // the first is never used: 0 means none
  std::uint32_t free_ = 0;
};

}  // namespace knetsim
