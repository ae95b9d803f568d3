#pragma once

#include <span>
#include <string>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/input_file.h"

namespace knetsim {

/// Lays --set assignments over a scenario's document, in order. The command line is the last word: where a variant says
/// something else of a key that is set, what is set takes its place there too, with a notice that names the variants.
/// A mapping that is set is all of what stands there, so that variants' keys below it go. Overrides of keys beside it
/// stay, and a path that begins with `variants` changes that variant alone.
/// @return  False where an assignment was refused and reported.
bool apply_sets(Document& scenario, std::span<const std::string> sets, InputSet& inputs, Diagnostics& diagnostics);

}  // namespace knetsim
