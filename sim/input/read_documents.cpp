#include "sim/input/read_documents.h"

#include <algorithm>
#include <optional>
#include <utility>

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

/// Where a file that was put behind others begins with its byte order mark: at the start of a line, behind `---` or
/// `...` or in front of `---` (YAML 1.2, 9.1.2: a document may begin with one). `end` leaves out a `---` before it,
/// which would begin a document of its own.
struct Joint {
  std::size_t end = 0;
  std::size_t next = 0;  ///< Behind the mark.
};

std::optional<Joint> next_joint(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find(kByteOrderMark, from); at != std::string_view::npos;
       at = text.find(kByteOrderMark, at + 1)) {
    if (at == 0 || text[at - 1] != '\n') continue;
    const std::size_t line = at < 2 ? 0 : text.rfind('\n', at - 2) + 1;  // npos + 1 is 0
    std::string_view before = text.substr(line, at - 1 - line);
    before = before.substr(0, before.find_last_not_of(" \t\r") + 1);
    const std::size_t next = at + kByteOrderMark.size();
    if (before == "---") return Joint{.end = line, .next = next};
    if (before == "..." || text.substr(next).starts_with("---")) return Joint{.end = at, .next = next};
  }
  return std::nullopt;
}

/// Each of the files that stand one behind the other in the input as a stream of its own.
void read_yaml_streams(const Input& input, std::size_t from, Diagnostics& diagnostics, const DocumentSink& sink,
                       const ReadRules& rules) {
  const std::string_view text = input.text();
  std::uint32_t documents = 0;
  while (true) {
    const auto joint = next_joint(text, from);
    const std::size_t end = std::max(from, joint ? joint->end : text.size());
    if (!joint || end > from) {
      const auto read = read_yaml(input, {.offset = from, .size = end - from, .rules = rules, .documents = documents},
                                  diagnostics, sink);
      if (!read || !joint) return;
      documents = *read;
    }
    from = joint->next;
  }
}

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
    read_json(input, diagnostics, sink, std::move(rules));
  } else {
    read_yaml_streams(input, skip, diagnostics, sink, rules);
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
