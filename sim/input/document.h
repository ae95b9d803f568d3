#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim {

/// Where something stands in an input file. Lines and columns count from 1, in the whole file, not in the YAML document.
struct Mark {
  std::string_view file;       ///< As the user named it; "<stdin>" for "-", "--set" for an override. Lives as long as its Input.
  std::uint32_t line = 0;      ///< 0: the place is unknown (an override, a default).
  std::uint32_t column = 0;
  std::uint32_t document = 0;  ///< 1 for the first `---` document of the file.
};

class Document;

/// One node of a parsed YAML or JSON document: a cheap handle (two words), valid while its Document lives.
/// A default-constructed Node is "absent"; every query on it answers as for an empty null, so that chains
/// like node["spec"]["template"] need no checks between.
class Node {
 public:
  enum class Kind : std::uint8_t { Absent, Null, Scalar, Sequence, Mapping };

  Node() = default;

  Kind kind() const;
  bool exists() const { return document_ != nullptr; }
  explicit operator bool() const { return exists(); }
  bool is_null() const;
  bool is_scalar() const { return kind() == Kind::Scalar; }
  bool is_sequence() const { return kind() == Kind::Sequence; }
  bool is_mapping() const { return kind() == Kind::Mapping; }

  /// Scalar's text as written (quotes and escapes resolved); empty for anything else.
  std::string_view text() const;
  /// A quoted YAML scalar or a JSON string: never to be read as a number, bool or null.
  bool is_quoted() const;

  /// Entries of a mapping or items of a sequence; 0 for anything else.
  std::size_t size() const;
  /// i-th item of a sequence, or value of the i-th entry of a mapping, in the order of the file.
  Node operator[](std::size_t index) const;
  /// Value under `key`, absent when there is none.
  Node operator[](std::string_view key) const;
  /// Key of the i-th entry of a mapping (a scalar node, with its own mark).
  Node key(std::size_t index) const;

  Mark mark() const;
  /// Path from the document's root in the grammar of --set: "spec.ports[0].port"; a key with a dot or bracket is quoted:
  /// metadata.labels["app.kubernetes.io/name"].
  std::string path() const;
  const Document& document() const { return *document_; }

 private:
  friend class Document;
  Node(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  const Document* document_ = nullptr;
  std::uint32_t index_ = 0;
};

}  // namespace knetsim
