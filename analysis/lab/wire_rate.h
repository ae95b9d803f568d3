#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace knetsim::lab {

/// The command that makes a device send no faster than an Ethernet port of `mbit` Mbit/s does, packet by packet, behind
/// a queue of 1 MiB that drops at its end: preamble, frame check and gap of each packet take their time too.
/// @param mbit  At least 1.
std::string wire_rate_command(std::string_view device, std::uint32_t mbit);

}  // namespace knetsim::lab
