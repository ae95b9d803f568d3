#pragma once

#include <span>
#include <string>

#include "sim/input/document.h"

namespace knetsim {

/// The scenario after the assignments, as YAML, with the default of every key that is not given written out: what ran,
/// also for a version whose defaults are others. A run of this text, put beside the scenario, gives the same results,
/// and its own resolved text is the text itself. Variants stay overrides. Keys without a default of their own, and
/// those that a shorthand leaves no room for, stay out.
/// @param sets  "path=value"; known to be good.
std::string resolved_scenario(const Document& scenario, std::span<const std::string> sets);

}  // namespace knetsim
