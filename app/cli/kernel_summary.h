#pragma once

#include <string>

namespace knetsim {

/// What the record of a real kernel beside the program (configs/validation/kernel/measured.json) says of the profile
/// measured with it, as a page's section: verdicts by kind, and the order of modes. Empty: there is no record.
std::string kernel_summary();

}  // namespace knetsim
