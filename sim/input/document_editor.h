#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/input/document.h"

namespace knetsim {

/// Changes to a document in memory: what overrides, merges and aliases are made of. A container that grows is laid out
/// anew at the arena's end; handles to its children that were taken before then point to the old ones.
class DocumentEditor {
 public:
  explicit DocumentEditor(Document& target) : target_(&target) {}

  // A key's own place, where it has one, is an offset in the value's input; else it is the value's.

  /// Replaces what stands at `at` by a copy of `value`; its place becomes the value's.
  Node replace(Node at, Node value, std::optional<std::uint64_t> key_at = {});
  /// Makes `at` (null or absent: the root of an empty document) an empty mapping or sequence, placed as `place`, or at
  /// its key.
  Node make_container(Node at, Node::Kind kind, Node place, std::optional<std::uint64_t> key_at = {});
  /// Adds a copy of `value` to a mapping that has no such key.
  Node add(Node mapping, std::string_view key, Node value, std::optional<std::uint64_t> key_at = {});
  /// Adds a text that the program made, with the place of another node.
  void add_text(Node mapping, std::string_view key, std::string_view text, Node place);
  /// Appends a copy of `value` to a sequence.
  Node append(Node sequence, Node value);

  /// A node with all beneath it as a document of its own: an item of the same number.
  static Document part(const Document& source, Node node);

  /// Where a value or key stands; no input for one that the program made.
  struct Place {
    const Input* input = nullptr;
    std::uint64_t offset = 0;
    std::uint32_t document = 1;
  };
  static Place place_of(Node node);

 private:
  friend class DocumentBuilder;
  using Record = Document::Record;

  /// A copy of `record` with everything beneath it laid into the target's arena; not itself placed there.
  Record copy(const Document& source, Record record);  // by value: the source may be the target, whose arena moves
  std::uint16_t origin_like(const Document::Origin& origin);
  /// Writes a record at `index` and tells its children that they belong to it.
  void place(const Record& record, std::uint32_t index);
  Node grow(Node container, const Record& child);
  Record key_as_own(Record record, std::string_view key, std::optional<std::uint64_t> key_at = {});
  /// Gives the record an origin that begins with its input, so that its key may stand before its value.
  /// @return false  It stands too far from there; nothing was changed.
  bool count_from_start(Record& record);

  Document* target_;
};

}  // namespace knetsim
