#include "sim/input/yaml_reader.h"

#include <fmt/format.h>
#include <libfyaml.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/input/document_builder.h"
#include "sim/input/list_header.h"
#include "sim/input/path.h"
#include "sim/input/single_quoted.h"
#include "sim/input/yaml_empty_entries.h"
#include "sim/input/yaml_faults.h"

namespace knetsim {
namespace {

struct YamlEnds {};  // thrown where reading cannot go on; the reason is already in the diagnostics

bool is_null_text(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

class YamlReader {
 public:
  YamlReader(const Input& input, YamlRange range, Diagnostics& diagnostics, const DocumentSink& sink)
      : input_(input), range_(std::move(range)), diagnostics_(diagnostics), sink_(sink), number_(range_.documents) {
    for (DocumentBuilder* builder : {&whole_, &item_}) {
      if (range_.rules.last_duplicate_counts) builder->let_last_duplicate_count();
      builder->on_bad_merge = [this, builder](std::uint32_t position) {
        error(base_of(builder) + position, "a merge key '<<' takes a mapping or a list of mappings");
        if (late_.size() > kMaxDuplicates) stop(last_, "too many wrong merge keys: the rest of the file is not read");
      };
    }
  }

  /// @return  Documents up to here.
  std::uint32_t read() {
    const std::string_view text = input_.text().substr(range_.offset, range_.size);
    if (auto fault = fault_before_parsing(text)) stop(range_.offset + fault->offset, std::move(fault->message));
    fy_parse_cfg config{};
    // Go's parser, which kubectl uses, does not insist on the indentation of flow collections either.
    config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_DEPTH_LIMIT |
                                                   FYPCF_SLOPPY_FLOW_INDENTATION);
    const std::unique_ptr<fy_parser, void (*)(fy_parser*)> parser(fy_parser_create(&config), &fy_parser_destroy);
    if (parser == nullptr) throw std::bad_alloc();
    parser_ = parser.get();
    // The parser's diagnostics are handed out with a reference of their own.
    const std::unique_ptr<fy_diag, void (*)(fy_diag*)> messages(fy_parser_get_diag(parser_), &free_messages);
    fy_diag_set_collect_errors(messages.get(), true);
    filled_ = fill_empty_entries(text);
    const std::string_view parsed = filled_ ? std::string_view(filled_->text) : text;
    if (fy_parser_set_string(parser_, parsed.data(), parsed.size()) != 0) throw std::bad_alloc();
    using Event = std::unique_ptr<fy_event, EventDeleter>;
    Event pair(nullptr, EventDeleter{parser_});
    while (fy_event* event = fy_parser_parse(parser_)) {
      Event owner(event, EventDeleter{parser_});
      // The mapping of a lone pair, [key: value], is told with the place of its colon, before its key: it begins there.
      if (pair != nullptr) open_pair(pair->mapping_start, *event);
      pair.reset();
      if (event->type == FYET_MAPPING_START && is_lone_pair(event->mapping_start.mapping_start)) {
        pair = std::move(owner);
      } else {
        handle(*event);
      }
    }
    if (fy_parser_get_stream_error(parser_)) syntax_error(messages.get());
    return number_;
  }

 private:
  struct EventDeleter {
    fy_parser* parser;
    void operator()(fy_event* event) const { fy_parser_event_free(parser, event); }
  };

  static void free_messages(fy_diag* messages) {
    fy_diag_reset_error(messages);  // what was collected is not freed with its owner (libfyaml 0.7.12)
    fy_diag_unref(messages);
  }

  std::uint64_t base_of(const DocumentBuilder* builder) const { return builder == &item_ ? item_base_ : whole_base_; }
  DocumentBuilder& builder() { return in_item_ ? item_ : whole_; }
  std::uint64_t base() const { return in_item_ ? item_base_ : whole_base_; }
  /// Nothing of a document stands before its base: what libfyaml tells otherwise is placed there.
  std::uint32_t relative(std::uint64_t offset) const {
    return static_cast<std::uint32_t>(std::max(offset, base()) - base());
  }

  void error(std::uint64_t offset, std::string message, std::string accepted = {}) {
    late_.push_back(Diagnostic::at(Severity::Error, input_.mark(offset, number_), builder().open_path().to_string(),
                                   std::move(message), std::move(accepted)));
  }
  [[noreturn]] void stop(std::uint64_t offset, std::string message, std::string accepted = {}) {
    flush_errors({});
    diagnostics_.error(input_.mark(offset, number_), {}, std::move(message), std::move(accepted));
    throw YamlEnds{};
  }
  void flush_errors(const std::string& object) {
    for (Diagnostic& late : late_) {
      late.object = object;
      diagnostics_.add(std::move(late));
    }
    late_.clear();
  }

  void syntax_error(fy_diag* messages) {
    flush_errors({});
    const SyntaxFault fault = syntax_fault(messages, input_, range_.offset, number_);
    diagnostics_.error(fault.mark, {}, "not valid YAML: " + fault.message);
    throw YamlEnds{};
  }

  std::uint64_t start_of(fy_token* token) {
    const fy_mark* mark = token == nullptr ? nullptr : fy_token_start_mark(token);
    if (mark != nullptr) last_ = range_.offset + std::min<std::uint64_t>(source(mark->input_pos), range_.size);
    return last_;
  }

  /// Where in the range a byte of the parsed text stands.
  std::size_t source(std::size_t parsed) const { return filled_ ? filled_->original(parsed) : parsed; }

  static bool is_lone_pair(fy_token* token) {
    const fy_mark* start = token == nullptr ? nullptr : fy_token_start_mark(token);
    const fy_mark* end = token == nullptr ? nullptr : fy_token_end_mark(token);
    return start != nullptr && end != nullptr && start->input_pos == end->input_pos;
  }

  /// A mapping without a bracket of its own, where its first key stands.
  void open_pair(fy_event_mapping_start_data& pair, const fy_event& next) {
    std::uint64_t position = start_of(pair.mapping_start);
    if (next.type == FYET_SCALAR && next.scalar.value != nullptr) {
      const bool plain = fy_token_scalar_style(next.scalar.value) == FYSS_PLAIN;
      const std::uint64_t key = start_of(next.scalar.value);
      position = std::min(position, plain || key == 0 ? key : key - 1);
    } else if (next.type == FYET_ALIAS && next.alias.anchor != nullptr) {
      const std::uint64_t key = start_of(next.alias.anchor);
      position = std::min(position, key == 0 ? key : key - 1);
    }
    open(position, pair.anchor, true);
  }

  void handle(fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        ++number_;
        in_item_ = in_list_ = started_ = false;
        header_ = {};
        anchors_.clear();
        anchor_nodes_ = anchor_bytes_ = alias_nodes_ = 0;
        if (event.document_start.document_start != nullptr) start_of(event.document_start.document_start);
        break;
      case FYET_SCALAR:
        scalar(event.scalar);
        break;
      case FYET_ALIAS:
        alias(event.alias.anchor);
        break;
      case FYET_MAPPING_START:
        open(start_of(event.mapping_start.mapping_start), event.mapping_start.anchor, true);
        break;
      case FYET_SEQUENCE_START:
        open(start_of(event.sequence_start.sequence_start), event.sequence_start.anchor, false);
        break;
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END:
        close();
        break;
      case FYET_DOCUMENT_END:
        end_document();
        break;
      default:
        break;
    }
  }

