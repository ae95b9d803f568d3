#include "sim/input/path.h"

#include <charconv>
#include <utility>

namespace knetsim {
namespace {

constexpr std::string_view kSpecial = ".[]\"=\\ \t\r\n";

bool is_bare(std::string_view key) { return !key.empty() && key.find_first_of(kSpecial) == std::string_view::npos; }

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  Path parse() {
    Path path;
    while (at_ < text_.size() && text_[at_] != '=') {
      if (text_[at_] == '[') {
        bracket(path);
      } else {
        if (!path.empty()) {
          if (text_[at_] != '.') throw PathError("expected '.' or '[' after ']'", at_);
          ++at_;
        }
        starts_.push_back(at_);
        path.push_key(bare_key());
      }
    }
    return path;
  }

  std::size_t used() const { return at_; }
  std::vector<std::uint64_t>& starts() { return starts_; }

 private:
  std::string bare_key() {
    const std::size_t start = at_;
    std::string key;
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[' && text_[at_] != '=') {
      if (text_[at_] == '\\') {
        if (++at_ == text_.size()) throw PathError("nothing follows the backslash", at_ - 1);
      } else if (kSpecial.find(text_[at_]) != std::string_view::npos) {
        throw PathError(R"(a key with this character is written in brackets and quotes: ["..."])", at_);
      }
      key += text_[at_++];
    }
    if (at_ == start) throw PathError("expected a key", at_);
    return key;
  }

  void bracket(Path& path) {
    const std::size_t open = at_++;
    starts_.push_back(at_);
    if (at_ < text_.size() && text_[at_] == '"') {
      path.push_key(quoted_key(open));
    } else {
      std::size_t index = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), index);
      if (error == std::errc::result_out_of_range) throw PathError("the index is too large", at_);
      if (error != std::errc()) throw PathError(R"(expected an index or a quoted key, as in [2] or ["x.y"])", at_);
      if (path.empty()) throw PathError("a path begins with a key", open);
      at_ += static_cast<std::size_t>(end - begin);
      path.push_index(index);
    }
    if (at_ >= text_.size() || text_[at_] != ']') throw PathError("expected ']'", at_);
    ++at_;
  }

  std::string quoted_key(std::size_t open) {
    std::string key;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return key;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      key += text_[at_];
    }
    throw PathError("the quote is not closed", open);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::uint64_t> starts_;
};

}  // namespace

Path Path::parse(std::string_view text, std::vector<std::uint64_t>* starts) {
  std::size_t used = 0;
  Path path = parse_prefix(text, used, starts);
  if (used != text.size()) throw PathError(R"(a key with '=' is written in brackets and quotes: ["..."])", used);
  return path;
}

Path Path::parse_prefix(std::string_view text, std::size_t& used, std::vector<std::uint64_t>* starts) {
  PathParser parser(text);
  Path path = parser.parse();
  used = parser.used();
  if (starts != nullptr) *starts = std::move(parser.starts());
  return path;
}

Path Path::operator/(const Path& tail) const {
  Path joined = *this;
  joined.steps_.insert(joined.steps_.end(), tail.steps_.begin(), tail.steps_.end());
  return joined;
}

std::string Path::to_string() const {
  std::string text;
  for (const PathStep& step : steps_) {
    if (step.is_index) {
      text += '[' + std::to_string(step.index) + ']';
    } else if (is_bare(step.key)) {
      if (!text.empty()) text += '.';
      text += step.key;
    } else {
      text += "[\"";
      for (const char c : step.key) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      text += "\"]";
    }
  }
  return text;
}

Node find(Node from, const Path& path) {
  for (const PathStep& step : path.steps()) {
    if (step.is_index != from.is_sequence()) return {};
    from = step.is_index ? from[step.index] : from[std::string_view(step.key)];
  }
  return from;
}

Node find(const Document& document, const Path& path) { return find(document.root(), path); }

}  // namespace knetsim
