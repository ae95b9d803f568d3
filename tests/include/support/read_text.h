#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/read_documents.h"

namespace knetsim {

/// What reading a text gave: every document copied, and every message.
struct ReadResult {
  std::unique_ptr<Input> input;
  std::vector<Document> documents;
  Diagnostics diagnostics;

  std::string errors() const { return render(diagnostics.errors()); }
};

inline ReadResult parse_text(std::string_view text, const std::string& name = "test.yaml") {
  ReadResult result;
  result.input = Input::from_text(name, text);
  read_documents(*result.input, result.diagnostics,
                 [&](const Document& document) { result.documents.push_back(document); });
  return result;
}

/// "path kind text line:column" of a node and of everything beneath it; keys come as "path: line:column".
inline void outline(Node node, std::vector<std::string>& lines) {
  const Mark mark = node.mark();
  const char* kinds[] = {"absent", "null", "scalar", "list", "mapping"};
  std::string line = node.path();
  if (node.key().exists()) {
    const Mark key = node.key().mark();
    line += " (" + std::to_string(key.line) + ':' + std::to_string(key.column) + ')';
  }
  line += std::string(" ") + kinds[static_cast<int>(node.kind())];
  if (node.is_scalar())
    line += node.is_quoted() ? " \"" + std::string(node.text()) + '"' : ' ' + std::string(node.text());
  line += ' ' + std::to_string(mark.line) + ':' + std::to_string(mark.column);
  lines.push_back(std::move(line));
  for (const Node child : node) outline(child, lines);
}

inline std::vector<std::string> outline(const Document& document) {
  std::vector<std::string> lines;
  outline(document.root(), lines);
  return lines;
}

}  // namespace knetsim
