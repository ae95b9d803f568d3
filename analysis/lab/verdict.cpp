#include "analysis/lab/verdict.h"

#include <cmath>

namespace knetsim::lab {

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Met:
      return "met";
    case Verdict::Missed:
      return "missed";
    case Verdict::CannotTell:
      return "cannot tell";
    case Verdict::NoModel:
      return "no model";
  }
  return "";
}

Verdict judge(double predicted, const Estimate& figure, double slack) {
  const auto within = [&](double value) { return std::abs(predicted - value) <= slack; };
  const bool low = within(figure.low);
  const bool high = within(figure.high);
  if (low && high) return Verdict::Met;
  const bool between = figure.low <= predicted && predicted <= figure.high;
  return low || high || between || within(figure.value) ? Verdict::CannotTell : Verdict::Missed;
}

void VerdictCount::add(Verdict verdict) {
  switch (verdict) {
    case Verdict::Met:
      ++met;
      return;
    case Verdict::Missed:
      ++missed;
      return;
    case Verdict::CannotTell:
      ++untold;
      return;
    case Verdict::NoModel:
      ++unmodelled;
  }
}

}  // namespace knetsim::lab
