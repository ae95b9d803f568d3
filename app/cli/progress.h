#pragma once

#include <string>

#include "app/experiment/experiment.h"

namespace knetsim {

/// Shows on standard error how far a run has come: one line that is redrawn on a terminal, a plain line every few
/// seconds elsewhere, nothing when quiet.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  void show(const Progress& progress);
  /// Any text. @param wall_s  Since the beginning: a line that comes too soon after the last one is left out.
  void show(double wall_s, const std::string& text);
  /// Wipes the redrawn line.
  void done();

 private:
  bool terminal_ = false;
  bool quiet_ = false;
  double last_shown_s_ = 0;
  bool drawn_ = false;
};

/// "37 %  point 9 of 35  3.2 s simulated  4.1 M events/s  12 s left"
std::string progress_text(const Progress& progress);

}  // namespace knetsim
