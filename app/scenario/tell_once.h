#pragma once

#include <set>
#include <string>

#include "sim/input/diagnostics.h"

namespace knetsim {

/// Hands diagnostics on, each but once: what all variants of a scenario have in common is wrong in each of them.
class TellOnce {
 public:
  explicit TellOnce(Diagnostics& to) : to_(to) {}

  void tell(const Diagnostics& found) {
    for (const auto& list : {found.errors(), found.notices()}) {
      for (const Diagnostic& diagnostic : list) {
        if (told_.insert(render(diagnostic)).second) to_.add(diagnostic);
      }
    }
  }

 private:
  Diagnostics& to_;
  std::set<std::string> told_;
};

}  // namespace knetsim
