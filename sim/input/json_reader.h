#pragma once

#include <cstddef>

#include "sim/input/read_documents.h"

namespace knetsim {

/// The JSON half of read_documents(): one pass over the bytes, each value straight into the arena with its position.
/// RFC 8259, with `items` of a List delivered as they are read. Written for this (simdjson 3.0 keeps no positions in
/// its DOM and wants a whole document); simdjson is its oracle in the tests and its UTF-8 check.
std::size_t read_json(const Input& input, Diagnostics& diagnostics, const DocumentSink& sink, ReadRules rules = {});

}  // namespace knetsim
