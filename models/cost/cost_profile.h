#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/cost/application_cost.h"
#include "models/cost/figure_source.h"
#include "models/cost/step_kind.h"
#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/explain.h"
#include "sim/input/input_file.h"
#include "sim/input/path.h"

namespace knetsim {

/// What one unit of a kind costs. Drawn as a lognormal of this median, or constant where sigma is 0.
struct Cost {
  double median_ps = 0;  ///< Per unit of the kind (StepKindInfo::unit).
  double sigma = 0;      ///< Standard deviation of the logarithm.
  FigureSource provenance;
};

/// What one rule of a table costs that is scanned from its start, by what of it is in the cache (sim/net/scan_cost.h).
struct ScanCost {
  double warm_ps = 0;
  double far_ps = 0;
  double cold_ps = 0;
  double cache_bytes = 0;
  double forget_ps = 0;
  double sigma = 0;
  FigureSource provenance;
};

/// What else a machine does while a core works on a packet: timer ticks, other interrupts, a hypervisor's turns. They
/// come at random, the more often the longer the work, and are what a tail of single operations consists of.
struct Interruptions {
  double per_second = 0;  ///< Of a core's work.
  double median_ps = 0;   ///< Of one.
  double sigma = 0;
  FigureSource provenance;
};

/// What every kind of step costs on one machine and kernel.
struct CostProfile {
  std::string name;
  std::string machine;  ///< "AMD Ryzen 9 3950X, Linux 5.10": what the figures stand for.
  std::array<Cost, kStepKinds> costs;
  std::array<std::optional<ScanCost>, kStepKinds> scans;
  std::optional<Interruptions> interruptions;  ///< Absent: the shapes of the steps hold all there is.
  /// How many times its median a step takes right after other work has displaced all from the caches; 1 where nobody
  /// measured it. Not played: medians are those of a core that does nothing else. Rule scans have their own account.
  double cold_factor = 1;
  std::string cold_source;
  ApplicationCosts applications;  ///< A document that has none takes those of its base.

  const Cost& operator[](StepKind kind) const { return costs[static_cast<std::size_t>(kind)]; }
  Cost& operator[](StepKind kind) { return costs[static_cast<std::size_t>(kind)]; }
  const std::optional<ScanCost>& scan(StepKind kind) const { return scans[static_cast<std::size_t>(kind)]; }
};

/// Reads a document of kind CostProfile. Every figure must say where it comes from, and every kind must be given,
/// unless there is a base: what the document lacks is the base's, and `base.factor` multiplies the medians of the base's
/// steps, not its scans. Mistakes go to `diagnostics`; the profile is complete only without errors.
/// @param base  What the document's `base.profile` names, read. Where it names nothing: a profile that gives the kinds
///              which came after it was written, with a notice; nullptr: each of these is an error.
CostProfile read_cost_profile(Node root, Diagnostics& diagnostics, const CostProfile* base = nullptr);

/// Opens and reads a profile and those that it is based on. A base is named relative to the file that names it.
/// @param inputs  Get the files; they outlive the diagnostics.
/// @param default_base  File of a profile that stands below one which names none; empty: none does.
/// @throws ConfigError  A file that cannot be read.
CostProfile load_cost_profile(InputSet& inputs, const std::string& path, Diagnostics& diagnostics,
                              const std::string& default_base = {});

/// What explain and schema say of a profile's keys. @throws ValueError  No such key; with a near name.
Explanation explain_profile(const Path& path);
std::vector<Explanation> explain_profile_all();
/// JSON Schema (draft 7).
std::string profile_schema();

/// One figure that is assumed.
struct Assumption {
  std::string key;    ///< Path in the profile: steps["nat.mangle"].
  std::string value;  ///< "100ns a skb", "4ns to 24ns a rule".
  std::string basis;
};

/// All assumed figures, in the order of StepKind: what `explain --assumptions` prints.
std::vector<Assumption> assumptions(const CostProfile& profile);

/// The profile with every sigma 0, and no interruptions: `noise: off`.
CostProfile without_noise(CostProfile profile);

}  // namespace knetsim
