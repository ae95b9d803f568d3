#include "sim/core/ensure.h"

namespace knetsim {
namespace {

std::string describe(const char* file, int line, std::string_view expression, std::string_view message) {
  std::string text = std::string(file) + ":" + std::to_string(line) + ": invariant broken: ";
  text += expression;
  if (!message.empty()) {
    text += ": ";
    text += message;
  }
  return text;
}

}  // namespace

InvariantError::InvariantError(const char* file, int line, std::string_view expression, std::string_view message)
    : std::logic_error(describe(file, line, expression, message)), file_(file), line_(line) {}

void fail_invariant(const char* file, int line, const char* expression, std::string_view message) {
  throw InvariantError(file, line, expression, message);
}

}  // namespace knetsim
