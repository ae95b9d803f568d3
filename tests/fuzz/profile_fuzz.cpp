// Cost profiles, with a base and without.
#include "fuzz_input.h"
#include "models/cost/cost_profile.h"
#include "sim/input/read_documents.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.yaml", text);
  Diagnostics diagnostics;
  static const CostProfile base;
  read_documents(*input, diagnostics, [&](const Document& document) {
    const bool based = document["base"].exists();
    const CostProfile profile = read_cost_profile(document.root(), diagnostics, based ? &base : nullptr);
    if (!diagnostics.has_errors()) assumptions(profile);
  });
  render(diagnostics.errors());
}
