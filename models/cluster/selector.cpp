#include "models/cluster/selector.h"

#include <fmt/format.h>

#include <array>

namespace knetsim {
namespace {

constexpr std::string_view kForms = "a=b, a!=b, a in (x,y), a notin (x,y), a, !a, separated by commas";

using Requirement = Selector::Requirement;
using Operator = Selector::Operator;

/// kubectl's text form. A word is a run of anything but blanks and , ( ) = ! (selector.go, Lexer).
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text) {}

  Selector parse() {
    Selector selector;
    skip_blanks();
    if (at_ == text_.size()) return selector;
    for (;;) {
      selector.require(requirement());
      if (at_ == text_.size()) return selector;
      if (text_[at_] != ',') refuse("expected ','");
      ++at_;
      skip_blanks();
    }
  }

 private:
  Requirement requirement() {
    if (take('!')) return {.key = word("a label after '!'"), .op = Operator::DoesNotExist, .values = {}};
    Requirement result{.key = word("a label"), .op = Operator::Exists, .values = {}};
    if (at_ == text_.size() || text_[at_] == ',') return result;
    if (take('!')) {
      if (!take('=')) refuse("expected '=' after '!'");
      result.op = Operator::NotIn;
      result.values = {value()};
    } else if (take('=')) {
      take('=');
      result.op = Operator::In;
      result.values = {value()};
    } else {
      const std::string name = word("an operator");
      constexpr std::array<std::string_view, 2> kSets = {"in", "notin"};
      if (name != "in" && name != "notin") refuse(fmt::format("unknown operator '{}'{}", name, suggest(name, kSets)));
      result.op = name == "in" ? Operator::In : Operator::NotIn;
      if (!take('(')) refuse(fmt::format("expected '(' after '{}'", name));
      do {
        result.values.push_back(value());
      } while (take(','));
      if (!take(')')) refuse("expected ')'");
    }
    return result;
  }

  std::string_view token() {
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(" \t,()=!").find(text_[at_]) == std::string_view::npos) ++at_;
    const std::string_view found = text_.substr(start, at_ - start);
    skip_blanks();
    return found;
  }
  std::string word(std::string_view what) {
    const std::string_view found = token();
    if (found.empty()) refuse(fmt::format("expected {}", what));
    return std::string(found);
  }
  std::string value() { return std::string(token()); }  // a label's value may be empty
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    skip_blanks();
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw ValueError(fmt::format("'{}' is not a selector: {} at character {}", text_, why, at_ + 1),
                     std::string(kForms));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool take_labels(Node labels, Selector& selector, Diagnostics& diagnostics) {
  if (labels.is_null()) return true;
  if (!labels.is_mapping()) {
    diagnostics.error(labels, fmt::format("expected a mapping of labels; found {}", describe_found(labels)),
                      "app: web");
    return false;
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!labels[i].is_scalar() && !labels[i].is_null()) {
      diagnostics.error(labels[i], fmt::format("expected a label's text; found {}", describe_found(labels[i])));
      continue;
    }
    selector.require(
        {.key = std::string(labels.key(i).text()), .op = Operator::In, .values = {std::string(labels[i].text())}});
  }
  return true;
}

struct NamedOperator {
  std::string_view name;
  Operator op;
};
constexpr std::array<NamedOperator, 4> kOperators = {{{"In", Operator::In},
                                                      {"NotIn", Operator::NotIn},
                                                      {"Exists", Operator::Exists},
                                                      {"DoesNotExist", Operator::DoesNotExist}}};
constexpr std::array<std::string_view, 4> kOperatorNames = {"In", "NotIn", "Exists", "DoesNotExist"};

