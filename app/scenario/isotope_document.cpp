#include "app/scenario/isotope_document.h"

#include "sim/input/read_documents.h"

namespace knetsim {

Document read_isotope_document(const Input& input, Diagnostics& diagnostics) {
  Document only;
  const std::size_t errors_before = diagnostics.error_count();
  const DocumentSink sink = [&](const Document& document) {
    if (only.empty()) {
      only = document;
    } else {
      diagnostics.error(document.root(), "a second document in a file that is to hold one");
    }
  };
  read_documents(input, diagnostics, sink, {.last_duplicate_counts = true});
  if (only.empty() && diagnostics.error_count() == errors_before) {
    diagnostics.error(Mark{.file = input.name()}, {}, "the file holds no document", "one YAML or JSON mapping");
  }
  return only;
}

}  // namespace knetsim
