#include "app/cli/verdict_text.h"

#include <fmt/format.h>

#include <cmath>

#include "analysis/effective_sample.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

std::string percent(double fraction) {
  if (std::isinf(fraction)) return "no bound";
  const double value = fraction * 100;
  return fmt::format("{}{:.{}f} %", value < 0 ? "\u2212" : "+", std::fabs(value), std::fabs(value) < 10 ? 1 : 0);
}

std::string points(double fraction) {
  return fmt::format("{}{:.3g}", fraction < 0 ? "\u2212" : "+", std::fabs(fraction) * 100);
}

std::string share(double fraction) { return fmt::format("{:.5g} %", fraction * 100); }

std::string verdict_text(const Comparison& found, std::size_t judged) {
  switch (found.reason) {
    case VerdictReason::TooShort:
      return fmt::format("run too short ({:.0f} of {:.0f} effective: {:.1f}x as long)", found.effective, kEnoughBeyond,
                         kEnoughBeyond / found.effective);
    case VerdictReason::Unbounded:
      return "cannot tell, what failed may reach the percentile";
    case VerdictReason::SeveralJudged:
      return fmt::format("cannot tell among {} comparisons (Holm; {} alone)", judged, name_of(found.alone));
    default:
      break;
  }
  if (found.verdict == ComparisonVerdict::NotBetter) return "faster, but fails more: not better";
  if (found.verdict == ComparisonVerdict::CannotTell) {
    return fmt::format("cannot tell at \u00b1{:.1f} %", (found.interval.high - found.interval.low) * 50);
  }
  return std::string(name_of(found.verdict));
}

std::string value_text(const Slo& slo, double value) {
  if (std::isinf(value)) return "infinite";
  if (slo.is_time()) return human(Duration(std::llround(value * 1000)));
  return slo.measure == Slo::Measure::Rate ? human(Rate(value)) : share(value);
}

}  // namespace

std::string_view name_of(ComparisonVerdict verdict) {
  switch (verdict) {
    case ComparisonVerdict::Same:
      return "the same";
    case ComparisonVerdict::Better:
      return "better";
    case ComparisonVerdict::Worse:
      return "worse";
    case ComparisonVerdict::NotBetter:
      return "not better";
    case ComparisonVerdict::CannotTell:
      return "cannot tell";
    case ComparisonVerdict::NotCompared:
      break;
  }
  return "not compared";
}

std::string_view name_of(VerdictReason reason) {
  switch (reason) {
    case VerdictReason::None:
      return "";
    case VerdictReason::OneReplicate:
      return "one replicate";
    case VerdictReason::NothingToShow:
      return "nothing observed";
    case VerdictReason::LowerBound:
      return "lower bound";
    case VerdictReason::Infinite:
      return "failures reach the percentile";
    case VerdictReason::Unbounded:
      return "failures may reach the percentile";
    case VerdictReason::TooShort:
      return "run too short";
    case VerdictReason::SeveralJudged:
      break;
  }
  return "several comparisons";
}

std::string_view name_of(Holds holds) {
  return holds == Holds::Met ? "met" : holds == Holds::Missed ? "missed" : "cannot tell";
}

bool is_out_of_reach(const Comparison& of_quantile) {
  return of_quantile.effective < 1 &&
         (of_quantile.reason == VerdictReason::TooShort || of_quantile.reason == VerdictReason::OneReplicate);
}

std::string quantile_text(std::string_view what, const Comparison& found, std::size_t judged) {
  if (is_out_of_reach(found)) {
    return fmt::format("{} not compared: run too short (less than 1 of {:.0f} effective)", what, kEnoughBeyond);
  }
  switch (found.reason) {
    case VerdictReason::NothingToShow:
      return {};
    case VerdictReason::LowerBound:
      return fmt::format("{} not compared: what did not end reaches it", what);
    case VerdictReason::Infinite:
      if (std::isnan(found.change)) return fmt::format("{} not compared: failures reach it in both", what);
      return fmt::format("{} {}: {}", what,
                         found.change > 0 ? "infinite, failures reach it" : "was infinite, now finite",
                         name_of(found.verdict));
    case VerdictReason::OneReplicate:
      return fmt::format("{} {} (one replicate: no interval)", what, percent(found.change));
    default:
      break;
  }
  if (found.verdict == ComparisonVerdict::Same) return fmt::format("{} the same", what);
  return fmt::format("{} {} ({} \u2026 {}): {}", what, percent(found.change), percent(found.interval.low),
                     percent(found.interval.high), verdict_text(found, judged));
}

std::string availability_text(const Comparison& found, double base, double other, std::size_t judged) {
  if (found.verdict == ComparisonVerdict::Same || found.reason == VerdictReason::NothingToShow) return {};
  const std::string change = fmt::format("ok {} \u2192 {} of asked", share(base), share(other));
  if (found.reason == VerdictReason::OneReplicate) return change + " (one replicate: no interval)";
  const std::string verdict = found.verdict == ComparisonVerdict::CannotTell && found.reason == VerdictReason::None
                                  ? "cannot tell"
                                  : verdict_text(found, judged);
  return fmt::format("{} ({} \u2026 {} points): {}", change, points(found.interval.low), points(found.interval.high),
                     verdict);
}

std::string observed_text(const Slo& slo, const ObjectiveOutcome& outcome) {
  using Note = ObjectiveOutcome::Note;
  if (outcome.note == Note::NothingObserved) return "nothing observed";
  if (outcome.note == Note::Infinite) return "infinite, failures reach it";
  std::string observed = fmt::format("{}{}", outcome.note == Note::LowerBound && slo.is_time() ? "\u2265" : "",
                                     value_text(slo, outcome.observed));
  if (slo.measure == Slo::Measure::Maximum) return observed;
  if (outcome.interval.low <= 0 && std::isinf(outcome.interval.high)) return observed + " (no interval)";
  const std::string low = value_text(slo, std::max(0.0, outcome.interval.low));
  const std::string high = std::isinf(outcome.interval.high) ? "no bound" : value_text(slo, outcome.interval.high);
  return fmt::format("{} ({} \u2026 {})", observed, low, high);
}

}  // namespace knetsim
