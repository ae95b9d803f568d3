#include "sim/input/single_quoted.h"

namespace knetsim {
namespace {

bool is_break(char c) { return c == '\n' || c == '\r'; }
bool is_space_or_tab(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string single_quoted_text(std::string_view raw) {
  std::string text;
  std::size_t at = 0;
  while (at < raw.size()) {
    if (!is_break(raw[at])) {
      text.push_back(raw[at]);
      at += raw.substr(at, 2) == "''" ? 2U : 1U;
      continue;
    }
    while (!text.empty() && is_space_or_tab(text.back()))
      text.pop_back();  // back to a break, if to one: those are folded below
    std::size_t breaks = 0;
    for (; at < raw.size() && (is_break(raw[at]) || is_space_or_tab(raw[at])); ++at) {
      if (is_break(raw[at]) && raw.substr(at, 2) != "\r\n") ++breaks;
    }
    if (breaks == 1) {
      text.push_back(' ');
    } else {
      text.append(breaks - 1, '\n');
    }
  }
  return text;
}

}  // namespace knetsim
