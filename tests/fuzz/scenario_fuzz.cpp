// Scenarios: variants laid out, bound, written out again.
#include "app/scenario/resolved_scenario.h"
#include "app/scenario/scenario.h"
#include "app/scenario/variants.h"
#include "fuzz_input.h"
#include "sim/input/read_documents.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.yaml", text);
  const Document document = read_document(*input);
  Diagnostics diagnostics;
  std::size_t bound = 0;
  for (const Variant& variant : variants_of(document, diagnostics)) {
    if (++bound > 20) break;
    bind_scenario(variant.document->root(), diagnostics);
  }
  render(diagnostics.errors());
  if (!diagnostics.has_errors()) resolved_scenario(document, {});
}
