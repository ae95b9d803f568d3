#pragma once

#include <string>
#include <string_view>

#include "sim/input/binder_types.h"

namespace knetsim {

/// JSON Schema (draft 7) of a config, from the binder's tables: what editors complete and check against. It accepts
/// what bind() accepts, but for bounds with units and conditions over several keys, which it gives as text only.
/// @param id  The schema's $id.
std::string schema(const StructInfo& root, std::string_view id);

}  // namespace knetsim