void take_expression(Node expression, Selector& selector, Diagnostics& diagnostics) {
  const Node key = expression["key"];
  const Node op = expression["operator"];
  const Node values = expression["values"];
  if (!key.is_scalar() || !op.is_scalar()) {
    diagnostics.error(expression, "a match expression without key or operator",
                      "{key: app, operator: In, values: [web, api]}");
    return;
  }
  const auto* known = std::find_if(kOperators.begin(), kOperators.end(),
                                   [&](const NamedOperator& candidate) { return candidate.name == op.text(); });
  if (known == kOperators.end()) {
    diagnostics.error(op, fmt::format("unknown operator '{}'{}", op.text(), suggest(op.text(), kOperatorNames)),
                      "In, NotIn, Exists, DoesNotExist");
    return;
  }
  Requirement requirement{.key = std::string(key.text()), .op = known->op, .values = {}};
  for (const Node value : values) requirement.values.emplace_back(value.text());
  const bool wants_values = known->op == Operator::In || known->op == Operator::NotIn;
  if (wants_values == requirement.values.empty()) {
    diagnostics.error(values.exists() ? values : expression,
                      fmt::format("operator {} {}", known->name, wants_values ? "needs values" : "takes no values"));
    return;
  }
  selector.require(std::move(requirement));
}

}  // namespace

void Selector::require(Requirement requirement) {
  std::sort(requirement.values.begin(), requirement.values.end());
  requirements_.push_back(std::move(requirement));
}

Selector Selector::parse(std::string_view text) { return SelectorParser(text).parse(); }

Selector Selector::from_labels(Node labels, Diagnostics& diagnostics) {
  Selector selector;
  take_labels(labels, selector, diagnostics);
  return selector;
}

Selector Selector::from_label_selector(Node node, Diagnostics& diagnostics) {
  Selector selector;
  if (node.is_null()) return selector;
  if (!node.is_mapping()) {
    diagnostics.error(node, fmt::format("expected a label selector; found {}", describe_found(node)),
                      "a mapping with matchLabels or matchExpressions");
    return selector;
  }
  constexpr std::array<std::string_view, 2> kKeys = {"matchLabels", "matchExpressions"};
  for (std::size_t i = 0; i < node.size(); ++i) {
    const std::string_view key = node.key(i).text();
    if (key == kKeys[0] || key == kKeys[1]) continue;
    const std::string near = suggest(key, kKeys);
    diagnostics.error(node.key(i), fmt::format("unknown key '{}' in a label selector{}", key, near),
                      "matchLabels, matchExpressions");
  }
  take_labels(node["matchLabels"], selector, diagnostics);
  const Node expressions = node["matchExpressions"];
  if (!expressions.is_null() && !expressions.is_sequence()) {
    diagnostics.error(expressions, fmt::format("expected a list; found {}", describe_found(expressions)));
  }
  for (const Node expression : expressions) take_expression(expression, selector, diagnostics);
  return selector;
}

Selector Selector::from_any(Node node, Diagnostics& diagnostics) {
  if (node.is_scalar()) {
    try {
      return parse(node.text());
    } catch (const ValueError& error) {
      diagnostics.error(node, error.what(), error.accepted());
      return {};
    }
  }
  const bool label_selector = node["matchLabels"].exists() || node["matchExpressions"].exists();
  return label_selector ? from_label_selector(node, diagnostics) : from_labels(node, diagnostics);
}

bool Selector::matches(Node labels) const {
  return matches([&](std::string_view key) -> std::optional<std::string_view> {
    const Node value = labels[key];
    if (!value.exists()) return std::nullopt;
    return value.text();
  });
}

bool Selector::holds(const Requirement& requirement, std::optional<std::string_view> value) {
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::In:
      return value.has_value() && listed();
    case Operator::NotIn:
      return !value.has_value() || !listed();
    case Operator::Exists:
      return value.has_value();
    case Operator::DoesNotExist:
      return !value.has_value();
  }
  return false;
}

std::string Selector::to_string() const {
  std::string text;
  for (const Requirement& requirement : requirements_) {
    if (!text.empty()) text += ',';
    const bool in = requirement.op == Operator::In;
    switch (requirement.op) {
      case Operator::Exists:
        text += requirement.key;
        continue;
      case Operator::DoesNotExist:
        text += '!' + requirement.key;
        continue;
      case Operator::In:
      case Operator::NotIn:
        break;
    }
    if (requirement.values.size() == 1) {
      text += requirement.key + (in ? "=" : "!=") + requirement.values.front();
    } else {
      text += requirement.key + (in ? " in (" : " notin (");
      for (std::size_t i = 0; i < requirement.values.size(); ++i) text += (i > 0 ? "," : "") + requirement.values[i];
      text += ')';
    }
  }
  return text;
}

}  // namespace knetsim
