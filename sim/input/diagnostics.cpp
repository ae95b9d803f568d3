#include "sim/input/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "sim/input/input_file.h"
#include "sim/input/printable.h"

namespace knetsim {
namespace {

constexpr std::size_t kKept = 1000;       // of each severity
constexpr std::size_t kLineWidth = 120;   // of a source line that is shown
constexpr std::size_t kLinesBefore = 40;  // columns shown before the place in a longer line

char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

/// Byte at which a line's `column` (from 1, characters) begins.
std::size_t byte_of(std::string_view line, std::uint32_t column) {
  std::size_t at = 0;
  for (std::uint32_t i = 1; i < column && at < line.size(); ++i) {
    ++at;
    while (at < line.size() && is_continuation(line[at])) ++at;
  }
  return at;
}

/// Bytes of the token at the start of `rest`: a quoted text, or up to what ends a plain one.
std::size_t token_size(std::string_view rest) {
  if (rest.empty()) return 0;
  if (rest.front() == '"' || rest.front() == '\'') {
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '\\' && rest.front() == '"') {
        ++i;
      } else if (rest[i] == rest.front()) {
        return i + 1;
      }
    }
    return rest.size();
  }
  if (std::string_view("{}[],").find(rest.front()) != std::string_view::npos) return 1;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    const char next = end + 1 < rest.size() ? rest[end + 1] : ' ';
    if (c == ':' && (next == ' ' || next == '\t')) break;
    if (c == ' ' && next == '#') break;
    if (c == ',' || c == '}' || c == ']' || c == '{' || c == '[') break;
  }
  while (end > 0 && (rest[end - 1] == ' ' || rest[end - 1] == '\t')) --end;
  return std::max<std::size_t>(end, 1);
}

/// Bytes of the step of a path at the start of `rest`, in "--set path=value"; what is no step is a token.
std::size_t step_size(std::string_view rest) {
  if (rest.empty() || std::string_view("\"'=").find(rest.front()) != std::string_view::npos) return token_size(rest);
  std::size_t end = 0;
  while (end < rest.size() && std::string_view(".[]=").find(rest[end]) == std::string_view::npos) {
    end += rest[end] == '\\' ? 2U : 1U;
  }
  return std::clamp<std::size_t>(end, 1, rest.size());
}

/// Text of the user's as it may go to a terminal: nothing that it obeys, and not without end.
std::string shown(std::string_view text, std::size_t limit = 300) {
  if (text.size() <= limit) return printable(text);
  std::size_t head = limit / 2, tail = text.size() - limit / 2;
  while (head > 0 && is_continuation(text[head])) --head;
  while (tail < text.size() && is_continuation(text[tail])) ++tail;
  return printable(text.substr(0, head)) + "..." + printable(text.substr(tail));
}

void fill_source(Diagnostic& diagnostic, const Mark& mark) {
  if (mark.input == nullptr || !mark.known() || !mark.input->may_be_quoted(mark.line)) return;
  // Enough for any column and for telling a very long line.
  std::string_view line = mark.input->line(mark.line, std::size_t{4} * mark.column + (128U << 10U));
  const bool very_long = mark.column > line.size() + 1 || line.size() > (64U << 10U);  // then columns are bytes
  std::size_t at = very_long ? std::min<std::size_t>(mark.column - 1, line.size()) : byte_of(line, mark.column);
  const std::size_t equals = mark.file == "--set" ? line.find('=') : std::string_view::npos;
  const bool in_path = equals != std::string_view::npos && at < equals;
  const std::string_view rest = line.substr(at, 4 * kLineWidth);  // no longer token is shown
  const std::size_t size = in_path ? step_size(rest) : token_size(rest);
  if (line.size() > kLineWidth) {
    std::size_t from = at > kLinesBefore ? at - kLinesBefore : 0;
    while (from < at && is_continuation(line[from])) ++from;
    line = line.substr(from, kLineWidth);
    while (!line.empty() && is_continuation(line.back())) line.remove_suffix(1);
    at -= from;
  }
  diagnostic.source_line = printable_line(line);
  diagnostic.caret = static_cast<std::uint32_t>(characters(line.substr(0, at)));
  diagnostic.span =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, characters(line.substr(std::min(at, line.size()), size))));
}

