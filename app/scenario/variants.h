#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/input_file.h"

namespace knetsim {

/// One variant of a scenario: its document with the overrides laid over it.
struct Variant {
  std::string name;
  std::shared_ptr<const Document> document;  ///< Stays where it is: nodes of a bound Scenario point into it.
};

/// The variants of a scenario in the order of the file; one named "base" where it has none. Each is the document with
/// its overrides laid over it (as merge() does), except for `patches`, whose paths are kept as they stand. What is the
/// experiment's and not a variant's (`run.seed`, `run.replicates`, `metadata` ...) is an error there.
std::vector<Variant> variants_of(const Document& scenario, Diagnostics& diagnostics);

/// The same after --set assignments, which overrule the variants too; see apply_sets().
std::vector<Variant> variants_of(Document scenario, std::span<const std::string> sets, InputSet& inputs,
                                 Diagnostics& diagnostics);

}  // namespace knetsim