  struct Level {
    bool mapping = false;
    bool expects_key = false;
    std::string anchor;
  };

  bool at_key() const { return !levels_.empty() && levels_.back().mapping && levels_.back().expects_key; }

  /// Called before a value; false when it belongs to a duplicate key and is dropped.
  bool begin_value(std::uint64_t position, bool container) {
    if (skipping_ > 0) {
      if (container) ++skipping_;
      return false;
    }
    if (skip_next_) {
      skip_next_ = false;
      if (container) skipping_ = 1;
      if (!container && !levels_.empty()) levels_.back().expects_key = levels_.back().mapping;
      return false;
    }
    if (!started_) {
      started_ = true;
      whole_base_ = position;
      whole_.start(whole_document_, input_, position, number_, -1);
    }
    if (in_list_ && !in_item_) {
      in_item_ = true;
      item_base_ = position;
      item_.start(item_document_, input_, position, number_, static_cast<std::int64_t>(header_.items++));
    }
    check_limits(position);
    return true;
  }

  void check_limits(std::uint64_t position) {
    if (builder().nodes() > kMaxNodes) stop(position, fmt::format("one document with more than {} values", kMaxNodes));
    if (position > base() && position - base() > kMaxDocumentBytes) {
      stop(position, fmt::format("one document of more than {} MiB", kMaxDocumentBytes >> 20U));
    }
    if (builder().text_bytes() > kMaxDocumentBytes) {
      stop(position, fmt::format("the texts of this document, with those of aliases, are more than {} MiB",
                                 kMaxDocumentBytes >> 20U));
    }
  }

