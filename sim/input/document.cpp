#include "sim/input/document.h"

#include "sim/input/input_file.h"
#include "sim/input/path.h"

namespace knetsim {

std::string to_string(const Mark& mark) {
  std::string text(mark.file);
  if (mark.known()) text += ':' + std::to_string(mark.line) + ':' + std::to_string(mark.column);
  return text;
}

std::string_view Document::text_of(const Record& record) const {
  if ((record.flags & kOwnText) != 0) return std::string_view(texts_).substr(record.text, record.size);
  const Origin& origin = origins_[record.origin];
  return origin.input->text().substr(origin.base + record.text, record.size);
}

std::string_view Document::key_of(const Record& record) const {
  if ((record.flags & kOwnKeyText) != 0) return std::string_view(texts_).substr(record.key_text, record.key_size);
  const Origin& origin = origins_[record.origin];
  return origin.input->text().substr(origin.base + record.key_text, record.key_size);
}

Node Document::root() const { return records_.empty() ? Node() : Node(this, root_); }

std::string Document::label() const {
  const Node top = root();
  const std::string_view kind = top["kind"].text();
  if (kind.empty()) return {};
  const Node metadata = top["metadata"];
  const std::string_view space = metadata["namespace"].text();
  std::string label(kind);
  if (const std::string_view name = metadata["name"].text(); !name.empty()) {
    label += ' ';
    if (!space.empty()) label.append(space).append("/");
    label += name;
  } else if (const std::string_view prefix = metadata["generateName"].text(); !prefix.empty()) {
    label.append(" ").append(prefix).append("*");
  }
  return label;
}

Node::Kind Node::kind() const {
  if (document_ == nullptr) return Kind::Absent;
  return is_key() ? Kind::Scalar : document_->records_[index_].kind;
}

bool Node::is_null() const {
  const Kind what = kind();
  return what == Kind::Null || what == Kind::Absent;
}

std::string_view Node::text() const {
  if (document_ == nullptr) return {};
  const Document::Record& record = document_->records_[index_ & ~kKeyBit];
  if (is_key()) return document_->key_of(record);
  return record.kind == Kind::Scalar ? document_->text_of(record) : std::string_view();
}

bool Node::is_quoted() const {
  if (document_ == nullptr) return false;
  const std::uint8_t flag = is_key() ? Document::kQuotedKey : Document::kQuoted;
  return (document_->records_[index_ & ~kKeyBit].flags & flag) != 0;
}

std::size_t Node::size() const {
  if (!is_sequence() && !is_mapping()) return 0;
  return document_->records_[index_].size;
}

Node Node::operator[](std::size_t index) const {
  if (index >= size()) return {};
  return {document_, document_->records_[index_].text + static_cast<std::uint32_t>(index)};
}

Node Node::operator[](std::string_view key) const {
  if (!is_mapping()) return {};
  const Document::Record& record = document_->records_[index_];
  for (std::uint32_t child = record.text; child < record.text + record.size; ++child) {
    const Document::Record& entry = document_->records_[child];
    if (entry.key_size == key.size() && document_->key_of(entry) == key) return {document_, child};
  }
  return {};
}

Node Node::key(std::size_t index) const {
  if (!is_mapping() || index >= size()) return {};
  return {document_, (document_->records_[index_].text + static_cast<std::uint32_t>(index)) | kKeyBit};
}

Node Node::key() const {
  if (document_ == nullptr || is_key() || (document_->records_[index_].flags & Document::kHasKey) == 0) return {};
  return {document_, index_ | kKeyBit};
}

Node Node::parent() const {
  if (document_ == nullptr) return {};
  const std::uint32_t up = document_->records_[index_ & ~kKeyBit].parent;
  return up == Document::kNone ? Node() : Node(document_, up);
}

Mark Node::mark() const {
  if (document_ == nullptr) return {};
  const Document::Record& record = document_->records_[index_ & ~kKeyBit];
  const Document::Origin& origin = document_->origins_[record.origin];
  if (origin.input == nullptr) return {};
  return origin.input->mark(origin.base + (is_key() ? record.key_position : record.position), origin.document);
}

std::string Node::path() const {
  if (document_ == nullptr) return {};
  std::vector<std::uint32_t> steps;
  for (std::uint32_t at = index_ & ~kKeyBit; document_->records_[at].parent != Document::kNone;
       at = document_->records_[at].parent) {
    steps.push_back(at);
  }
  Path path;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const Document::Record& record = document_->records_[*step];
    if ((record.flags & Document::kHasKey) != 0) {
      path.push_key(document_->key_of(record));
    } else {
      path.push_index(*step - document_->records_[record.parent].text);
    }
  }
  return path.to_string();
}

}  // namespace knetsim
