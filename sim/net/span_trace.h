#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/time.h"

namespace knetsim {

/// A resource that a request visits.
struct SpanPlace {
  enum class Kind : std::uint8_t {
    None,    ///< No resource: a wait for acknowledgements, a timer.
    Thread,  ///< The core on which the burst under way runs, which is known when it has run.
    Core,
    Link,
    Owner,  ///< A place of whoever owns the messages: its own index.
  };
  Kind kind = Kind::None;
  std::uint32_t index = 0;
};

/// One entry of a request's account, and where it was made.
struct SpanVisit {
  std::uint16_t step = 0;  ///< A KindIndex, or kMaxKinds + a Wait.
  SpanPlace place;
  Duration span{};
};

/// Everything that a request's time split is a sum of, one after the other in the order of time: without gaps the
/// visits fill the time from its start to its end. Only a few requests carry one.
struct SpanTrace {
  std::uint64_t rank = 0;  ///< Of the request among those that may be kept; the sampler's.
  std::uint32_t slot = 0;  ///< Of the trace; the sampler's.
  SpanPlace place;         ///< Where the entries that come next are made.
  std::vector<SpanVisit> visits;

  void note(std::uint16_t step, Duration span) {
    if (span > Duration::zero()) {
      visits.push_back({step, place, span});
    }
  }
  /// A burst has run on `core`: its entries were made there, and the last `waits` of them, its waits and the wake-up,
  /// came before the others.
  void settle(std::uint32_t core, std::size_t waits) {
    auto first = visits.end();
    while (first != visits.begin() && (first - 1)->place.kind == SpanPlace::Kind::Thread) {
      --first;
      first->place = {SpanPlace::Kind::Core, core};
    }
    std::rotate(first, visits.end() - static_cast<std::ptrdiff_t>(waits), visits.end());
  }
};

}  // namespace knetsim
