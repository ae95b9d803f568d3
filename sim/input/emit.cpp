#include "sim/input/emit.h"

#include <fmt/format.h>

#include "sim/input/scalar.h"

namespace knetsim {
namespace {

bool is_plain_safe(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (std::string_view("!&*-?|>%@`\"'#,[]{}:").find(text.front()) != std::string_view::npos) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos && text.back() != ':' &&
         !text.starts_with("---") && !text.starts_with("...") && text != "<<" && text != "~" && text != "null" &&
         text != "Null" && text != "NULL";
}

/// A plain scalar that would start like an indicator ("-5", "- x", "*x") was read as plain, so only some are safe
/// again.
bool is_number_like(std::string_view text) { return to_double(text).has_value(); }

std::string scalar_text(std::string_view text, bool quoted) {
  if (!quoted && (is_plain_safe(text) || is_number_like(text))) return std::string(text);
  return json_string(text);  // JSON's strings are YAML's double-quoted ones
}

void yaml(Node node, std::size_t indent, std::string& out, bool after_dash) {
  const std::string margin(indent, ' ');
  if (node.is_mapping() && node.size() > 0) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (i > 0 || !after_dash) out += margin;
      const Node value = node[i];
      out += scalar_text(node.key(i).text(), node.key(i).is_quoted()) + ':';
      const bool nested = (value.is_mapping() || value.is_sequence()) && value.size() > 0;
      out += nested ? "\n" : " ";
      yaml(value, value.is_sequence() ? indent : indent + 2, out, false);
    }
  } else if (node.is_sequence() && node.size() > 0) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (i > 0 || !after_dash) out += margin;
      out += "- ";
      yaml(node[i], indent + 2, out, true);
    }
  } else {
    switch (node.kind()) {
      case Node::Kind::Mapping:
        out += "{}";
        break;
      case Node::Kind::Sequence:
        out += "[]";
        break;
      case Node::Kind::Scalar:
        out += scalar_text(node.text(), node.is_quoted());
        break;
      default:
        out += "null";
    }
    out += '\n';
  }
}

void json(Node node, std::string& out) {
  switch (node.kind()) {
    case Node::Kind::Mapping:
      out += '{';
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (i > 0) out += ',';
        out += json_string(node.key(i).text()) + ':';
        json(node[i], out);
      }
      out += '}';
      break;
    case Node::Kind::Sequence:
      out += '[';
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (i > 0) out += ',';
        json(node[i], out);
      }
      out += ']';
      break;
    case Node::Kind::Scalar: {
      const std::string_view text = node.text();
      const std::size_t digit = text.find_first_not_of('-');
      const bool number =
          !node.is_quoted() && is_number_like(text) && digit <= 1 && text[digit] >= '0' && text[digit] <= '9' &&
          text.find_first_of("xXoObB_") == std::string_view::npos && text.back() != '.' &&
          text.find(".e") == std::string_view::npos && text.find(".E") == std::string_view::npos &&
          !(text[digit] == '0' && digit + 1 < text.size() && text[digit + 1] >= '0' && text[digit + 1] <= '9');
      if (number || (!node.is_quoted() && (text == "true" || text == "false"))) {
        out += text;
      } else {
        out += json_string(text);
      }
      break;
    }
    default:
      out += "null";
  }
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string to_yaml(Node node) {
  std::string out;
  yaml(node, 0, out, false);
  return out;
}

std::string to_json(Node node) {
  std::string out;
  json(node, out);
  return out;
}

}  // namespace knetsim
