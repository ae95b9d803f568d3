#include "sim/input/document_builder.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "sim/input/document_editor.h"
#include "sim/input/input_file.h"

namespace knetsim {
namespace {

std::uint32_t hash_of(std::string_view text) {  // FNV-1a; order never depends on it
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

constexpr std::uint32_t kFree = 0xffff'ffffU;

}  // namespace

void DocumentBuilder::start(Document& target, const Input& input, std::uint64_t base, std::uint32_t number,
                            std::int64_t item) {
  target_ = &target;
  source_ = input.text().data() + base;
  target.records_.clear();
  target.texts_.clear();
  target.origins_.assign(1, {.input = &input, .base = base, .document = number});
  target.number_ = number;
  target.item_ = item;
  waiting_.clear();
  depth_ = 0;
  pending_ = {};
}

std::string_view DocumentBuilder::waiting_key(std::size_t index) const {
  const Record& record = waiting_[index];
  // Only what merges and defaults add has another origin; those keys are never compared here but through key_of().
  if (record.origin != 0 || (record.flags & Document::kOwnKeyText) != 0) return target_->key_of(record);
  return {source_ + record.key_text, record.key_size};
}

bool DocumentBuilder::add_key(std::uint32_t text, std::uint32_t size, std::uint32_t position, std::uint8_t flags) {
  Frame& frame = frames_[depth_ - 1];
  const char* start = (flags & Document::kOwnKeyText) != 0 ? target_->texts_.data() + text : source_ + text;
  const std::string_view name(start, size);
  pending_ = {.key_text = text,
              .key_size = size,
              .key_position = position,
              .flags = static_cast<std::uint8_t>(flags | Document::kHasKey)};
  if (waiting_.size() - frame.first >= kTableFrom) {
    if (find_in_table(frame, name)) return false;
  } else {
    for (std::size_t i = frame.first; i < waiting_.size(); ++i) {
      if (waiting_[i].key_size == size && waiting_key(i) == name) return refuse_duplicate(frame, i);
    }
  }
  if (name == "<<" && (flags & Document::kQuotedKey) == 0) frame.merges = true;
  return true;
}

bool DocumentBuilder::refuse_duplicate(Frame& frame, std::size_t index) {
  earlier_position_ = waiting_[index].key_position;
  if (last_counts_) {
    frame.replaces = index;
  } else {
    pending_ = {};
  }
  return false;
}

void DocumentBuilder::replace_duplicate() {
  Frame& frame = frames_[depth_ - 1];
  waiting_[frame.replaces] = waiting_.back();
  waiting_.pop_back();
  frame.replaces = kNothing;
}

bool DocumentBuilder::key(std::string_view made, std::uint32_t position, bool quoted) {
  const auto text = static_cast<std::uint32_t>(target_->texts_.size());
  target_->texts_ += made;
  return add_key(text, static_cast<std::uint32_t>(made.size()), position,
                 static_cast<std::uint8_t>(Document::kOwnKeyText | (quoted ? Document::kQuotedKey : 0)));
}

bool DocumentBuilder::find_in_table(Frame& frame, std::string_view text) {
  const std::size_t count = waiting_.size() - frame.first;
  if (frame.table.size() < 2 * (count + 1)) {
    std::size_t size = 64;
    while (size < 4 * (count + 1)) size *= 2;
    frame.table.assign(size, kFree);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::size_t slot = hash_of(waiting_key(frame.first + i)) & (size - 1);
      while (frame.table[slot] != kFree) slot = (slot + 1) & (size - 1);
      frame.table[slot] = i;
    }
  }
  const std::size_t mask = frame.table.size() - 1;
  std::size_t slot = hash_of(text) & mask;
  for (; frame.table[slot] != kFree; slot = (slot + 1) & mask) {
    const std::size_t i = frame.first + frame.table[slot];
    if (waiting_[i].key_size == text.size() && waiting_key(i) == text) {
      refuse_duplicate(frame, i);
      return true;
    }
  }
  frame.table[slot] = static_cast<std::uint32_t>(count);  // the entry that is about to be pushed
  return false;
}

void DocumentBuilder::scalar(std::string_view made, std::uint32_t position, bool quoted) {
  const auto text = static_cast<std::uint32_t>(target_->texts_.size());
  target_->texts_ += made;
  push({.text = text,
        .size = static_cast<std::uint32_t>(made.size()),
        .position = position,
        .kind = Node::Kind::Scalar,
        .flags = static_cast<std::uint8_t>(Document::kOwnText | (quoted ? Document::kQuoted : 0))});
}

void DocumentBuilder::open(std::uint32_t position, Node::Kind kind) {
  if (depth_ == frames_.size()) frames_.emplace_back();
  Frame& frame = frames_[depth_++];
  frame.header = pending_;
  frame.header.position = position;
  frame.header.kind = kind;
  frame.first = waiting_.size();
  frame.merges = false;
  frame.replaces = kNothing;
  frame.table.clear();
  pending_ = {};
}

void DocumentBuilder::place(const Record& record, std::uint32_t index) {
  DocumentEditor(*target_).place(record, index);
}

std::uint32_t DocumentBuilder::lay_out(std::size_t from) {
  std::vector<Record>& records = target_->records_;
  const auto first = static_cast<std::uint32_t>(records.size());
  records.insert(records.end(), waiting_.begin() + static_cast<std::ptrdiff_t>(from), waiting_.end());
  for (std::uint32_t index = first; index < records.size(); ++index) {
    const Record& record = records[index];
    if (record.kind != Node::Kind::Mapping && record.kind != Node::Kind::Sequence) continue;
    const std::uint32_t end = record.text + record.size;
    for (std::uint32_t child = record.text; child < end; ++child) records[child].parent = index;
  }
  waiting_.resize(from);
  return first;
}

void DocumentBuilder::close() {
  Frame& frame = frames_[depth_ - 1];
  if (frame.merges) resolve_merges(frame);
  Record header = frame.header;
  header.size = static_cast<std::uint32_t>(waiting_.size() - frame.first);
  header.text = lay_out(frame.first);
  --depth_;
  waiting_.push_back(header);
  if (depth_ > 0 && frames_[depth_ - 1].replaces != kNothing) replace_duplicate();
}

void DocumentBuilder::resolve_merges(Frame& frame) {
  // What is merged comes after the mapping's own entries and gives way to them; of several sources the first one wins
  // (yaml.org/type/merge.html).
  const auto begin = waiting_.begin() + static_cast<std::ptrdiff_t>(frame.first);
  const auto merge = std::find_if(begin, waiting_.end(), [&](const Record& record) {
    return (record.flags & Document::kQuotedKey) == 0 && target_->key_of(record) == "<<";
  });
  if (merge == waiting_.end()) return;
  const Record value = *merge;
  waiting_.erase(merge);
  std::unordered_set<std::string> known;
  for (std::size_t i = frame.first; i < waiting_.size(); ++i) known.emplace(target_->key_of(waiting_[i]));
  const auto add_entries = [&](const Record& mapping) {
    for (std::uint32_t child = mapping.text; child < mapping.text + mapping.size; ++child) {
      const Record entry = target_->records_[child];
      if (!known.emplace(target_->key_of(entry)).second) continue;
      waiting_.push_back(DocumentEditor(*target_).copy(*target_, entry));
    }
  };
  bool good = value.kind == Node::Kind::Mapping || value.kind == Node::Kind::Sequence;
  if (value.kind == Node::Kind::Mapping) add_entries(value);
  if (value.kind == Node::Kind::Sequence) {
    for (std::uint32_t child = value.text; child < value.text + value.size; ++child) {
      const Record item = target_->records_[child];
      good = good && item.kind == Node::Kind::Mapping;
      if (item.kind == Node::Kind::Mapping) add_entries(item);
    }
  }
  if (!good && on_bad_merge) on_bad_merge(value.position);
}

void DocumentBuilder::copy_last_to(Document& target) const {
  target.records_.clear();
  target.texts_.clear();
  target.origins_.clear();
  target.number_ = target_->number_;
  DocumentEditor editor(target);
  Record copied = editor.copy(*target_, waiting_.back());
  copied.flags = static_cast<std::uint8_t>(copied.flags & (Document::kQuoted | Document::kOwnText));
  target.records_.emplace_back();
  target.root_ = static_cast<std::uint32_t>(target.records_.size() - 1);
  editor.place(copied, target.root_);
}

std::uint32_t DocumentBuilder::alias(const Document& source, std::uint32_t position) {
  std::size_t deepest = 0;
  // Records stand before their parents, so one pass from the root down sees every parent first.
  std::vector<std::uint16_t> depth(source.records_.size(), 0);
  for (std::size_t i = source.records_.size(); i-- > 0;) {
    const std::uint32_t parent = source.records_[i].parent;
    if (parent != Document::kNone) depth[i] = static_cast<std::uint16_t>(depth[parent] + 1);
    deepest = std::max<std::size_t>(deepest, depth[i]);
  }
  if (deepest + depth_ > kMaxDepth) return 0;
  Record copied = DocumentEditor(*target_).copy(source, source.records_[source.root_]);
  // The alias stands where it is written when it is a container; a scalar's text needs the anchor's own origin.
  if (copied.kind == Node::Kind::Mapping || copied.kind == Node::Kind::Sequence ||
      (copied.flags & Document::kOwnText) != 0) {
    copied.origin = 0;
    copied.position = position;
  } else if (copied.kind == Node::Kind::Scalar) {
    const std::string text(target_->text_of(copied));
    scalar(text, position, (copied.flags & Document::kQuoted) != 0);
    return 1;
  } else {
    null(position);
    return 1;
  }
  push(copied);
  return static_cast<std::uint32_t>(source.records_.size());
}

Path DocumentBuilder::open_path() const {
  Path path;
  for (std::size_t level = 0; level < depth_; ++level) {
    const Frame& frame = frames_[level];
    if ((frame.header.flags & Document::kHasKey) != 0) path.push_key(target_->key_of(frame.header));
    if (frame.header.kind != Node::Kind::Sequence) continue;
    const std::size_t end = level + 1 < depth_ ? frames_[level + 1].first : waiting_.size();
    path.push_index(end - frame.first);
  }
  return path;
}

void DocumentBuilder::default_entry(std::string_view key, std::string_view value, std::uint64_t place_in_input) {
  const Frame& frame = frames_[depth_ - 1];
  for (std::size_t i = frame.first; i < waiting_.size(); ++i) {
    if (waiting_key(i) == key) return;
  }
  const Document::Origin& own = target_->origins_.front();
  Document::Origin other{.input = own.input, .base = place_in_input, .document = own.document};
  Record record;
  record.origin = DocumentEditor(*target_).origin_like(other);
  record.kind = Node::Kind::Scalar;
  record.flags = Document::kHasKey | Document::kOwnKeyText | Document::kOwnText | Document::kQuoted;
  record.key_text = static_cast<std::uint32_t>(target_->texts_.size());
  record.key_size = static_cast<std::uint32_t>(key.size());
  target_->texts_ += key;
  record.text = static_cast<std::uint32_t>(target_->texts_.size());
  record.size = static_cast<std::uint32_t>(value.size());
  target_->texts_ += value;
  waiting_.push_back(record);
}

void DocumentBuilder::finish() {
  if (waiting_.empty()) return;
  target_->root_ = lay_out(waiting_.size() - 1);
}

}  // namespace knetsim
