#pragma once

#include <string>

#include "analysis/recorded.h"

namespace knetsim {

/// A line for each limit of a kernel that a variant's connections met: how many, from when on, whose, and how large it is.
std::string limit_lines(const Recorded& recorded);

}  // namespace knetsim
