#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/document.h"

namespace knetsim {

enum class Severity : std::uint8_t {
  Error,   ///< The input cannot be used.
  Notice,  ///< The input is used, but perhaps not as its author thinks.
};

/// One finding about the user's input. Owns what it says: it can be printed after the file is gone.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string file;        ///< As the user named it; empty when the finding is about no file.
  std::uint32_t line = 0;  ///< From 1; 0: unknown.
  std::uint32_t column = 0;
  std::string path;          ///< In the document, as Node::path() gives it; may be empty.
  std::string object;        ///< "Service shop/cart"; may be empty.
  std::string message;       ///< One sentence without a full stop: what was found, and the near name if there is one.
  std::string accepted;      ///< What is accepted instead; may be empty.
  std::string source_line;   ///< Text of the line, or the part of a long one around the place.
  std::uint32_t caret = 0;   ///< First character of source_line to underline, from 0.
  std::uint32_t span = 0;    ///< Characters to underline; 0: no line to show.
  bool unsupported = false;  ///< Of a notice: the input asks for something that is not modelled.

  /// About a node: place, path, object and source line are taken from it. An absent node gives no place.
  static Diagnostic at(Severity severity, Node node, std::string message, std::string accepted = {});
  static Diagnostic at(Severity severity, const Mark& mark, std::string path, std::string message,
                       std::string accepted = {});
};

/// The text of one diagnostic, ending in a line end:
///
///     shop.yaml:41:3: error: unknown key 'sesionAffinity'; did you mean 'sessionAffinity'?
///       --> Service shop/cart, spec.sesionAffinity
///        |
///     41 |   sesionAffinity: ClientIP
///        |   ^^^^^^^^^^^^^^
///        = accepted: ...
///
/// The first line has the form of a compiler's message, so that editors and grep find the place.
/// @param colour  ANSI colours for severity, caret and margin.
std::string render(const Diagnostic& diagnostic, bool colour = false);
/// All of them, with a blank line between; after `limit` the rest is counted in one line.
std::string render(std::span<const Diagnostic> diagnostics, bool colour = false, std::size_t limit = 50);

/// A user's mistake, or all mistakes that were found in one pass. what() is the plain rendering.
class ConfigError : public std::runtime_error {
 public:
  /// @param diagnostics  At least one.
  /// @param more         Further errors that were counted but not kept.
  explicit ConfigError(std::vector<Diagnostic> diagnostics, std::size_t more = 0);
  ConfigError(const Mark& mark, std::string path, std::string message, std::string accepted = {});
  ConfigError(Node node, std::string message, std::string accepted = {});

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  std::size_t more() const { return more_; }

 private:
  std::vector<Diagnostic> diagnostics_;
  std::size_t more_ = 0;
};

/// Collects errors and notices, so that one pass over a file reports every mistake. Keeps the first 1,000 of each
/// severity and counts the rest.
class Diagnostics {
 public:
  void error(Node node, std::string message, std::string accepted = {});
  void error(const Mark& mark, std::string path, std::string message, std::string accepted = {});
  void notice(Node node, std::string message, std::string accepted = {});
  void notice(const Mark& mark, std::string path, std::string message, std::string accepted = {});
  /// A notice of what the input asks for and the models leave out.
  void unsupported(Node node, std::string message);
  void add(Diagnostic diagnostic);
  /// Takes over the diagnostics of an error that was thrown below.
  void add(const ConfigError& error);

  bool has_errors() const { return error_count_ > 0; }
  std::size_t error_count() const { return error_count_; }
  std::size_t notice_count() const { return notice_count_; }
  /// Sorted by file (in the order in which files first appeared), line and column; equal places in the order of
  /// reporting.
  std::vector<Diagnostic> errors() const;
  std::vector<Diagnostic> notices() const;
  /// @throws ConfigError  With every error, when there is one.
  void throw_if_errors() const;

 private:
  std::vector<Diagnostic> sorted(Severity severity) const;
  bool only_counted(Severity severity);
  std::vector<Diagnostic> kept_;
  std::size_t error_count_ = 0;
  std::size_t notice_count_ = 0;
};

/// Nearest of `candidates` to `word`: equal but for case first, then the least Damerau-Levenshtein distance (optimal
/// string alignment, on bytes, case folded) that is at most a third of the longer length, at least 1. Ties: the first
/// candidate. Empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'sessionAffinity'?", or "" when nothing is near: to be appended to a message.
std::string suggest(std::string_view word, std::span<const std::string_view> candidates);
std::string suggest(std::string_view word, std::span<const std::string> candidates);

}  // namespace knetsim
