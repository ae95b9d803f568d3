#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/document.h"
#include "sim/input/path.h"

namespace knetsim {

/// Bounds that end a hostile or broken input early.
inline constexpr std::uint32_t kMaxDepth = 256;        ///< Nested mappings and lists; Kubernetes stays below 30.
inline constexpr std::uint32_t kMaxNodes = 4'000'000;  ///< In one document or one item of a List: 128 MB of records.
inline constexpr std::uint64_t kMaxDocumentBytes = 32 << 20;  ///< Of one document or one item of a List.
inline constexpr std::size_t kMaxDuplicates = 100;            ///< Duplicate keys reported before a file is given up.
inline constexpr std::size_t kMaxEmptyDocuments = 100'000;    ///< One after another, between two `---`.
/// Brackets and braces of a YAML document without their ends; libfyaml keeps about 200 bytes for each of them.
inline constexpr std::size_t kMaxOpenFlow = 1 << 18;
inline constexpr std::uint32_t kMaxAliasNodes = 200'000;   ///< That the aliases of one document may stand for.
inline constexpr std::uint32_t kMaxAnchorNodes = 500'000;  ///< Copied for the anchors of one document.
inline constexpr std::size_t kMaxOrigins = 1000;           ///< Other items that the aliases of one item may point to.

/// Fills a Document from the events of a parser. Bottom-up: the children of an open container wait on a stack and are
/// laid side by side into the arena when it closes. Offsets of texts and positions count from the document's base in
/// the file.
class DocumentBuilder {
 public:
  /// Empties `target` and starts to fill it. The memory of both is reused.
  /// @param base  Offset in the input that every offset below counts from.
  void start(Document& target, const Input& input, std::uint64_t base, std::uint32_t number, std::int64_t item);

  /// The value of a key that was there before takes the earlier one's place, instead of being refused.
  void let_last_duplicate_count() { last_counts_ = true; }

  /// The key of the next value, when its bytes stand in the file as they are. @return false: the key was there before;
  /// the value that follows must not be added, unless the last one counts.
  bool key(std::uint32_t text, std::uint32_t size, std::uint32_t position, bool quoted) {
    return add_key(text, size, position, quoted ? Document::kQuotedKey : std::uint8_t{0});
  }
  /// The same for a key whose text had to be made (escapes).
  bool key(std::string_view made, std::uint32_t position, bool quoted);

  void scalar(std::uint32_t text, std::uint32_t size, std::uint32_t position, bool quoted) {
    push({.text = text,
          .size = size,
          .position = position,
          .kind = Node::Kind::Scalar,
          .flags = quoted ? Document::kQuoted : std::uint8_t{0}});
  }
  void scalar(std::string_view made, std::uint32_t position, bool quoted);
  void null(std::uint32_t position) { push({.position = position, .kind = Node::Kind::Null}); }

  void open_mapping(std::uint32_t position) { open(position, Node::Kind::Mapping); }
  void open_sequence(std::uint32_t position) { open(position, Node::Kind::Sequence); }
  void close();

  /// Copies the value that was completed last, with all beneath it, to `target` as its root (an anchor's content).
  void copy_last_to(Document& target) const;
  /// Adds a copy of another document's root (an alias). @return  Nodes added; 0 when it would be nested too deeply.
  /// Whoever calls it bounds nodes(), text_bytes() and origins().
  std::uint32_t alias(const Document& source, std::uint32_t position);

  std::size_t depth() const { return depth_; }
  bool in_mapping() const { return depth_ > 0 && frames_[depth_ - 1].header.kind == Node::Kind::Mapping; }
  std::size_t nodes() const { return target_->records_.size() + waiting_.size(); }
  /// Bytes of texts that do not stand in the file as they are, copies of aliases among them.
  std::size_t text_bytes() const { return target_->text_bytes(); }
  /// Places that the values come from: 1 without an alias of another item.
  std::size_t origins() const { return target_->origins_.size(); }
  /// Where an earlier key of the innermost mapping equals the one refused by key(), from the base.
  std::uint32_t earlier_position() const { return earlier_position_; }
  /// Path of the value that comes next in the innermost open container, without its key: for messages.
  Path open_path() const;
  /// Adds an entry with a place of its own to the mapping that is about to be closed, unless its key is there.
  void default_entry(std::string_view key, std::string_view value, std::uint64_t place_in_input);

  /// The single value on the stack becomes the root. Without one the document stays empty.
  void finish();

  /// Entries of the innermost open mapping that are merge keys ("<<") are resolved by close(); this is called for each
  /// one whose value is neither a mapping nor a list of mappings.
  std::function<void(std::uint32_t position)> on_bad_merge;

 private:
  using Record = Document::Record;
  static constexpr std::size_t kNothing = static_cast<std::size_t>(-1);
  struct Frame {
    Record header;
    std::size_t first = 0;             ///< Of its children on the stack.
    bool merges = false;               ///< Holds a "<<".
    std::size_t replaces = kNothing;   ///< The child whose place the next value takes: a duplicate key's.
    std::vector<std::uint32_t> table;  ///< Open-addressed index of the keys, from kTableFrom entries on.
  };
  static constexpr std::size_t kTableFrom = 24;

  void push(Record record) {
    record.flags = static_cast<std::uint8_t>(record.flags | pending_.flags);
    record.key_text = pending_.key_text;
    record.key_size = pending_.key_size;
    record.key_position = pending_.key_position;
    pending_ = {};
    waiting_.push_back(record);
    if (depth_ > 0 && frames_[depth_ - 1].replaces != kNothing) replace_duplicate();
  }
  void replace_duplicate();
  bool refuse_duplicate(Frame& frame, std::size_t index);
  void open(std::uint32_t position, Node::Kind kind);
  bool add_key(std::uint32_t text, std::uint32_t size, std::uint32_t position, std::uint8_t flags);
  bool find_in_table(Frame& frame, std::string_view text);
  std::string_view waiting_key(std::size_t index) const;
  void resolve_merges(Frame& frame);
  void place(const Record& record, std::uint32_t index);
  std::uint32_t lay_out(std::size_t from);

  Document* target_ = nullptr;
  const char* source_ = nullptr;  ///< Input's bytes at the base.
  std::vector<Record> waiting_;   ///< Children of the open containers.
  std::vector<Frame> frames_;     ///< The first depth_ are open; the rest keep their memory.
  std::size_t depth_ = 0;
  Record pending_;  ///< Holds the key of the next value.
  std::uint32_t earlier_position_ = 0;
  bool last_counts_ = false;
};

}  // namespace knetsim
