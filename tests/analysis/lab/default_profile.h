#pragma once

#include "models/cost/cost_profile.h"
#include "sim/input/read_documents.h"

namespace knetsim::lab {

/// configs/profiles/default.yaml.
inline CostProfile default_profile() {
  InputSet inputs;
  Diagnostics diagnostics;
  const Document document = read_document(inputs.open(KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml"));
  return read_cost_profile(document.root(), diagnostics);
}

}  // namespace knetsim::lab
