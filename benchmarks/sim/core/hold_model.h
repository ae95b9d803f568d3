#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <vector>

#include "sim/core/event_key.h"
#include "sim/core/random.h"

namespace knetsim::bench {

/// What an engine's event carries: enough to find the entity and to say what happened.
struct HoldPayload {
  std::uint32_t target;
  std::uint16_t kind;
  std::uint16_t detail;
  std::uint64_t index;
};

inline constexpr std::uint32_t kHoldSources = 4096;

/// Laws of the increment between an event and the one that it schedules.
enum class Increments { kExponential, kUniform, kBimodal, kConstant, kMixed };
inline constexpr std::array kIncrementNames = {"exponential", "uniform", "bimodal", "constant", "mixed"};

/// 65,536 increments of the law, in picoseconds, drawn beforehand so that no generator is measured.
inline std::vector<std::int64_t> draw_increments(Increments law) {
  RngStream rng = RandomStreams(1).get("increments", static_cast<std::uint64_t>(law));
  std::vector<std::int64_t> increments(std::size_t{1} << 13);
  for (std::int64_t& increment : increments) {
    const double u = rng.uniform();
    const double v = rng.uniform();
    double ps = 0;
    switch (law) {
      case Increments::kExponential:
        ps = -1e8 * std::log(u);
        break;
      case Increments::kUniform:
        ps = 2e8 * u;
        break;
      case Increments::kBimodal:  // a tenth of the events are timers far ahead
        ps = u < 0.9 ? 1e7 * v : 1e11 + 1e9 * v;
        break;
      case Increments::kConstant:
        ps = 1e8;
        break;
      case Increments::kMixed:  // protocol work: at this instant, soon, or a 200 ms timer
        ps = u < 0.3 ? 0 : u < 0.9 ? 2e8 * v : 2e11;
        break;
    }
    increment = static_cast<std::int64_t>(ps);
  }
  return increments;
}

/// The reference: std::priority_queue of the same key and payload, ordered by the same function.
class PriorityQueue {
 public:
  using Event = KeyedEvent<HoldPayload>;
  explicit PriorityQueue(std::uint32_t sources) : counts_(sources) {}
  void push(Time at, std::uint32_t source, const HoldPayload& payload) {
    queue_.push({{at, source, counts_[source]++}, payload});
  }
  Event pop() {
    const Event first = queue_.top();
    queue_.pop();
    return first;
  }

 private:
  struct FiresAfter {
    bool operator()(const Event& a, const Event& b) const { return fires_before(b.key, a.key); }
  };
  std::priority_queue<Event, std::vector<Event>, FiresAfter> queue_;
  std::vector<std::uint32_t> counts_;
};

/// The hold model: a constant number of pending events; each that fires is read and schedules one.
/// @source Jones, "An empirical comparison of priority-queue and event-set implementations", CACM 29(4), 1986.
template <class Queue>
class Hold {
 public:
  Hold(Increments law, std::size_t pending) : queue_(kHoldSources), increments_(draw_increments(law)) {
    RngStream rng = RandomStreams(2).get("sources", 0);
    for (std::size_t i = 0; i < pending; ++i) {
      const auto source = static_cast<std::uint32_t>(rng.below(kHoldSources));
      // Staggered starts: constant increments are a train of phases then, not one instant.
      const auto phase = static_cast<std::int64_t>(rng.below(100'000'000));
      queue_.push(Time(Duration(increments_[next_++ % increments_.size()] + phase)), source, {source, 1, 2, i});
    }
    run(3 * pending);
  }

  void run(std::size_t events) {
    for (std::size_t i = 0; i < events; ++i) {
      const auto event = queue_.pop();
      sum_ += event.payload.index + event.payload.kind;
      const std::uint32_t source =
          (event.payload.target * 1664525u + 1013904223u + static_cast<std::uint32_t>(next_)) % kHoldSources;
      queue_.push(event.key.at + Duration(increments_[next_++ % increments_.size()]), source,
                  {source, 1, 2, event.payload.index});
    }
  }

  /// Equal for two queues that pop in the same order.
  std::uint64_t sum() const { return sum_; }

 private:
  Queue queue_;
  std::vector<std::int64_t> increments_;
  std::size_t next_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace knetsim::bench
