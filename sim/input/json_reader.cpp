#include "sim/input/json_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/input/document_builder.h"
#include "sim/input/json_text.h"
#include "sim/input/list_header.h"

namespace knetsim {
namespace {

struct Stop {};  // thrown where reading cannot go on; the reason is already in the diagnostics

class JsonReader {
 public:
  JsonReader(const Input& input, Diagnostics& diagnostics, const DocumentSink& sink, ReadRules rules)
      : input_(input),
        diagnostics_(diagnostics),
        sink_(sink),
        rules_(std::move(rules)),
        end_(input.text().data() + input.text().size()) {
    if (rules_.last_duplicate_counts) {
      whole_.let_last_duplicate_count();
      item_.let_last_duplicate_count();
    }
  }

  void read() {
    const std::string_view text = input_.text();
    p_ = text.data();
    for (p_ = skip_between(p_); p_ < end_; p_ = skip_between(p_)) {
      ++number_;
      if (*p_ == '[') stop(p_, "the document is a list", "an object: { \"kind\": ... }");
      if (*p_ != '{') stop(p_, "expected '{' where a JSON document begins");
      read_root();
    }
  }

 private:
  struct Text {
    const char* start = nullptr;  ///< In the file, after the quote; null when the text had to be made, in made_.
    std::uint32_t size = 0;
  };

  std::uint32_t relative(const char* place) const { return static_cast<std::uint32_t>(place - base_); }
  std::uint64_t offset(const char* place) const { return static_cast<std::uint64_t>(place - input_.text().data()); }
  std::string_view view(const Text& text) const {
    return text.start == nullptr ? std::string_view(made_) : std::string_view(text.start, text.size);
  }

  /// Blanks, and the byte order mark that each of several files in a row may begin with.
  const char* skip_between(const char* place) const {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    place = skip_blanks(place);
    while (std::string_view(place, static_cast<std::size_t>(end_ - place)).starts_with(kByteOrderMark)) {
      place = skip_blanks(place + kByteOrderMark.size());
    }
    return place;
  }

  [[noreturn]] void stop(const char* place, std::string message, std::string accepted = {}) {
    flush_errors({});
    std::string path = builder_ != nullptr ? builder_->open_path().to_string() : std::string();
    diagnostics_.error(input_.mark(offset(place), number_), std::move(path), std::move(message), std::move(accepted));
    throw Stop{};
  }
  [[noreturn]] void unexpected(const char* place, std::string_view wanted) {
    if (place >= end_) stop(end_, fmt::format("not valid JSON: the file ends where {} is expected", wanted));
    const auto byte = static_cast<unsigned char>(*place);
    const std::string found = byte > 0x20 && byte < 0x7f ? fmt::format("'{}'", *place)
                                                         : fmt::format("byte 0x{:02x}", static_cast<unsigned>(byte));
    stop(place, fmt::format("not valid JSON: {} where {} is expected", found, wanted));
  }
  void flush_errors(const std::string& object) {
    for (Diagnostic& late : late_) {
      late.object = object;
      diagnostics_.add(std::move(late));
    }
    late_.clear();
  }

  void begin(DocumentBuilder& builder, Document& document, std::int64_t item) {
    builder_ = &builder;
    base_ = p_;
    builder.start(document, input_, offset(p_), number_, item);
  }

  void check_limits() {
    if (builder_->nodes() > kMaxNodes) stop(p_, fmt::format("one document with more than {} values", kMaxNodes));
    if (p_ - base_ > static_cast<std::ptrdiff_t>(kMaxDocumentBytes)) {
      stop(p_, fmt::format("one document of more than {} MiB", kMaxDocumentBytes >> 20U));
    }
  }

  // --- the document itself -------------------------------------------------------------------------------------------

  void read_root() {
    header_ = {};
    begin(whole_, whole_document_, -1);
    const char* root = p_;
    object([this](const Text& key) {
      const std::string name(view(key));
      if (name == "items" && header_.was_list) items_again();
      if (name == "items" && *p_ == '[' && header_.may_be_list()) {
        read_items();
        return;
      }
      const char* place = p_;
      value();
      if ((name == "kind" || name == "apiVersion") && *place == '"') {
        header_.value(name, std::string_view(place + 1, static_cast<std::size_t>(p_ - place) - 2), offset(place));
      }
    });
    whole_.finish();
    flush_errors(whole_document_.label());
    if (header_.was_list) {
      header_.check_kind(whole_document_.root(), diagnostics_);
      header_.deliver_waiting(whole_document_.root(), sink_);
    } else {
      sink_(whole_document_);
    }
    builder_ = nullptr;
    release(root);
  }

  /// Only where the last of several counts: else its value is not looked at.
  void items_again() {
    if (!rules_.on_items_again) stop(p_, "a second 'items' in one List", "one 'items'");
    rules_.on_items_again();
    header_.waiting.clear();
    header_.items = 0;
  }