struct Style {
  std::string_view severity, strong, margin, reset;
};

Style style_of(Severity severity, bool colour) {
  if (!colour) return {};
  return {severity == Severity::Error ? "\x1b[1;31m" : "\x1b[1;36m", "\x1b[1m", "\x1b[34m", "\x1b[0m"};
}

/// Optimal string alignment: insert, delete, replace, swap of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = fold(a[i - 1]) == fold(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
      if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

template <class Text>
std::string_view nearest_of(std::string_view word, std::span<const Text> candidates) {
  std::string_view best;
  std::size_t best_distance = std::string_view::npos;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    const std::size_t bound = std::max<std::size_t>(1, longer / 3);
    if (shorter == 0 || longer - shorter > bound || longer > 200) continue;
    const std::size_t distance = edit_distance(word, candidate);
    // One letter for another is no resemblance: 'v' is not near 's'.
    if (distance <= bound && distance < shorter && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view near) {
  return near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near);
}

std::string all_of(const std::vector<Diagnostic>& diagnostics, std::size_t more) {
  std::string text = render(diagnostics);
  if (more > 0) text += fmt::format("\nand {} more\n", more);
  return text;
}

}  // namespace

Diagnostic Diagnostic::at(Severity severity, Node node, std::string message, std::string accepted) {
  Diagnostic made = at(severity, node.mark(), node.path(), std::move(message), std::move(accepted));
  const Input* input = node.mark().input;
  if (node.exists() && (input == nullptr || input->may_be_quoted(0))) made.object = node.document().label();
  return made;
}

Diagnostic Diagnostic::at(Severity severity, const Mark& mark, std::string path, std::string message,
                          std::string accepted) {
  Diagnostic made;
  if (mark.input != nullptr && !mark.input->may_be_quoted(0)) {  // messages and paths quote what they are about
    path.clear();
    message = "not what is expected here; the file is none of the formats read here by its name, and is not quoted";
  }
  made.severity = severity;
  made.file = std::string(mark.file);
  made.line = mark.line;
  made.column = mark.column;
  made.path = std::move(path);
  made.message = std::move(message);
  made.accepted = std::move(accepted);
  fill_source(made, mark);
  return made;
}

std::string render(const Diagnostic& diagnostic, bool colour) {
  const Style style = style_of(diagnostic.severity, colour);
  std::string text;
  if (!diagnostic.file.empty()) {
    text += style.strong;
    text += shown(diagnostic.file);
    if (diagnostic.line != 0) text += fmt::format(":{}:{}", diagnostic.line, diagnostic.column);
    text += fmt::format(":{} ", style.reset);
  }
  text += fmt::format("{}{}:{} {}\n", style.severity, diagnostic.severity == Severity::Error ? "error" : "notice",
                      style.reset, shown(diagnostic.message, 1000));
  const std::string number = diagnostic.span == 0 ? "" : std::to_string(diagnostic.line);
  const std::string margin(std::max<std::size_t>(number.size(), 2), ' ');
  if (!diagnostic.object.empty() || !diagnostic.path.empty()) {
    const std::string_view comma = !diagnostic.object.empty() && !diagnostic.path.empty() ? ", " : "";
    text += fmt::format("{}{}-->{} {}{}{}\n", margin, style.margin, style.reset, shown(diagnostic.object), comma,
                        shown(diagnostic.path));
  }
  if (diagnostic.span != 0) {
    text += fmt::format("{}{} |{}\n", margin, style.margin, style.reset);
    text += fmt::format("{}{:>{}} |{} {}\n", style.margin, number, margin.size(), style.reset, diagnostic.source_line);
    text += fmt::format("{}{} |{} {}{}{}{}\n", margin, style.margin, style.reset, std::string(diagnostic.caret, ' '),
                        style.severity, std::string(diagnostic.span, '^'), style.reset);
  }
  if (!diagnostic.accepted.empty()) {
    text += fmt::format("{}{} ={} accepted: {}\n", margin, style.margin, style.reset, shown(diagnostic.accepted, 2000));
  }
  return text;
}

