#include "app/cli/verdict_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli/verdict_text.h"

namespace knetsim {

std::string slo_lines(std::span<const JudgedSlo> slos) {
  struct Line {
    std::string text;
    std::size_t asked = 0;
    std::size_t met = 0;
    std::size_t missed = 0;
    std::string others;
  };
  std::vector<Line> lines;
  for (const auto& [variant, slo, found] : slos) {
    auto line = std::ranges::find(lines, slo.text, &Line::text);
    if (line == lines.end()) line = lines.insert(lines.end(), Line{.text = slo.text, .others = {}});
    ++line->asked;
    line->met += found.holds == Holds::Met ? 1U : 0U;
    line->missed += found.holds == Holds::Missed ? 1U : 0U;
    if (found.holds != Holds::Met) {
      line->others += fmt::format("{}{} {}{}", line->others.empty() ? ": " : ", ", variant,
                                  found.holds == Holds::CannotTell ? "cannot tell at " : "", observed_text(slo, found));
    }
  }
  std::string text;
  for (const Line& line : lines) {
    text += fmt::format("SLO  {} {} in {} of {} variants{}\n",
                        line.met == line.asked ? "\u2713"
                        : line.missed > 0      ? "\u2717"
                                               : "?",
                        line.text, line.met, line.asked, line.others);
  }
  return text;
}

std::string comparison_lines(std::span<const std::string_view> variants, std::span<const double> ok_shares,
                             std::span<const VariantComparison> found, std::size_t judged, std::size_t name_width) {
  std::string text;
  for (std::size_t v = 1; v < variants.size(); ++v) {
    const VariantComparison& one = found[v - 1];
    std::string line;
    for (const std::string& part :
         {quantile_text("connect p99", one.connect_p99, judged), quantile_text("request p99", one.request_p99, judged),
          availability_text(one.availability, ok_shares[0], ok_shares[v], judged)}) {
      if (!part.empty()) line += (line.empty() ? "" : ", ") + part;
    }
    text += fmt::format("  {:<{}}{}\n", variants[v], name_width - 2, line.empty() ? "nothing to compare" : line);
  }
  return text;
}

}  // namespace knetsim