  void read_items() {
    const char* list = p_;
    const char* outer_base = base_;
    p_ = skip_blanks(p_ + 1);
    if (*p_ == ']') {
      ++p_;
    } else {
      for (;;) {
        read_item();
        p_ = skip_blanks(p_);
        if (*p_ == ']') break;
        if (*p_ != ',') unexpected(p_, "',' or ']'");
        p_ = skip_blanks(p_ + 1);
      }
      ++p_;
    }
    builder_ = &whole_;
    base_ = outer_base;
    whole_.open_sequence(relative(list));
    whole_.close();
    // What follows the items may stand gigabytes further on: it is checked for syntax and for `kind`, not for its
    // place.
    if (p_ - base_ > static_cast<std::ptrdiff_t>(kMaxDocumentBytes)) {
      whole_.close();
      whole_.finish();
      begin(whole_, whole_document_, -1);
      whole_.open_mapping(0);
    }
  }

  void read_item() {
    begin(item_, item_document_, static_cast<std::int64_t>(header_.items++));
    if (*p_ == '{') {
      object([this](const Text&) { value(); }, true);
    } else {
      value();
    }
    item_.finish();
    flush_errors(item_document_.label());
    if (item_document_.root().is_mapping() && header_.keeps_waiting(item_document_.root())) {
      header_.waiting.push_back(item_document_);
    } else if (item_document_.root().is_mapping()) {
      sink_(item_document_);
    } else {
      diagnostics_.error(item_document_.root(), fmt::format("item {} of the List is no object", item_document_.item()));
    }
    release(base_);
  }

  void release(const char* place) {
    if (place - released_ < 32 << 20 && released_ != nullptr) return;
    released_ = place;
    input_.release_before(offset(place));
  }

  // --- values
  // ----------------------------------------------------------------------------------------------------------

  void value() {
    switch (*p_) {
      case '{':
        object([this](const Text&) { value(); });
        return;
      case '[':
        array();
        return;
      case '"': {
        const char* place = p_;
        const Text text = string();
        if (text.start != nullptr) {
          builder_->scalar(relative(text.start), text.size, relative(place), true);
        } else {
          builder_->scalar(std::string_view(made_), relative(place), true);
        }
        return;
      }
      case 't':
        word("true");
        return;
      case 'f':
        word("false");
        return;
      case 'n':
        word("null");
        return;
      default:
        number();
    }
  }

  void word(std::string_view word) {
    if (std::string_view(p_, static_cast<std::size_t>(end_ - p_)).substr(0, word.size()) != word)
      unexpected(p_, "a value");
    if (word == "null") {
      builder_->null(relative(p_));
    } else {
      builder_->scalar(relative(p_), static_cast<std::uint32_t>(word.size()), relative(p_), false);
    }
    p_ += word.size();
    end_of_scalar();
  }

  void number() {
    const char* start = p_;
    const auto digits = [this] {
      const char* first = p_;
      while (*p_ >= '0' && *p_ <= '9') ++p_;
      return p_ > first;
    };
    if (*p_ == '-') ++p_;
    const char* whole = p_;
    if (!digits()) unexpected(p_, whole == start ? "a value" : "a digit");
    if (*whole == '0' && p_ - whole > 1) unexpected(whole + 1, "no digit after a leading 0");
    if (*p_ == '.') {
      ++p_;
      if (!digits()) unexpected(p_, "a digit");
    }
    if (*p_ == 'e' || *p_ == 'E') {
      ++p_;
      if (*p_ == '+' || *p_ == '-') ++p_;
      if (!digits()) unexpected(p_, "a digit");
    }
    builder_->scalar(relative(start), static_cast<std::uint32_t>(p_ - start), relative(start), false);
    end_of_scalar();
  }

  void end_of_scalar() {
    if (is_blank(*p_) || *p_ == ',' || *p_ == ']' || *p_ == '}' || p_ >= end_) return;
    unexpected(p_, "',' or the end of the value");
  }

  void open_level() {
    if (++depth_ > kMaxDepth) stop(p_, fmt::format("nested more than {} levels deep", kMaxDepth));
  }

  void array() {
    open_level();
    builder_->open_sequence(relative(p_));
    p_ = skip_blanks(p_ + 1);
    if (*p_ != ']') {
      for (;;) {
        check_limits();
        value();
        p_ = skip_blanks(p_);
        if (*p_ == ']') break;
        if (*p_ != ',') unexpected(p_, "',' or ']'");
        p_ = skip_blanks(p_ + 1);
      }
    }
    ++p_;
    --depth_;
    builder_->close();
  }

