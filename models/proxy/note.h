#pragma once

#include <string>

namespace knetsim {

/// A count of rules for people: 10000 becomes "10,000".
std::string grouped(double count);

}  // namespace knetsim
