#include "sim/input/document_editor.h"

#include <limits>
#include <stdexcept>

namespace knetsim {

std::uint16_t DocumentEditor::origin_like(const Document::Origin& origin) {
  std::vector<Document::Origin>& known = target_->origins_;
  for (std::size_t i = known.size(); i-- > 0;) {  // the last one is asked for again and again
    if (known[i].input == origin.input && known[i].base == origin.base && known[i].document == origin.document) {
      return static_cast<std::uint16_t>(i);
    }
  }
  if (known.size() >= std::numeric_limits<std::uint16_t>::max())
    throw std::length_error("too many overrides in one document");
  known.push_back(origin);
  return static_cast<std::uint16_t>(known.size() - 1);
}

void DocumentEditor::place(const Record& record, std::uint32_t index) {
  target_->records_[index] = record;
  if (record.kind != Node::Kind::Mapping && record.kind != Node::Kind::Sequence) return;
  for (std::uint32_t child = record.text; child < record.text + record.size; ++child) {
    target_->records_[child].parent = index;
  }
}

DocumentEditor::Record DocumentEditor::copy(const Document& source, Record record) {
  Record made = record;
  made.parent = Document::kNone;
  made.origin = origin_like(source.origins_[record.origin]);
  const auto own = [&](std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(target_->texts_.size());
    target_->texts_.append(std::string(text));  // the source may be the target: its buffer moves
    return offset;
  };
  if ((record.flags & Document::kOwnKeyText) != 0) made.key_text = own(source.key_of(record));
  if (record.kind == Node::Kind::Mapping || record.kind == Node::Kind::Sequence) {
    std::vector<Record> children;
    children.reserve(record.size);
    for (std::uint32_t i = 0; i < record.size; ++i) children.push_back(copy(source, source.records_[record.text + i]));
    made.text = static_cast<std::uint32_t>(target_->records_.size());
    target_->records_.resize(target_->records_.size() + children.size());
    for (std::uint32_t i = 0; i < record.size; ++i) place(children[i], made.text + i);
  } else if ((record.flags & Document::kOwnText) != 0) {
    made.text = own(source.text_of(record));
  }
  return made;
}

bool DocumentEditor::count_from_start(Record& record) {
  Document::Origin origin = target_->origins_[record.origin];
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const bool in_file = record.kind == Node::Kind::Scalar && (record.flags & Document::kOwnText) == 0;
  if (origin.input == nullptr || origin.base + record.position > kMost) return false;
  if (in_file && origin.base + record.text > kMost) return false;
  const auto base = static_cast<std::uint32_t>(origin.base);
  origin.base = 0;
  record.origin = origin_like(origin);
  record.position += base;
  if (in_file) record.text += base;
  return true;
}

DocumentEditor::Place DocumentEditor::place_of(Node node) {
  if (!node.exists()) return {};
  const Record& record = node.document().records_[node.index_ & ~Node::kKeyBit];
  const Document::Origin& origin = node.document().origins_[record.origin];
  return {.input = origin.input,
          .offset = origin.base + (node.is_key() ? record.key_position : record.position),
          .document = origin.document};
}

DocumentEditor::Record DocumentEditor::key_as_own(Record record, std::string_view key,
                                                  std::optional<std::uint64_t> key_at) {
  const bool apart = key_at && count_from_start(record);
  record.key_text = static_cast<std::uint32_t>(target_->texts_.size());
  record.key_size = static_cast<std::uint32_t>(key.size());
  record.key_position = apart ? static_cast<std::uint32_t>(*key_at) : record.position;
  record.flags = static_cast<std::uint8_t>(record.flags | Document::kHasKey | Document::kOwnKeyText);
  target_->texts_.append(std::string(key));
  return record;
}

Node DocumentEditor::replace(Node at, Node value, std::optional<std::uint64_t> key_at) {
  Record made = copy(value.document(), value.document().records_[value.index_]);
  made.flags = static_cast<std::uint8_t>(made.flags & (Document::kQuoted | Document::kOwnText));
  if (!at.exists()) {
    target_->records_.emplace_back();
    target_->root_ = static_cast<std::uint32_t>(target_->records_.size() - 1);
    place(made, target_->root_);
    return target_->root();
  }
  const Record old = target_->records_[at.index_];
  made.parent = old.parent;
  if ((old.flags & Document::kHasKey) != 0) made = key_as_own(made, std::string(target_->key_of(old)), key_at);
  place(made, at.index_);
  return at;
}

Node DocumentEditor::make_container(Node at, Node::Kind kind, Node place, std::optional<std::uint64_t> key_at) {
  const Node made = replace(at, place, key_at);
  Record& record = target_->records_[made.index_];
  record.kind = kind;
  record.text = 0;
  record.size = 0;
  record.flags = static_cast<std::uint8_t>(record.flags & ~(Document::kQuoted | Document::kOwnText));
  if (key_at && count_from_start(record)) record.position = static_cast<std::uint32_t>(*key_at);
  return made;
}

Node DocumentEditor::grow(Node container, const Record& child) {
  const std::uint32_t index = container.index_;
  Record header = target_->records_[index];
  const auto first = static_cast<std::uint32_t>(target_->records_.size());
  target_->records_.resize(target_->records_.size() + header.size + 1);
  for (std::uint32_t i = 0; i < header.size; ++i) place(Record(target_->records_[header.text + i]), first + i);
  place(child, first + header.size);
  header.text = first;
  ++header.size;
  place(header, index);
  return {target_, first + header.size - 1};
}

Node DocumentEditor::add(Node mapping, std::string_view key, Node value, std::optional<std::uint64_t> key_at) {
  Record made = copy(value.document(), value.document().records_[value.index_]);
  made.flags = static_cast<std::uint8_t>(made.flags & (Document::kQuoted | Document::kOwnText));
  return grow(mapping, key_as_own(made, key, key_at));
}

void DocumentEditor::add_text(Node mapping, std::string_view key, std::string_view text, Node place) {
  Record made;
  made.kind = Node::Kind::Scalar;
  if (place.exists()) {
    const Record& record = place.document().records_[place.index_];
    made.origin = origin_like(place.document().origins_[record.origin]);
    made.position = record.position;
  }
  made.flags = Document::kQuoted | Document::kOwnText;
  made.text = static_cast<std::uint32_t>(target_->texts_.size());
  made.size = static_cast<std::uint32_t>(text.size());
  target_->texts_.append(std::string(text));
  grow(mapping, key_as_own(made, key));
}

Document DocumentEditor::part(const Document& source, Node node) {
  Document made;
  made.number_ = source.number_;
  made.item_ = source.item_;
  DocumentEditor(made).replace(made.root(), node);
  return made;
}

Node DocumentEditor::append(Node sequence, Node value) {
  Record made = copy(value.document(), value.document().records_[value.index_]);
  made.flags = static_cast<std::uint8_t>(made.flags & (Document::kQuoted | Document::kOwnText));
  return grow(sequence, made);
}

}  // namespace knetsim
