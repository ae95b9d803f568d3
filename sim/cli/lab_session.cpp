#include "sim/cli/lab_session.h"

#include <fmt/format.h>

#include <chrono>

#include "analysis/lab/lab_error.h"
#include "sim/cli/progress.h"
#include "sim/experiment/scenario.h"
#include "sim/input/read_documents.h"

namespace knetsim {

CostProfile read_profile(const std::string& path) {
  InputSet inputs;
  Diagnostics diagnostics;
  const Document document = read_document(inputs.open(path.empty() ? installed_config("profiles/default.yaml") : path));
  CostProfile profile = read_cost_profile(document.root(), diagnostics);
  diagnostics.throw_if_errors();
  return profile;
}

lab::Surroundings enter_lab(const CommandContext& context) {
  if (const std::string why = lab::lab_impossible(); !why.empty()) throw lab::LabError(why);
  lab::Surroundings here = lab::look_around();
  for (const std::string& note : here.notes) {
    if (context.says(LogLevel::Warning)) fmt::print(stderr, "note: {}\n", note);
  }
  return here;
}

std::vector<lab::Measured> measure_shown(const std::vector<lab::LabCase>& cases, const lab::Surroundings& here,
                                         std::uint32_t rounds, const CommandContext& context) {
  ProgressLine progress(!context.says(LogLevel::Warning));
  const auto begin = std::chrono::steady_clock::now();
  const auto show = [&](double fraction, const std::string& what) {
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    progress.show(wall_s, fmt::format("{:3.0f} %  {}", 100 * fraction, what));
  };
  auto measured = lab::measure(cases, {.cpus = here.cpus, .rounds = rounds, .on_progress = show});
  progress.done();
  return measured;
}

std::string machine_text(const lab::Surroundings& here) {
  return fmt::format("{}, Linux {}", here.processor, here.kernel);
}

std::string noise_warning(double noise_floor) {
  // Half the tolerance of the verification: with more, hardly anything can be told.
  constexpr double kQuiet = 0.075;
  return noise_floor <= kQuiet ? "" : ": too much to tell apart what differs by less; try again on a quiet machine";
}

}  // namespace knetsim