  /// An object at p_. `entry` reads the value at p_ for a key that was just given to the builder.
  template <class Entry>
  void object(Entry entry, bool is_item = false) {
    open_level();
    builder_->open_mapping(relative(p_));
    p_ = skip_blanks(p_ + 1);
    if (*p_ != '}') {
      for (;;) {
        if (*p_ != '"') unexpected(p_, "a key in double quotes");
        check_limits();
        const char* place = p_;
        const Text key = string();
        const bool fresh = key.start != nullptr ? builder_->key(relative(key.start), key.size, relative(place), true)
                                                : builder_->key(std::string_view(made_), relative(place), true);
        if (!fresh) duplicate(key, place);
        p_ = skip_blanks(p_);
        if (*p_ != ':') unexpected(p_, "':'");
        p_ = skip_blanks(p_ + 1);
        if (fresh || rules_.last_duplicate_counts) {
          entry(key);
        } else {
          drop_value();
        }
        p_ = skip_blanks(p_);
        if (*p_ == '}') break;
        if (*p_ != ',') unexpected(p_, "',' or '}'");
        p_ = skip_blanks(p_ + 1);
      }
    }
    ++p_;
    --depth_;
    if (is_item) header_.complete(*builder_);
    builder_->close();
  }

  void duplicate(const Text& key, const char* place) {
    const bool last_counts = rules_.last_duplicate_counts;
    if (last_counts && duplicates_ >= kMaxDuplicates) return;  // told often enough
    const std::string name(view(key));
    const Mark first = input_.mark(offset(base_) + builder_->earlier_position(), number_);
    late_.push_back(Diagnostic::at(
        last_counts ? Severity::Notice : Severity::Error, input_.mark(offset(place), number_),
        (builder_->open_path() / Path({{.key = name}})).to_string(),
        last_counts ? fmt::format("duplicate key '{}': this one counts, as for kubectl; line {} has the other", name,
                                  first.line)
                    : fmt::format("duplicate key '{}'; it stands at line {} already", name, first.line)));
    if (++duplicates_ == kMaxDuplicates && !last_counts) {
      stop(place, "too many duplicate keys: the rest of the file is not read");
    }
  }

  void drop_value() {
    DocumentBuilder* builder = builder_;
    Document nowhere;
    DocumentBuilder dropping;
    dropping.start(nowhere, input_, offset(base_), number_, -1);
    builder_ = &dropping;
    value();
    builder_ = builder;
  }

  /// The string at p_ (a quote); p_ stands after its end then.
  Text string() {
    const char* start = ++p_;
    bool wide = false;
    p_ = skip_string(p_, wide);
    if (p_ - start > static_cast<std::ptrdiff_t>(kMaxDocumentBytes)) check_limits();
    if (*p_ == '"') {
      if (wide) check_utf8(start, p_);
      return {.start = start, .size = static_cast<std::uint32_t>(p_++ - start)};
    }
    made_.assign(start, static_cast<std::size_t>(p_ - start));
    while (*p_ != '"') {
      if (*p_ != '\\') {
        if (p_ >= end_) stop(start - 1, "not valid JSON: the string that begins here is not closed");
        stop(p_, "not valid JSON: a control character in a string", "\\n, \\t or \\u00xx");
      }
      escape();
      const char* piece = p_;
      p_ = skip_string(p_, wide);
      made_.append(piece, static_cast<std::size_t>(p_ - piece));
    }
    if (wide) check_utf8(start, p_);
    ++p_;
    return {};
  }

  void check_utf8(const char* start, const char* end) {
    const auto size = static_cast<std::size_t>(end - start);
    if (!simdjson::validate_utf8(start, size)) stop(start - 1, "this string is not valid UTF-8");
  }

  void escape() {
    try {
      p_ = append_unescaped(p_, made_);
    } catch (const BadEscape& bad) {
      switch (bad.problem) {
        case BadEscape::Problem::NoHexDigit:
          unexpected(bad.place, "a hexadecimal digit");
        case BadEscape::Problem::Unknown:
          stop(bad.place, "not valid JSON: unknown escape in a string", R"(\" \\ \/ \b \f \n \r \t \uXXXX)");
        case BadEscape::Problem::HalfPair:
          stop(bad.place, "not valid JSON: half of a surrogate pair");
      }
    }
  }

  const Input& input_;
  Diagnostics& diagnostics_;
  const DocumentSink& sink_;
  ReadRules rules_;
  const char* end_;
  const char* p_ = nullptr;
  const char* base_ = nullptr;  ///< Where the document or item that is being built begins.
  const char* released_ = nullptr;
  std::uint32_t number_ = 0;
  std::uint32_t depth_ = 0;
  std::string made_;  ///< The last string whose text differs from its bytes in the file.
  Document whole_document_, item_document_;
  DocumentBuilder whole_, item_;
  DocumentBuilder* builder_ = nullptr;
  ListHeader header_;
  std::size_t duplicates_ = 0;
  std::vector<Diagnostic> late_;
};

}  // namespace

std::size_t read_json(const Input& input, Diagnostics& diagnostics, const DocumentSink& sink, ReadRules rules) {
  std::size_t delivered = 0;
  const DocumentSink counting = [&](const Document& document) {
    ++delivered;
    sink(document);
  };
  try {
    JsonReader(input, diagnostics, counting, std::move(rules)).read();
  } catch (const Stop&) {
  }
  return delivered;
}

}  // namespace knetsim
