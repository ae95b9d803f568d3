#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/digest.h"
#include "sim/core/event_queue.h"
#include "sim/core/time.h"

namespace knetsim {

/// Who handles an event, and with which arguments. What `kind`, `a` and `b` mean is the handler's affair.
struct Event {
  std::uint16_t handler = 0;
  std::uint16_t kind = 0;
  std::uint32_t a = 0;
  std::uint64_t b = 0;
};

/// A part of the simulation that events are addressed to. Handlers schedule; they do not call across entities.
class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void on_event(Time now, const Event& event) = 0;
};

/// The simulated clock: pops events in the order of (time, source, the source's own count) and hands them out.
class Scheduler {
 public:
  /// @param sources  Number of entities that schedule; they are numbered 0 .. sources - 1.
  explicit Scheduler(std::uint32_t sources) : queue_(sources) {}

  /// Registers a part; the result goes into Event::handler.
  std::uint16_t add(EventHandler& handler) {
    handlers_.push_back(&handler);
    return static_cast<std::uint16_t>(handlers_.size() - 1);
  }

  Time now() const { return now_; }
  std::uint64_t events() const { return events_; }
  std::size_t pending() const { return queue_.size(); }

  /// @param at  Not before now().
  void schedule(Time at, std::uint32_t source, const Event& event) { queue_.push(at, source, event); }

  /// Adds the key of every event that fires from now on to `digest`, which outlives the run.
  void digest_into(RunDigest& digest) { digest_ = &digest; }

  /// Handles every event before `end`, then moves the clock to `end`; to now() where stop() was called on the way.
  /// @return false when `limit` events were handled first.
  bool run_until(Time end, std::uint64_t limit = ~std::uint64_t{0}) {
    until_ = end;
    return digest_ == nullptr ? run<false>(limit) : run<true>(limit);
  }

  /// From within a handler: run_until() returns after this event.
  void stop() { until_ = now_; }

 private:
  template <bool kDigest>
  bool run(std::uint64_t limit) {
    while (!queue_.empty() && queue_.next_time() < until_) {
      if (limit-- == 0) {
        return false;
      }
      const auto fired = queue_.pop();
      now_ = fired.key.at;
      ++events_;
      if constexpr (kDigest) {
        digest_->add(fired.key);
      }
      handlers_[fired.payload.handler]->on_event(now_, fired.payload);
    }
    now_ = until_;
    return true;
  }

  EventQueue<Event> queue_;
  std::vector<EventHandler*> handlers_;
  Time now_{};
  Time until_{};
  std::uint64_t events_ = 0;
  RunDigest* digest_ = nullptr;
};

}  // namespace knetsim
