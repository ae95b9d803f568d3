#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/input_file.h"
#include "sim/input/path.h"

namespace knetsim {

// Changes to a document before it is bound: --set, variants, patches. A value set so keeps its own place (the "--set"
// text, the variant's line in the scenario), and so does each key of the path, so that a message about it points there.

/// Puts a copy of `value` at `path`, in place of what stands there. Mappings that are missing on the way are made; a
/// missing list too, for index 0; an index equal to a list's size appends. Text and value are copied; the value's Input
/// has to outlive the document.
/// @param steps_at  Offsets in the value's input at which the steps of the path stand; empty: where the value does.
/// @return false  The path leads through a scalar, past a list's end, or takes a list for a mapping; reported at the
/// step.
bool set_value(Document& target, const Path& path, Node value, Diagnostics& diagnostics,
               std::span<const std::uint64_t> steps_at = {});

struct SetOptions {
  bool as_text = false;  ///< --set-string: the value is a text whatever it looks like.
};

/// One "--set a.b[2].c=value"; the value is YAML, so that [1, 2], {a: b} and "quoted" are what they look like, and
/// nothing after the "=" is null. The text is kept in `inputs` under the name "--set".
/// @return false  Not an assignment, not a path, broken YAML, or as set_value(); reported.
bool apply_set(Document& target, InputSet& inputs, std::string_view assignment, Diagnostics& diagnostics,
               SetOptions options = {});

/// Lays a mapping of overrides over the document: a key that is a path ("cluster.proxy.mode") replaces what stands
/// there; a plain key whose value is a mapping is merged into the mapping that stands there, key by key; everything
/// else replaces. A list replaces a list. Nothing is taken away; a null makes a key count as not given.
/// @return false  At least one override was refused and reported; the others are applied.
bool merge(Document& target, Node overrides, Diagnostics& diagnostics);

}  // namespace knetsim
