#pragma once

#include <stdexcept>

namespace knetsim::lab {

/// Something about the machine keeps the lab from going on: one line that names it and, where there is one, the remedy.
class LabError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace knetsim::lab
