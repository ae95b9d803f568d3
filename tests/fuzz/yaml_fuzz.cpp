// YAML documents: syntax, Lists, anchors, aliases, merges, and the places that nodes are told with.
#include <cstdlib>

#include "fuzz_input.h"
#include "walk_document.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.yaml", text);
  Diagnostics diagnostics;
  read_documents(*input, diagnostics, walk);
  render(diagnostics.errors());
  if (text.size() > 64) return;
  Diagnostics of_value;  // as the right side of --set
  walk(read_value(*input, 0, text.size(), of_value));
}
