#include "analysis/lab/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "analysis/lab/lab_error.h"
#include "analysis/lab/profile_text.h"

namespace knetsim::lab {
namespace {

constexpr const char* kWhatItIs =
    "What each step of a packet's walk costs on this machine, measured by 'knetsim calibrate' in network namespaces.";
constexpr std::size_t kFewestCases = 20;  // a kernel without any rules has 31

}  // namespace

Calibration calibrated(const MeasurementRecord& record, const CostProfile& before) {
  std::vector<Measured> measured;
  std::ranges::copy_if(record.measured, std::back_inserter(measured),
                       [](const Measured& one) { return !one.held_out; });
  if (measured.size() < kFewestCases) {
    throw LabError(fmt::format("{} datapaths of a calibration: too few to fit costs to", measured.size()));
  }
  const CostFit fit = fit_costs(measured, before);
  Calibration calibration{.before = before,
                          .profile = fitted_profile(before, fit, "measured"),
                          .fit = fit,
                          .shapes = {},
                          .cases = measured.size(),
                          .noise_floor = noise_floor(measured),
                          .complaints = complaints(record.noise.value_or(MachineNoise{}))};
  calibration.shapes = fit_shapes(measured, calibration.profile);
  apply_shapes(calibration.shapes, measured, "measured", calibration.profile);
  calibration.profile.name = "measured";
  calibration.profile.machine = record.machine.text();
  return calibration;
}

std::string profile_text(const Calibration& of) {
  std::vector<std::string> comment = {
      kWhatItIs, fmt::format("{}. {} datapaths and operations, measured in turn.", of.profile.machine, of.cases),
      fmt::format("Fitted at once by least squares; what is left: {:.1f} % root mean square. Noise of the machine: "
                  "{:.1f} % of a median.",
                  100 * of.fit.residual, 100 * of.noise_floor)};
  for (const std::string& line : of.complaints) comment.push_back("NOT TO BE RELIED ON: " + line + ".");
  comment.emplace_back();
  comment.emplace_back(
      "A cable between namespaces has no NIC: drivers, NICs, interrupts and queues are those of the profile");
  comment.push_back(
      fmt::format("'{}', as is all else that no datapath here has. '+-' is one standard error.", of.before.name));
  return profile_text(of.profile, comment);
}

}  // namespace knetsim::lab
