#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace knetsim {

/// A broken invariant: a mistake of ours, never of the user or of the data. Nothing that was computed can be trusted.
class InvariantError : public std::logic_error {
 public:
  InvariantError(const char* file, int line, std::string_view expression, std::string_view message);

  const char* file() const { return file_; }
  int line() const { return line_; }

 private:
  const char* file_;
  int line_;
};

/// Throws InvariantError. Apart from its callers, so that the hot path holds one call and no string.
[[noreturn]] void fail_invariant(const char* file, int line, const char* expression, std::string_view message = {});

}  // namespace knetsim

/// Checks an invariant in every build. The optional second argument (anything that converts to std::string_view) says
/// what was found; it is evaluated only on failure. @throws InvariantError
#define KNETSIM_ENSURE(condition, ...)                                                      \
  do {                                                                                      \
    if (!(condition)) [[unlikely]] {                                                        \
      ::knetsim::fail_invariant(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__); \
    }                                                                                       \
  } while (false)
