#include "models/workload/backlog.h"

#include <algorithm>
#include <cmath>

namespace knetsim {

Backlog::Backlog(Time begin, Time end) : begin_(begin), end_(end), next_(begin) {}

void Backlog::pass_marks(Time now) {
  while (next_ <= now) {
    marks_.push_back(in_system_);
    const auto passed = static_cast<std::int64_t>(marks_.size());
    const auto length = static_cast<Int128>((end_ - begin_).count());
    next_ = passed > kSteps ? kTimeNever : begin_ + Duration(static_cast<std::int64_t>(length * passed / kSteps));
  }
}

bool Backlog::grows() const {
  if (marks_.size() <= kSteps || ended_ == 0) {
    return false;  // the window is not over, or of what an attempt takes nothing is known
  }
  const double seconds = to_seconds(end_ - begin_);
  const double service = static_cast<double>(unqueued_) / static_cast<double>(ended_) * 1e-12;
  const double unqueued = static_cast<double>(begun_) / seconds * service;  // Little's law
  const auto waits = [&](std::size_t mark) { return std::max(0.0, static_cast<double>(marks_[mark]) - unqueued); };
  const double growth = waits(kSteps) - waits(0);
  const double drift = (static_cast<double>(marks_[kSteps]) - static_cast<double>(marks_[0])) / kSteps;
  double squares = 0;
  for (std::size_t i = 1; i <= kSteps; ++i) {
    const double step = static_cast<double>(marks_[i]) - static_cast<double>(marks_[i - 1]);
    squares += (step - drift) * (step - drift);
  }
  const double variance = squares / (kSteps - 1) * kSteps + unqueued;  // that of the ones in service is Poisson's
  return growth > 3 * std::sqrt(variance) && growth >= 1 && waits(kSteps) - waits(kSteps / 2) > growth / 4;
}

}  // namespace knetsim
