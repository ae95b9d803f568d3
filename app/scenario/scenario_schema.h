#pragma once

#include <string>
#include <vector>

#include "sim/input/explain.h"
#include "sim/input/path.h"

namespace knetsim {

// What there is to say about a scenario's keys, from the tables that bind it.

/// @param path  The empty one is the whole scenario. @throws ValueError  No such key; with a near name.
Explanation explain_scenario(const Path& path);
/// Every key, depth first.
std::vector<Explanation> explain_scenario_all();
/// JSON Schema (draft 7) of a scenario.
std::string scenario_schema();

}  // namespace knetsim
