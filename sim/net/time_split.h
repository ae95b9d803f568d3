#pragma once

#include <array>
#include <cstdint>

#include "sim/core/time.h"
#include "sim/net/plan.h"
#include "sim/net/span_trace.h"

namespace knetsim {

/// What a message or a burst can wait for.
enum class Wait : std::uint8_t {
  RunQueue,    ///< for a core, other threads running
  Preempted,   ///< softirq work on the thread's core went first
  Throttled,   ///< the group's CPU quota was spent
  Worker,      ///< for a free worker of the application
  Connection,  ///< for a connection of a pool that has as many as it may
  Lookup,      ///< for a call that the caller makes first: the look-up of the server's name
  Softirq,     ///< behind other packets on the receive core
  LinkQueue,   ///< behind other packets at a link
  Window,      ///< for acknowledgements: slow start, and earlier pieces of the same message on their way
  Recovery,    ///< lost packets to be sent again
  GivenUp,     ///< in attempts that ended at their timeout, for what nobody can say
  kCount
};
inline constexpr std::size_t kWaits = static_cast<std::size_t>(Wait::kCount);

/// Where the time of one request went: service by kind of work and waiting by cause, in picoseconds. At the end of a
/// request the sum of all entries is its latency to the picosecond.
struct TimeSplit {
  Time clock{};  ///< Everything before this instant is accounted for.
  std::array<std::int64_t, kMaxKinds> service{};
  std::array<std::int64_t, kWaits> wait{};
  SpanTrace* trace = nullptr;  ///< Of a request whose visits are kept one by one.

  void serve(KindIndex kind, Duration span) {
    service[kind] += span.count();
    if (trace != nullptr) [[unlikely]] {
      trace->note(kind, span);
    }
  }
  void hold(Wait cause, Duration span) {
    wait[static_cast<std::size_t>(cause)] += span.count();
    if (trace != nullptr) [[unlikely]] {
      trace->note(static_cast<std::uint16_t>(kMaxKinds + static_cast<std::size_t>(cause)), span);
    }
  }
  /// Accounts for all from `clock` to `now` as waiting.
  void hold_until(Wait cause, Time now) {
    if (now > clock) {
      hold(cause, now - clock);
      clock = now;
    }
  }
  Duration total() const {
    std::int64_t sum = 0;
    for (const std::int64_t span : service) sum += span;
    for (const std::int64_t span : wait) sum += span;
    return Duration(sum);
  }
  /// Adds the sums of another; its clock and its visits are not taken over.
  TimeSplit& operator+=(const TimeSplit& other) {
    for (std::size_t i = 0; i < kMaxKinds; ++i) service[i] += other.service[i];
    for (std::size_t i = 0; i < kWaits; ++i) wait[i] += other.wait[i];
    return *this;
  }
  /// Takes away the sums of a part of it.
  TimeSplit& operator-=(const TimeSplit& part) {
    for (std::size_t i = 0; i < kMaxKinds; ++i) service[i] -= part.service[i];
    for (std::size_t i = 0; i < kWaits; ++i) wait[i] -= part.wait[i];
    return *this;
  }
};

/// As long as it lives, what is added to the split is noted as of `place`.
class PlaceScope {
 public:
  /// @param split  May be null.
  PlaceScope(TimeSplit* split, SpanPlace place) : trace_(split == nullptr ? nullptr : split->trace) {
    if (trace_ != nullptr) [[unlikely]] {
      trace_->place = place;
    }
  }
  PlaceScope(const PlaceScope&) = delete;
  PlaceScope& operator=(const PlaceScope&) = delete;
  ~PlaceScope() {
    if (trace_ != nullptr) [[unlikely]] {
      trace_->place = {};
    }
  }

 private:
  SpanTrace* trace_;
};

}  // namespace knetsim
