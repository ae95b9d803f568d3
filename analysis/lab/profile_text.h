#pragma once

#include <string>
#include <vector>

#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A cost profile as YAML that read_cost_profile() reads back: the same figures to a picosecond, which is what
/// durations in files are read to.
/// @param comment  Lines that open the file.
std::string profile_text(const CostProfile& profile, const std::vector<std::string>& comment);

}  // namespace knetsim::lab
