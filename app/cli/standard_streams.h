#pragma once

namespace knetsim {

/// Sets the process's three standard streams up, before anything else is done:
///  - a descriptor of them that is closed is opened on /dev/null, so that no file gets its number;
///  - `stderr` takes what it can: where it cannot be written, the command goes on all the same and its exit code
///  stands;
///  - `stdout` whose reader went away (a pipe to head) takes what is left without a word; other failures stay failures,
///    seen by ferror();
///  - what a terminal would obey (printable.h) is shown escaped on both. Colours and the redrawing of the progress line
///    pass on stderr alone, where texts of others come through render(), which escapes them.
/// `export` writes data to std::cout, which is not touched.
void set_up_standard_streams();

}  // namespace knetsim
