// --set path=value on a small document, several assignments, one a line; and the document written out again.
#include <algorithm>

#include "fuzz_input.h"
#include "sim/input/emit.h"
#include "sim/input/overrides.h"
#include "walk_document.h"

void knetsim::fuzz::read(std::string_view text) {
  InputSet inputs;
  const Input& base = inputs.add_text("base.yaml", "a: {b: [1, {c: d}], e.f: g}\nlist: [x, y]\nn: null\n");
  Document document = read_document(base);
  Diagnostics diagnostics;
  for (std::size_t begin = 0, lines = 0; begin <= text.size() && lines < 100; ++lines) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    apply_set(document, inputs, text.substr(begin, end - begin), diagnostics);
    begin = end + 1;
  }
  render(diagnostics.errors());
  walk(document);
  if (document.nodes() < 10'000) to_yaml(document.root());
}
