#pragma once

#include <string>
#include <vector>

#include "analysis/lab/cost_fit.h"
#include "analysis/lab/measurement.h"
#include "analysis/lab/surroundings.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// What is measured in the emulated machine: every mode of one kernel on the same datapaths, IPVS with each of its
/// parts apart. Few rules: an emulator has no cache, so that it says nothing about scanning many; the long chains here
/// are for comparing modes, not for their costs.
std::vector<LabCase> emulated_cases(const Surroundings& here);

/// Kinds of step that an emulator may speak of: bound by instructions rather than memory, and not to be had on kernels
/// without IPVS. NAT, conntrack and tunnels are instructions too, but any kernel times them, and a profile's figures
/// for them belong together: they are fitted here, and stay as they were.
bool is_instruction_bound(StepKind kind);

/// What instruction counts say about costs.
struct EmulatedCosts {
  CostFit fit;  ///< Of counts: a "nanosecond" in it is an instruction.
  double ns_per_instruction =
      0;                       ///< Median, over the datapaths that the profile knows, of its prediction over the count.
  double ipvs_residual = 0;    ///< Of IPVS's steps, relative to what its datapaths take more: root mean square.
  double scatter = 0;          ///< Of that: standard deviation of its logarithm.
  std::uint32_t compared = 0;  ///< Datapaths and operations in it.
};

/// Finds what an instruction takes by what the profile says about the datapaths without IPVS and without long chains;
/// fits the counts of all modes but IPVS as nanoseconds are fitted, and then IPVS's steps to what its datapaths take
/// more than the same ones in iptables mode.
EmulatedCosts cost_of_instructions(const std::vector<Measured>& counted, const CostProfile& before);

/// A figure that the emulated machine gives.
struct EmulatedFigure {
  StepKind kind{};
  double instructions = 0;
  double ns = 0;
  double standard_error = 0;  ///< Of the logarithm of the count; the scale's scatter comes on top.
  double before_ns = 0;
};

/// Those of instruction-bound kinds that the counts tell apart and that nobody has measured on a real machine by this
/// lab: a figure whose source begins with "measured" stays.
std::vector<EmulatedFigure> emulated_figures(const EmulatedCosts& costs, const CostProfile& before);

/// The profile with those figures in it, each marked; all others as they were.
/// @param origin  "emulated, Linux 6.1.0-56-cloud-amd64"
CostProfile emulated_profile(const CostProfile& before, const std::vector<EmulatedFigure>& figures,
                             double ns_per_instruction, const std::string& origin);

}  // namespace knetsim::lab
