// JSON documents, by the reader that takes what begins with a brace.
#include "fuzz_input.h"
#include "sim/input/json_reader.h"
#include "walk_document.h"

void knetsim::fuzz::read(std::string_view text) {
  const auto input = Input::from_text("fuzz.json", text);
  Diagnostics diagnostics;
  read_json(*input, diagnostics, walk);
  render(diagnostics.errors());
}