  void after_value() {
    if (!levels_.empty()) levels_.back().expects_key = levels_.back().mapping;
    if (in_item_ && item_.depth() == 0) end_item();
  }

  struct Text {
    bool in_place = false;
    std::string_view view;
  };

  /// The scalar's text, as a view into the file where it stands there unchanged.
  Text text_of(fy_token* token, fy_scalar_style style) {
    const fy_mark* start = fy_token_start_mark(token);
    const fy_mark* end = fy_token_end_mark(token);
    if (start != nullptr && end != nullptr && start->input_pos <= end->input_pos &&
        source(end->input_pos) <= range_.size) {
      const std::string_view raw = input_.text().substr(range_.offset + source(start->input_pos),
                                                        source(end->input_pos) - source(start->input_pos));
      const bool unchanged = (style == FYSS_PLAIN && raw.find_first_of("\r\n") == std::string_view::npos) ||
                             (style == FYSS_DOUBLE_QUOTED && raw.find_first_of("\\\r\n") == std::string_view::npos) ||
                             (style == FYSS_SINGLE_QUOTED && raw.find_first_of("'\r\n") == std::string_view::npos);
      if (unchanged) return {.in_place = true, .view = raw};
      if (style == FYSS_SINGLE_QUOTED) {  // libfyaml 0.7.12 loses memory at a dozen quotes in a row
        unquoted_ = single_quoted_text(raw);
        return {.in_place = false, .view = unquoted_};
      }
    }
    std::size_t size = 0;
    const char* text = fy_token_get_text(token, &size);
    if (text == nullptr) return {};
    return {.in_place = false, .view = {text, size}};
  }

  static bool has_tag(fy_token* tag, std::string_view name) {
    if (tag == nullptr) return false;
    std::size_t size = 0;
    const char* text = fy_token_get_text(tag, &size);
    return text != nullptr && std::string_view(text, size).ends_with(name);
  }

  void scalar(fy_event_scalar_data& event) {
    const fy_scalar_style style = event.value == nullptr ? FYSS_PLAIN : fy_token_scalar_style(event.value);
    const bool plain = style == FYSS_PLAIN && !has_tag(event.tag, ":str");
    const Text text = event.value == nullptr ? Text{.in_place = true, .view = {}} : text_of(event.value, style);
    std::uint64_t position = start_of(event.value);
    const std::uint64_t text_at = text.in_place && !text.view.empty()
                                      ? static_cast<std::uint64_t>(text.view.data() - input_.text().data())
                                      : position;
    // The mark is the quote's.
    if ((style == FYSS_DOUBLE_QUOTED || style == FYSS_SINGLE_QUOTED) && position > 0) --position;
    if (skipping_ == 0 && style == FYSS_PLAIN && text.view.starts_with('\t')) {
      stop(position, "not valid YAML: a tab where blanks are wanted for indentation");
    }
    if (skipping_ == 0 && at_key()) {
      key(text, text_at, position, !plain);
      return;
    }
    if (!begin_value(position, false)) return;
    if (levels_.empty() && !range_.any_root && (!plain || !is_null_text(text.view))) root_error(position, "a scalar");
    if (plain && is_null_text(text.view)) {
      builder().null(relative(position));
    } else if (text.in_place && text_at >= base()) {
      builder().scalar(relative(text_at), static_cast<std::uint32_t>(text.view.size()), relative(position), !plain);
    } else {
      builder().scalar(text.view, relative(position), !plain);
    }
    if (levels_.size() == 1 && !in_item_) header_.value(key_, text.view, position);
    if (event.anchor != nullptr) keep_anchor(name_of(event.anchor));
    after_value();
  }

