#pragma once

namespace knetsim::lab {

/// Whether this process is the first one of the lab's guest: guest_image() makes knetsim its /init.
bool is_guest_init(const char* program_name);

/// What the first process of the guest does: mounts the kernel's file systems, loads the modules, runs the payload with
/// the first serial port as its terminal, sends what it left as result to the second one, and ends the machine.
/// Never returns.
[[noreturn]] void guest_init();

}  // namespace knetsim::lab