std::string render(std::span<const Diagnostic> diagnostics, bool colour, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, diagnostics.size()); ++i) {
    if (i > 0) text += '\n';
    text += render(diagnostics[i], colour);
  }
  if (diagnostics.size() > limit) text += fmt::format("\nand {} more\n", diagnostics.size() - limit);
  return text;
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics, std::size_t more)
    : std::runtime_error(all_of(diagnostics, more)), diagnostics_(std::move(diagnostics)), more_(more) {}

ConfigError::ConfigError(const Mark& mark, std::string path, std::string message, std::string accepted)
    : ConfigError(std::vector{
          Diagnostic::at(Severity::Error, mark, std::move(path), std::move(message), std::move(accepted))}) {}

ConfigError::ConfigError(Node node, std::string message, std::string accepted)
    : ConfigError(std::vector{Diagnostic::at(Severity::Error, node, std::move(message), std::move(accepted))}) {}

// What is beyond the bound is only counted: the place of each of a million errors would take as long as the file.
bool Diagnostics::only_counted(Severity severity) {
  std::size_t& count = severity == Severity::Error ? error_count_ : notice_count_;
  if (count < kKept) return false;
  ++count;
  return true;
}

void Diagnostics::error(Node node, std::string message, std::string accepted) {
  if (only_counted(Severity::Error)) return;
  add(Diagnostic::at(Severity::Error, node, std::move(message), std::move(accepted)));
}

void Diagnostics::error(const Mark& mark, std::string path, std::string message, std::string accepted) {
  if (only_counted(Severity::Error)) return;
  add(Diagnostic::at(Severity::Error, mark, std::move(path), std::move(message), std::move(accepted)));
}

void Diagnostics::notice(Node node, std::string message, std::string accepted) {
  if (only_counted(Severity::Notice)) return;
  add(Diagnostic::at(Severity::Notice, node, std::move(message), std::move(accepted)));
}

void Diagnostics::notice(const Mark& mark, std::string path, std::string message, std::string accepted) {
  if (only_counted(Severity::Notice)) return;
  add(Diagnostic::at(Severity::Notice, mark, std::move(path), std::move(message), std::move(accepted)));
}

void Diagnostics::unsupported(Node node, std::string message) {
  if (only_counted(Severity::Notice)) return;
  Diagnostic diagnostic = Diagnostic::at(Severity::Notice, node, std::move(message));
  diagnostic.unsupported = true;
  add(std::move(diagnostic));
}

void Diagnostics::add(Diagnostic diagnostic) {
  std::size_t& count = diagnostic.severity == Severity::Error ? error_count_ : notice_count_;
  if (++count <= kKept) kept_.push_back(std::move(diagnostic));
}

void Diagnostics::add(const ConfigError& error) {
  for (const Diagnostic& diagnostic : error.diagnostics()) add(diagnostic);
  error_count_ += error.more();
}

std::vector<Diagnostic> Diagnostics::sorted(Severity severity) const {
  std::vector<std::pair<std::size_t, const Diagnostic*>> chosen;
  std::map<std::string_view, std::size_t> file_order;
  for (const Diagnostic& diagnostic : kept_) {
    const std::size_t order = file_order.try_emplace(diagnostic.file, file_order.size()).first->second;
    if (diagnostic.severity == severity) chosen.emplace_back(order, &diagnostic);
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second->line, a.second->column) < std::tie(b.first, b.second->line, b.second->column);
  });
  std::vector<Diagnostic> result;
  for (const auto& [order, diagnostic] : chosen) result.push_back(*diagnostic);
  return result;
}

std::vector<Diagnostic> Diagnostics::errors() const { return sorted(Severity::Error); }

std::vector<Diagnostic> Diagnostics::notices() const { return sorted(Severity::Notice); }

void Diagnostics::throw_if_errors() const {
  if (error_count_ == 0) return;
  std::vector<Diagnostic> all = errors();
  const std::size_t more = error_count_ - all.size();
  throw ConfigError(std::move(all), more);
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  return nearest_of(word, candidates);
}

std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
  return nearest_of(word, candidates);
}

std::string suggest(std::string_view word, std::span<const std::string_view> candidates) {
  return suggestion(nearest(word, candidates));
}

std::string suggest(std::string_view word, std::span<const std::string> candidates) {
  return suggestion(nearest(word, candidates));
}

}  // namespace knetsim
