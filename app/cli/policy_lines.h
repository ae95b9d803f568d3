#pragma once

#include <string>

#include "analysis/recorded.h"

namespace knetsim {

/// A line for each call of a variant whose connections network policies denied: how many, from when on, and by which of them.
std::string policy_lines(const Recorded& recorded);

}  // namespace knetsim
