#include "sim/input/read_documents.h"

#include "sim/input/document_builder.h"
#include "sim/input/document_editor.h"
#include "sim/input/json_reader.h"
#include "sim/input/yaml_reader.h"

namespace knetsim {
namespace {

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] == '[') return first != std::string_view::npos;
  if (text[first] != '{') return false;
  const std::size_t second = text.find_first_not_of(" \t\r\n", first + 1);
  return second == std::string_view::npos || text[second] == '"' || text[second] == '}';
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Hands a document on; in place of a list among a List's items, each of its own items, however deep.
std::size_t deliver(const Document& document, const DocumentSink& sink) {
  const Node root = document.root();
  const std::string_view kind = root["kind"].text();
  const Node items = root["items"];
  if (document.item() < 0 || !kind.ends_with("List") || !items.is_sequence()) {
    sink(document);
    return 1;
  }
  std::size_t delivered = 0;
  for (const Node item : items) {
    Document inner = DocumentEditor::part(document, item);
    if (const std::string_view of_item = kind.substr(0, kind.size() - 4); !of_item.empty()) {
      DocumentEditor editor(inner);
      if (!inner["kind"].exists()) editor.add_text(inner.root(), "kind", of_item, root["kind"]);
      if (!inner["apiVersion"].exists()) {
        editor.add_text(inner.root(), "apiVersion", root["apiVersion"].text(), root["apiVersion"]);
      }
    }
    delivered += deliver(inner, sink);
  }
  return delivered;
}

}  // namespace

std::size_t read_documents(const Input& input, Diagnostics& diagnostics, const DocumentSink& outer, ReadRules rules) {
  const std::string_view text = input.text();
  const std::size_t skip = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::size_t delivered = 0;
  const DocumentSink sink = [&](const Document& document) { delivered += deliver(document, outer); };
  if (is_json(text.substr(skip))) {
    read_json(input, diagnostics, sink, rules);
  } else {
    read_yaml(input, {.offset = skip, .size = text.size() - skip, .rules = rules}, diagnostics, sink);
  }
  return delivered;
}

std::size_t read_documents(const Input& input, const DocumentSink& sink) {
  Diagnostics diagnostics;
  const std::size_t count = read_documents(input, diagnostics, sink);
  diagnostics.throw_if_errors();
  return count;
}

Document read_document(const Input& input, const std::function<void(const Document&, Diagnostics&)>& check) {
  Diagnostics diagnostics;
  Document only;
  std::size_t count = 0;
  read_documents(input, diagnostics, [&](const Document& document) {
    if (++count == 1) {
      only = document;
      if (check) check(document, diagnostics);
    } else {
      diagnostics.error(document.root(), "a second document in a file that is to hold one");
    }
    diagnostics.throw_if_errors();
  });
  if (count == 0 && !diagnostics.has_errors()) {
    diagnostics.error(Mark{.file = input.name()}, {}, "the file holds no document", "one YAML or JSON mapping");
  }
  diagnostics.throw_if_errors();
  return only;
}

Document read_value(const Input& input, std::uint64_t offset, std::uint64_t size, Diagnostics& diagnostics) {
  Document value;
  const std::size_t errors_before = diagnostics.error_count();
  read_yaml(input, {.offset = offset, .size = size, .any_root = true}, diagnostics,
            [&](const Document& document) { value = document; });
  if (value.empty() && diagnostics.error_count() == errors_before) {
    DocumentBuilder builder;
    builder.start(value, input, offset, 1, -1);
    builder.null(0);
    builder.finish();
  }
  return value;
}

}  // namespace knetsim
