#pragma once

#include <cstdint>
#include <string_view>

#include "sim/input/document.h"

namespace knetsim {

/// Changes to a document in memory: what overrides, merges and aliases are made of. A container that grows is laid out
/// anew at the arena's end; handles to its children that were taken before then point to the old ones.
class DocumentEditor {
 public:
  explicit DocumentEditor(Document& target) : target_(&target) {}

  /// Replaces what stands at `at` by a copy of `value`; its place becomes the value's.
  Node replace(Node at, Node value);
  /// Makes `at` (null or absent: the root of an empty document) an empty mapping or sequence, placed as `place`.
  Node make_container(Node at, Node::Kind kind, Node place);
  /// Adds a copy of `value` to a mapping that has no such key.
  Node add(Node mapping, std::string_view key, Node value);
  /// Appends a copy of `value` to a sequence.
  Node append(Node sequence, Node value);

 private:
  friend class DocumentBuilder;
  using Record = Document::Record;

  /// A copy of `record` with everything beneath it laid into the target's arena; not itself placed there.
  Record copy(const Document& source, Record record);  // by value: the source may be the target, whose arena moves
  std::uint16_t origin_like(const Document::Origin& origin);
  /// Writes a record at `index` and tells its children that they belong to it.
  void place(const Record& record, std::uint32_t index);
  Node grow(Node container, const Record& child);
  Record key_as_own(Record record, std::string_view key);

  Document* target_;
};

}  // namespace knetsim
