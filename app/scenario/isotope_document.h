#pragma once

#include "sim/input/diagnostics.h"
#include "sim/input/document.h"
#include "sim/input/input_file.h"

namespace knetsim {

/// The only document of an input, by isotope's rules: of keys that stand twice the last counts, which is told. What is
/// wrong goes to `diagnostics`; the document may then be empty.
/// @source isotope/convert/cmd/kubernetes.go reads graphs by github.com/ghodss/yaml, Unmarshal (not UnmarshalStrict).
Document read_isotope_document(const Input& input, Diagnostics& diagnostics);

}  // namespace knetsim
