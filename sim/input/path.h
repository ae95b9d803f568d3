#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/document.h"

namespace knetsim {

/// One step of a path: a mapping's key or a list's index.
struct PathStep {
  std::string key;
  std::size_t index = 0;
  bool is_index = false;

  bool operator==(const PathStep&) const = default;
};

/// A text that is not a path, and the byte at which that shows.
class PathError : public std::invalid_argument {
 public:
  PathError(const std::string& message, std::size_t offset) : std::invalid_argument(message), offset_(offset) {}
  std::size_t offset() const { return offset_; }

 private:
  std::size_t offset_;
};

/// A place in a document, in the one grammar of --set, variants, patches, explain and every message:
///
///     path  = step { "." key | "[" index "]" | "[" quoted "]" }     step = key | "[" quoted "]"
///     key   = any characters but . [ ] " = \ and blanks, or \ and any character ("a\.b" as Helm writes it)
///     quoted = '"' characters, with \" and \\ '"'                   index = decimal digits
///
/// Examples: cluster.proxy.mode, links[3].bandwidth, metadata.labels["app.kubernetes.io/name"]. The empty text is the
/// root.
class Path {
 public:
  Path() = default;
  explicit Path(std::vector<PathStep> steps) : steps_(std::move(steps)) {}
  /// @param starts  As of parse_prefix().
  /// @throws PathError
  static Path parse(std::string_view text, std::vector<std::uint64_t>* starts = nullptr);
  /// Parses the longest path at the start of `text`, up to a "=" outside quotes or the end.
  /// @param used    Bytes that belong to the path.
  /// @param starts  When given: the byte at which each step begins, without its dot or bracket.
  /// @throws PathError
  static Path parse_prefix(std::string_view text, std::size_t& used, std::vector<std::uint64_t>* starts = nullptr);

  void push_key(std::string_view key) { steps_.push_back({.key = std::string(key)}); }
  void push_index(std::size_t index) { steps_.push_back({.key = {}, .index = index, .is_index = true}); }
  void pop() { steps_.pop_back(); }
  /// This path and then `tail`.
  Path operator/(const Path& tail) const;

  const std::vector<PathStep>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }
  /// The shortest text that parses to this path again.
  std::string to_string() const;
  bool operator==(const Path&) const = default;

 private:
  std::vector<PathStep> steps_;
};

/// The node at `path` from the document's root, absent where there is none.
Node find(const Document& document, const Path& path);
Node find(Node from, const Path& path);

}  // namespace knetsim