  void key(const Text& text, std::uint64_t text_at, std::uint64_t position, bool quoted) {
    check_limits(position);
    const bool fresh =
        text.in_place && text_at >= base()
            ? builder().key(relative(text_at), static_cast<std::uint32_t>(text.view.size()), relative(position), quoted)
            : builder().key(text.view, relative(position), quoted);
    if (levels_.size() == 1) key_ = text.view;
    levels_.back().expects_key = false;
    if (fresh) return;
    if (levels_.size() == 1 && !in_item_ && header_.was_list && text.view == "items") items_again(position);
    if (range_.rules.last_duplicate_counts && duplicates_ >= kMaxDuplicates) return;  // told often enough
    const Mark first = input_.mark((in_item_ ? item_base_ : whole_base_) + builder().earlier_position(), number_);
    const bool last_counts = range_.rules.last_duplicate_counts;
    Diagnostic found = Diagnostic::at(
        last_counts ? Severity::Notice : Severity::Error, input_.mark(position, number_),
        (builder().open_path() / Path({{.key = std::string(text.view)}})).to_string(),
        last_counts ? fmt::format("duplicate key '{}': this one counts, as for kubectl; line {} has the other",
                                  text.view, first.line)
                    : fmt::format("duplicate key '{}'; it stands at line {} already", text.view, first.line));
    late_.push_back(std::move(found));
    ++duplicates_;
    if (last_counts) return;
    if (duplicates_ == kMaxDuplicates) stop(position, "too many duplicate keys: the rest of the file is not read");
    skip_next_ = true;
  }

  void items_again(std::uint64_t position) {
    if (!range_.rules.last_duplicate_counts) return;  // an error, as for any key
    if (!range_.rules.on_items_again) stop(position, "a second 'items' in one List", "one 'items'");
    range_.rules.on_items_again();
    header_.waiting.clear();
    header_.items = 0;
  }

  static std::string name_of(fy_token* token) {
    std::size_t size = 0;
    const char* text = fy_token_get_text(token, &size);
    return text == nullptr ? std::string() : std::string(text, size);
  }

  void keep_anchor(const std::string& name) {
    Document& kept = anchors_[name];
    builder().copy_last_to(kept);
    // Each anchor is a copy of what it names, so anchors in anchors cost a copy a level.
    anchor_nodes_ += kept.nodes();
    anchor_bytes_ += kept.text_bytes();
    if (anchor_nodes_ > kMaxAnchorNodes || anchor_bytes_ > kMaxDocumentBytes) {
      stop(last_, fmt::format("the anchors of this document name more than {} values, or {} MiB of text",
                              kMaxAnchorNodes, kMaxDocumentBytes >> 20U));
    }
  }

  void alias(fy_token* token) {
    const std::string name = name_of(token);
    const std::uint64_t after_asterisk = start_of(token);
    const std::uint64_t position = after_asterisk == 0 ? 0 : after_asterisk - 1;
    const auto anchor = anchors_.find(name);
    if (skipping_ == 0 && !skip_next_ && anchor == anchors_.end()) {
      stop(position, fmt::format("unknown anchor '*{}'", name),
           "an anchor &name that is complete further up in the document");
    }
    if (skipping_ == 0 && at_key()) {
      const Node root = anchor->second.root();
      if (!root.is_scalar()) stop(position, "a mapping's key is a mapping or a list", "a scalar");
      key({.in_place = false, .view = root.text()}, position, position, root.is_quoted());
      return;
    }
    if (!begin_value(position, false)) return;
    const std::uint32_t added = builder().alias(anchor->second, relative(position));
    if (added == 0) stop(position, fmt::format("nested more than {} levels deep", kMaxDepth));
    alias_nodes_ += added;
    if (alias_nodes_ > kMaxAliasNodes) {
      stop(position, fmt::format("the aliases of this document stand for more than {} values", kMaxAliasNodes));
    }
    if (builder().origins() > kMaxOrigins) {
      stop(position, fmt::format("the aliases of one item name anchors of more than {} others", kMaxOrigins));
    }
    check_limits(position);
    after_value();
  }

