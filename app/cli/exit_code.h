#pragma once

/// What the program's exit codes mean; the help text lists them.
namespace knetsim::exit_code {

inline constexpr int kDone = 0;
inline constexpr int kInternal = 1;       ///< A mistake of ours.
inline constexpr int kUsage = 2;          ///< A mistake on the command line.
inline constexpr int kConfig = 3;         ///< A mistake in a scenario, manifest or profile.
inline constexpr int kUnsupported = 4;    ///< With --strict: understood, but not modelled.
inline constexpr int kResults = 5;        ///< A results file or its folder, or standard output, cannot be used.
inline constexpr int kSurroundings = 6;   ///< The machine does not allow what was asked: not root, no namespaces ...
inline constexpr int kSloFailed = 10;     ///< An objective is missed.
inline constexpr int kSloUndecided = 11;  ///< With --strict: none is missed, but one cannot be told.
inline constexpr int kSignal = 128;       ///< Plus the signal that stopped a run: 130 after Ctrl-C, 143 after SIGTERM.

}  // namespace knetsim::exit_code
