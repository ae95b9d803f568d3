#include "app/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "app/cli/terminal.h"

namespace knetsim {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kPlainSeconds = 5;

std::string left_text(double seconds) {
  if (seconds < 90) {
    return fmt::format("{:.0f} s left", seconds);
  }
  return seconds < 5400 ? fmt::format("{:.0f} min left", seconds / 60) : fmt::format("{:.1f} h left", seconds / 3600);
}

}  // namespace

std::string progress_text(const Progress& progress) {
  std::string text =
      fmt::format("{:3.0f} %  point {} of {}  {:.1f} s simulated", progress.fraction * 100,
                  std::min(progress.points_done + 1, progress.points), progress.points, progress.simulated_s);
  if (progress.wall_s > 0.2) {
    text += fmt::format("  {:.1f} M events/s", static_cast<double>(progress.events) / progress.wall_s * 1e-6);
  }
  if (progress.wall_s > 1 && progress.fraction > 0.01) {
    text += "  " + left_text(progress.wall_s * (1 - progress.fraction) / progress.fraction);
  }
  return text;
}

ProgressLine::ProgressLine(bool quiet) : terminal_(isatty(STDERR_FILENO) == 1), quiet_(quiet) {}

void ProgressLine::show(const Progress& progress) { show(progress.wall_s, progress_text(progress)); }

void ProgressLine::show(double wall_s, const std::string& text) {
  if (quiet_ || wall_s - last_shown_s_ < (terminal_ ? kRedrawSeconds : kPlainSeconds)) {
    return;
  }
  last_shown_s_ = wall_s;
  if (terminal_) {
    // A line that wraps could not be drawn over: it would fill the screen.
    fmt::print(stderr, "\r{}\x1b[K", std::string_view(text).substr(0, error_columns() - 1));
    std::fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

void ProgressLine::done() {
  if (drawn_) {
    fmt::print(stderr, "\r\x1b[K");
    drawn_ = false;
  }
}

}  // namespace knetsim
