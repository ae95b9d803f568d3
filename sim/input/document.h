#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace knetsim {

class Document;
class Input;

/// Where something stands in an input file. Lines and columns count from 1, in the whole file, not in the YAML
/// document; columns count characters (bytes where a line is longer than 64 KiB, as in compact JSON).
struct Mark {
  std::string_view
      file;  ///< As the user named it; "<stdin>" for "-", "--set" for an override. Lives as long as its Input.
  std::uint32_t line = 0;  ///< 0: the place is unknown (a default, a value that the program made).
  std::uint32_t column = 0;
  std::uint32_t document = 0;    ///< 1 for the first `---` document of the file.
  const Input* input = nullptr;  ///< Where the line's text can be read again; null for a mark without a file.

  bool known() const { return line != 0; }
};

/// "shop.yaml:41:3"; "shop.yaml" when the line is unknown; "" for an empty mark.
std::string to_string(const Mark& mark);

/// One node of a parsed YAML or JSON document: a cheap handle (two words), valid while its Document lives and is not
/// read into again. A default-constructed Node is "absent"; every query on it answers as for an empty null, so that
/// chains like node["spec"]["template"] need no checks between.
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

  /// Scalar's text as written (quotes and escapes resolved); empty for anything else. Lives as long as the Document.
  std::string_view text() const;
  /// A quoted or block YAML scalar, or a JSON string: never to be read as a number, bool or null.
  bool is_quoted() const;

  /// Entries of a mapping or items of a sequence; 0 for anything else.
  std::size_t size() const;
  /// i-th item of a sequence, or value of the i-th entry of a mapping, in the order of the file. Absent out of range.
  Node operator[](std::size_t index) const;
  Node operator[](int index) const { return (*this)[static_cast<std::size_t>(index)]; }
  /// Value under `key`, absent when there is none.
  Node operator[](std::string_view key) const;
  Node operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  /// Key of the i-th entry of a mapping (a scalar node, with its own mark and the path of its value).
  Node key(std::size_t index) const;
  /// This value's own key in the mapping that holds it; absent for the root and for items of a sequence.
  Node key() const;
  /// The mapping or sequence that holds this node; absent for the root.
  Node parent() const;

  /// Iterates over items of a sequence or values of a mapping: `for (Node port : node["spec"]["ports"])`.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;

  /// Computed when asked (a scan for line ends that remembers where it was); not for every node of a big file.
  Mark mark() const;
  /// Path from the document's root in the grammar of --set: "spec.ports[0].port"; a key with a dot or bracket is
  /// quoted: metadata.labels["app.kubernetes.io/name"]. Empty for the root. In an item of a List the path starts at the
  /// item.
  std::string path() const;
  /// @pre exists()
  const Document& document() const { return *document_; }

  /// Same place in the same document.
  friend bool operator==(const Node& a, const Node& b) { return a.document_ == b.document_ && a.index_ == b.index_; }

 private:
  friend class Document;
  friend class DocumentEditor;
  static constexpr std::uint32_t kKeyBit = 0x8000'0000U;
  Node(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  bool is_key() const { return (index_ & kKeyBit) != 0; }
  const Document* document_ = nullptr;
  std::uint32_t index_ = 0;  ///< Record of the value; with kKeyBit, the key of that record.
};

class Node::Iterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = Node;
  using difference_type = std::ptrdiff_t;
  using pointer = const Node*;
  using reference = Node;

  Iterator() = default;
  Iterator(Node container, std::size_t index) : container_(container), index_(index) {}
  Node operator*() const { return container_[index_]; }
  /// The entry's key, in a mapping.
  Node key() const { return container_.key(index_); }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) {
    return a.index_ == b.index_ && a.container_ == b.container_;
  }

 private:
  Node container_;
  std::size_t index_ = 0;
};

inline Node::Iterator Node::begin() const { return {*this, 0}; }
inline Node::Iterator Node::end() const { return {*this, size()}; }

/// One YAML document, one JSON document, or one item of a `kind: List`: an arena of 32-byte records whose texts are
/// views into the file's bytes (or, where escapes were resolved, into the document's own buffer). Copying copies the
/// records; the Input must outlive every copy. Reading the next item into the same Document reuses its memory.
class Document {
 public:
  Document() = default;

  /// Absent for an empty document.
  Node root() const;
  /// Shorthand of root()[key].
  Node operator[](std::string_view key) const { return root()[key]; }
  bool empty() const { return records_.empty(); }
  /// What it takes of memory: values, and bytes of texts that do not stand in the file as they are.
  std::size_t nodes() const { return records_.size(); }
  std::size_t text_bytes() const { return texts_.size(); }
  /// The file it came from; null for a document built from nothing.
  const Input* input() const { return origins_.empty() ? nullptr : origins_.front().input; }
  /// 1 for the first `---` document of the file.
  std::uint32_t number() const { return number_; }
  /// Index in the `items` of the List that holds it; -1 for a document of its own.
  std::int64_t item() const { return item_; }
  /// How a person would name the object: "Service shop/cart", "Scenario quickstart", "Pod <generateName web->"; empty
  /// where there is no `kind`.
  std::string label() const;

 private:
  friend class Node;
  friend class DocumentBuilder;
  friend class DocumentEditor;

  /// A value and, in a mapping, its key. The children of a container stand side by side, so that node[i] is one step.
  struct Record {
    std::uint32_t text = 0;      ///< Scalar: offset of its text in its buffer. Container: its first child.
    std::uint32_t size = 0;      ///< Scalar: bytes. Container: children.
    std::uint32_t position = 0;  ///< Where the value stands, bytes after the origin's base.
    std::uint32_t parent = kNone;
    std::uint32_t key_text = 0;
    std::uint32_t key_size = 0;
    std::uint32_t key_position = 0;
    Node::Kind kind = Node::Kind::Absent;
    std::uint8_t flags = 0;
    std::uint16_t origin = 0;  ///< Which Origin the positions and the texts in the file belong to.
  };
  static constexpr std::uint32_t kNone = 0xffff'ffffU;
  static constexpr std::uint8_t kQuoted = 1;   ///< Not a plain scalar.
  static constexpr std::uint8_t kOwnText = 2;  ///< Text stands in texts_, not in the file.
  static constexpr std::uint8_t kHasKey = 4;
  static constexpr std::uint8_t kOwnKeyText = 8;  ///< Key's text stands in texts_.
  static constexpr std::uint8_t kQuotedKey = 16;

  /// Where a part of the document came from: the file itself, or an override laid over it.
  struct Origin {
    const Input* input = nullptr;
    std::uint64_t base = 0;  ///< Offset in the input that positions count from.
    std::uint32_t document = 1;
  };

  std::string_view text_of(const Record& record) const;
  std::string_view key_of(const Record& record) const;

  std::vector<Record> records_;
  std::string texts_;  ///< Texts with resolved escapes, folded lines, synthetic values.
  std::vector<Origin> origins_;
  std::uint32_t root_ = 0;
  std::uint32_t number_ = 1;
  std::int64_t item_ = -1;
};

}  // namespace knetsim
