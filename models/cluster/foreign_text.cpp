#include "models/cluster/foreign_text.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace knetsim {
namespace {

/// Offset of a line's first action; npos where there is none. One that begins the line (`{{- if`, `{{ include`, `{%
/// if`) is an action whatever follows, within a line it names what templates name.
std::size_t action_in(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t-");
  if (first == std::string_view::npos || line[first] == '#') return std::string_view::npos;
  for (const std::string_view opening : {"{{", "{%"}) {
    if (line.substr(first).starts_with(opening)) return first;
    const std::size_t at = line.find(opening);
    if (at == std::string_view::npos) continue;
    const std::string_view inside = line.substr(at + 2);
    const std::size_t word = inside.find_first_not_of(" -");
    if (word == std::string_view::npos) continue;
    if (inside[word] == '.' || inside[word] == '$' || opening == "{%") return at;
    for (const std::string_view name : {"include", "template", "toYaml", "default", "quote", "printf", "tpl", "if ",
                                        "range ", "with ", "end", "else", "define", "lookup", "required"}) {
      if (inside.substr(word).starts_with(name)) return at;
    }
    // Jinja and Ansible: {{ name }}.
    if (inside.find("}}") != std::string_view::npos && inside.front() == ' ') return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<Diagnostic> template_error(const Input& input, std::uint32_t error_line) {
  const std::string_view text = input.text();
  std::size_t at = 0;
  for (std::uint32_t number = 1; at < text.size() && number <= error_line + 1; ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    // What opens a line is an action of its own; what stands in one is the reason only where the mistake is.
    if (const std::size_t action = action_in(line); action != std::string_view::npos) {
      const bool opens = line.find_first_not_of(" \t-") == action;
      if (opens || number + 1 >= error_line) {
        const bool jinja = line.substr(action).starts_with("{%");
        return Diagnostic::at(Severity::Error, input.mark(at + action), {},
                              jinja ? "a template (Jinja), no manifest: render it first"
                                    : "a Helm template, no manifest: render it first",
                              jinja ? "what the template makes" : "helm template CHART | knetsim validate -");
      }
    }
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace knetsim