  void open(std::uint64_t position, fy_token* anchor, bool mapping) {
    if (skipping_ == 0 && at_key()) stop(position, "a mapping's key is a mapping or a list", "a scalar");
    if (!begin_value(position, true)) return;
    if (levels_.empty() && !range_.any_root && !mapping) root_error(position, "a list");
    if (levels_.size() >= kMaxDepth) stop(position, fmt::format("nested more than {} levels deep", kMaxDepth));
    if (mapping) {
      builder().open_mapping(relative(position));
    } else {
      builder().open_sequence(relative(position));
      if (levels_.size() == 1 && !range_.any_root && key_ == "items" && header_.may_be_list()) in_list_ = true;
    }
    levels_.push_back({.mapping = mapping, .expects_key = mapping, .anchor = anchor == nullptr ? "" : name_of(anchor)});
  }

  void close() {
    if (skipping_ > 0) {
      if (--skipping_ == 0) levels_.back().expects_key = true;
      return;
    }
    const std::string anchor = std::move(levels_.back().anchor);
    levels_.pop_back();
    if (in_list_ && levels_.size() == 1) in_list_ = false;
    if (in_item_ && item_.depth() == 1) header_.complete(item_);
    builder().close();
    check_limits(last_);  // merges add values
    if (!anchor.empty()) keep_anchor(anchor);
    after_value();
  }

  void end_item() {
    item_.finish();
    const Node root = item_document_.root();
    if (!root.is_mapping()) {
      diagnostics_.error(root, fmt::format("item {} of the List is no mapping", item_document_.item()));
    }
    flush_errors(item_document_.label());
    in_item_ = false;
    if (root.is_mapping() && header_.keeps_waiting(root)) {
      header_.waiting.push_back(item_document_);
    } else if (root.is_mapping()) {
      sink_(item_document_);
    }
    if (last_ - released_ > (32U << 20U)) input_.release_before(released_ = item_base_);
  }

  void end_document() {
    if (!started_) return;
    whole_.finish();
    flush_errors(whole_document_.label());
    const Node root = whole_document_.root();
    if (header_.was_list) {
      header_.check_kind(root, diagnostics_);
      header_.deliver_waiting(root, sink_);
    } else if (range_.any_root || !root.is_null()) {
      sink_(whole_document_);
      empty_ = 0;
    } else if (++empty_ == kMaxEmptyDocuments) {
      stop(last_, fmt::format("{} empty documents one after another: the rest of the file is not read", empty_));
    }
    if (last_ - released_ > (32U << 20U)) input_.release_before(released_ = whole_base_);
  }

  [[noreturn]] void root_error(std::uint64_t position, std::string_view found) {
    stop(position, fmt::format("the document is {}", found), "a mapping (key: value)");
  }

  const Input& input_;
  YamlRange range_;
  Diagnostics& diagnostics_;
  const DocumentSink& sink_;
  fy_parser* parser_ = nullptr;

  Document whole_document_, item_document_;
  DocumentBuilder whole_, item_;
  std::uint64_t whole_base_ = 0, item_base_ = 0;
  bool started_ = false;  ///< The current document has a value.
  bool in_list_ = false;  ///< Inside the `items` of a List.
  bool in_item_ = false;
  ListHeader header_;
  std::string key_;  ///< Last key of the root mapping.
  std::optional<FilledEntries> filled_;

  std::vector<Level> levels_;
  std::size_t skipping_ = 0;  ///< Open containers of a value that is dropped.
  std::string unquoted_;      ///< The last single-quoted scalar that does not stand in the file as it is.
  bool skip_next_ = false;    ///< The next value belongs to a duplicate key.
  std::map<std::string, Document> anchors_;
  std::uint64_t anchor_nodes_ = 0, anchor_bytes_ = 0;  ///< Copied for anchors_.
  std::uint64_t alias_nodes_ = 0;

  std::size_t duplicates_ = 0;
  std::vector<Diagnostic> late_;  ///< Of the current document: they wait for its name.
  std::uint64_t last_ = 0;        ///< Place of the last token.
  std::uint64_t released_ = 0;
  std::uint32_t number_;
  std::size_t empty_ = 0;  ///< Documents without a value since the last one that had one.
};

}  // namespace

std::optional<std::uint32_t> read_yaml(const Input& input, YamlRange range, Diagnostics& diagnostics,
                                       const DocumentSink& sink) {
  try {
    return YamlReader(input, std::move(range), diagnostics, sink).read();
  } catch (const YamlEnds&) {
    return std::nullopt;
  }
}

}  // namespace knetsim
