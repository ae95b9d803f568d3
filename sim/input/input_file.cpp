#include "sim/input/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "sim/input/diagnostics.h"
#include "sim/input/text_encoding.h"

namespace knetsim {
namespace {

constexpr std::size_t kPadding = 64;
constexpr std::size_t kMapFrom = 1 << 20;  // below, one read is cheaper than a mapping's faults
constexpr std::size_t kSniff = 64 << 10;   // bytes looked at to tell text from anything else
constexpr std::size_t kBlock = 4096;       // of the index of line ends
constexpr std::size_t kSpill = 64 << 20;   // a stream beyond this goes through a temporary file
constexpr std::size_t kCharacterColumns = 64 << 10;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const std::string& file, std::string message, std::string accepted = {}) {
  throw ConfigError(Mark{.file = file}, {}, std::move(message), std::move(accepted));
}

/// "; did you mean 'shop.yaml'?" from the names beside a path that does not exist.
std::string near_file(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path wanted(path);
  std::error_code error;
  std::vector<std::string> names;
  const fs::path folder = wanted.has_parent_path() ? wanted.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end && names.size() < 10'000;
       entry.increment(error)) {
    std::error_code ignored;  // a symbolic link that leads nowhere is no better than what was asked for
    if (fs::exists(entry->path(), ignored)) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::string_view near = nearest(wanted.filename().string(), names);
  if (near.empty()) return {};
  return "; did you mean '" + (wanted.parent_path() / near).string() + "'?";
}

std::uint32_t count_line_ends(const char* begin, const char* end) {
  return static_cast<std::uint32_t>(std::count(begin, end, '\n'));
}

std::uint32_t count_characters(const char* begin, const char* end) {
  return static_cast<std::uint32_t>(
      std::count_if(begin, end, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// What the shell's <(command) gives. Any other pipe may have no writer, and a device no end.
bool is_own_descriptor(std::string_view path) {
  return path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
}

/// Whether a file, behind links, is called as files of the formats that are read here are. What a scenario of others
/// names as its profile may be /etc/shadow, and who reads it root: its lines are not for the screen.
bool is_text_name(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(path, error);
  const std::string extension = whole.extension().string();
  constexpr std::array<std::string_view, 8> kOurs{".yaml", ".yml", ".json", ".csv", ".tsv", ".txt", ".dat", ".cdf"};
  return !error && std::find(kOurs.begin(), kOurs.end(), extension) != kOurs.end();
}

/// Reads to `wanted` bytes or the end. @return  Bytes read.
std::size_t read_fully(int descriptor, char* to, std::size_t wanted, const std::string& name) {
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got = ::read(descriptor, to + done, wanted - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(name, "cannot be read: " + reason(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

bool write_fully(int descriptor, const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t put = ::write(descriptor, from, size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    from += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

int unlinked_temporary_file() {
  const char* folder = std::getenv("TMPDIR");
  std::string name = std::string(folder != nullptr && *folder != '\0' ? folder : "/tmp") + "/knetsim-input-XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) ::unlink(name.c_str());
  return descriptor;
}

/// @throws ConfigError  The first bytes are not those of a text.
void check_text(const std::string& name, std::string_view start) {
  const auto starts = [&](std::string_view magic) { return start.substr(0, magic.size()) == magic; };
  if (start.empty()) fail(name, "the file is empty", "a YAML or JSON document");
  if (starts("\xff\xfe") || starts("\xfe\xff")) return;  // UTF-16: decoded when all of it is there
  if (starts("\x1f\x8b") || starts("\x28\xb5\x2f\xfd") || starts("BZh9") || starts("PK\x03\x04")) {
    fail(name, "the file is compressed", "an uncompressed file, or \"-\" with the output of zcat");
  }
  const void* nul = std::memchr(start.data(), '\0', std::min(start.size(), kSniff));
  if (nul != nullptr) fail(name, "the file is binary: it holds a NUL byte", "YAML or JSON text in UTF-8");
}

}  // namespace

std::unique_ptr<Input> Input::open(const std::string& path) {
  std::unique_ptr<Input> input(new Input(path == "-" ? "<stdin>" : path));
  if (path == "-") {
    input->read_stream(STDIN_FILENO);
    input->decode();
    return input;
  }
  if (path.empty()) fail("''", "the name of the file is empty");
  if (const std::size_t nul = path.find('\0'); nul != std::string::npos) {
    fail(path.substr(0, nul), "a file's name with a NUL byte in it");
  }
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.get() < 0) {
    if (errno == ENOENT) {
      std::error_code ignored;
      if (std::filesystem::is_symlink(path, ignored)) fail(path, "a symbolic link to a file that does not exist");
      fail(path, "no such file" + near_file(path));
    }
    fail(path, "cannot be opened: " + reason(errno));
  }
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) fail(path, "cannot be read: " + reason(errno));
  if (S_ISDIR(status.st_mode)) fail(path, "is a directory", "a file");
  if (S_ISFIFO(status.st_mode) && is_own_descriptor(path)) {
    const int flags = ::fcntl(descriptor.get(), F_GETFL);
    ::fcntl(descriptor.get(), F_SETFL, flags & ~O_NONBLOCK);
    input->read_stream(descriptor.get());
    input->decode();
    return input;
  }
  if (!S_ISREG(status.st_mode)) {
    fail(path, "is no regular file", "a file, or \"-\" for standard input");
  }
  input->quotable_ = is_text_name(path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size >= kMapFrom) {
    input->map(descriptor.get(), size);
  } else {
    // The size is a hint: files of /proc and /sys say 0 or 4096.
    std::string text(std::max<std::size_t>(size + 1, kSniff), '\0');
    std::size_t done = 0;
    for (;;) {
      done += read_fully(descriptor.get(), text.data() + done, text.size() - done, path);
      if (done < text.size()) break;
      text.resize(text.size() * 2);
    }
    input->own(std::string_view(text).substr(0, done));
  }
  check_text(path, input->text());
  input->decode();
  return input;
}

std::unique_ptr<Input> Input::from_text(std::string name, std::string_view text) {
  std::unique_ptr<Input> input(new Input(std::move(name)));
  input->own(text);
  return input;
}

Input::~Input() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_bytes_);
}

void Input::decode() {
  if (const auto text = from_utf16(this->text())) own(*text);
}

std::optional<Input::Replaced> Input::replace_invalid_utf8() {
  constexpr std::size_t kPiece = std::size_t{16} << 20;  // A big file is looked at in turn, not kept in memory.
  std::size_t valid = 0;
  while (valid < size_) {
    std::size_t end = std::min(valid + kPiece, size_);
    while (end < size_ && end > valid + 1 && (static_cast<unsigned char>(data_[end]) & 0xC0U) == 0x80U) --end;
    const std::size_t good = valid_utf8({data_ + valid, end - valid});
    valid += good;
    if (valid < end) break;
    release_before(valid);
  }
  released_ = 0;
  if (valid == size_) return std::nullopt;
  Repaired repaired = repair_utf8(text());
  own(repaired.text);
  return Replaced{.first = mark(valid), .bytes = repaired.bytes};
}

void Input::own(std::string_view text) {
  auto bytes = std::make_unique<char[]>(text.size() + kPadding);  // zeroed
  std::copy(text.begin(), text.end(), bytes.get());
  size_ = text.size();
  if (mapping_ != nullptr) ::munmap(mapping_, mapped_bytes_);  // `text` may have stood in it
  mapping_ = nullptr;
  owned_ = std::move(bytes);
  data_ = owned_.get();
  lines_before_.clear();
}

void Input::map(int descriptor, std::size_t size) {
  // An anonymous mapping first and the file over its start: the page after the file's last then holds the zero padding,
  // also where the file's size is a multiple of the page's.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  mapped_bytes_ = (size + page - 1) / page * page + page;
  void* area = ::mmap(nullptr, mapped_bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) fail(name_, "cannot be mapped: " + reason(errno));
  mapping_ = area;
  if (::mmap(area, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
    fail(name_, "cannot be mapped: " + reason(errno));
  }
  ::madvise(area, size, MADV_SEQUENTIAL);
  data_ = static_cast<const char*>(area);
  size_ = size;
}

void Input::read_stream(int descriptor) {
  std::string text(1 << 20, '\0');
  std::size_t done = 0;
  bool checked = false;
  for (;;) {
    done += read_fully(descriptor, text.data() + done, text.size() - done, name_);
    if (!checked)
      check_text(name_, std::string_view(text).substr(0, done));  // before the rest of a wrong stream is read
    checked = true;
    if (done < text.size()) {
      own(std::string_view(text).substr(0, done));
      return;
    }
    if (text.size() >= kSpill) break;
    text.resize(text.size() * 2);
  }
  const Descriptor spill(unlinked_temporary_file());
  if (spill.get() < 0) fail(name_, "no temporary file for a long stream: " + reason(errno), "a file, or TMPDIR set");
  std::size_t total = 0;
  while (done > 0) {
    if (!write_fully(spill.get(), text.data(), done)) fail(name_, "cannot write a temporary file: " + reason(errno));
    total += done;
    done = read_fully(descriptor, text.data(), text.size(), name_);
  }
  map(spill.get(), total);
}

void Input::index_to(std::size_t block) const {
  if (lines_before_.empty()) lines_before_.push_back(0);
  while (lines_before_.size() <= block) {
    const char* from = data_ + (lines_before_.size() - 1) * kBlock;
    lines_before_.push_back(lines_before_.back() + count_line_ends(from, std::min(from + kBlock, data_ + size_)));
  }
}

Mark Input::mark(std::uint64_t offset, std::uint32_t document) const {
  const auto at = std::min(static_cast<std::size_t>(offset), size_);
  const std::size_t block = at / kBlock;
  index_to(block);
  const std::uint32_t line = lines_before_[block] + count_line_ends(data_ + block * kBlock, data_ + at) + 1;
  // The line starts after the last line end before `at`: in this block, or at the end of the first block with equal
  // count.
  const char* start = data_ + at;
  const std::uint32_t before = line - 1;
  std::size_t search_from = block * kBlock;
  if (lines_before_[block] == before) {
    const auto first =
        std::lower_bound(lines_before_.begin(), lines_before_.begin() + static_cast<std::ptrdiff_t>(block), before);
    const auto index = static_cast<std::size_t>(first - lines_before_.begin());
    start = data_ + index * kBlock;
    search_from = index == 0 ? 0 : (index - 1) * kBlock;
  }
  while (start > data_ + search_from && start[-1] != '\n') --start;
  const auto bytes = static_cast<std::size_t>(data_ + at - start);
  const std::uint32_t column =
      (bytes > kCharacterColumns ? static_cast<std::uint32_t>(bytes) : count_characters(start, data_ + at)) + 1;
  return {.file = name_, .line = line, .column = column, .document = document, .input = this};
}

std::string_view Input::line(std::uint32_t number, std::size_t most) const {
  if (number == 0) return {};
  const std::uint32_t before = number - 1;
  const std::size_t blocks = size_ / kBlock;
  while ((lines_before_.empty() || lines_before_.back() < before) && lines_before_.size() <= blocks) {
    index_to(lines_before_.size());
  }
  // The line starts in the last block with fewer line ends before it, after as many more.
  const char* start = data_;
  if (before > 0) {
    const auto found = std::lower_bound(lines_before_.begin(), lines_before_.end(), before);
    const auto block = static_cast<std::size_t>(found - lines_before_.begin()) - 1;
    start = data_ + block * kBlock;
    for (std::uint32_t left = before - lines_before_[block]; left > 0; --left) {
      const void* end = std::memchr(start, '\n', static_cast<std::size_t>(data_ + size_ - start));
      if (end == nullptr) return {};
      start = static_cast<const char*>(end) + 1;
    }
  }
  const auto rest = std::min(static_cast<std::size_t>(data_ + size_ - start), most);
  const void* end = std::memchr(start, '\n', rest);
  std::string_view line(start, end == nullptr ? rest : static_cast<std::size_t>(static_cast<const char*>(end) - start));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool Input::may_be_quoted(std::uint32_t number) const {
  if (!quotable_ || number == 0) return quotable_;
  // Whether it is a Secret stands in `kind`, which may come after what is wrong, in a document that may be too broken
  // to be read. So it is looked for around the line, to the ends of the YAML document; JSON has no such ends.
  constexpr std::size_t kAround = 256 << 10;
  const std::string_view line_text = line(number, 1);
  const std::size_t at = line_text.data() == nullptr ? size_ : static_cast<std::size_t>(line_text.data() - data_);
  const std::size_t from = at > kAround ? at - kAround : 0;
  std::string_view around = text().substr(from, 2 * kAround);
  if (const std::size_t end = around.find("\n---", at - from); end != std::string_view::npos)
    around = around.substr(0, end);
  if (const std::size_t start = around.rfind("\n---", at - from); start != std::string_view::npos)
    around.remove_prefix(start);
  for (std::size_t found = around.find("Secret"); found != std::string_view::npos;
       found = around.find("Secret", found + 1)) {
    const std::size_t key = around.find_last_not_of(" \t'\":", found == 0 ? 0 : found - 1);
    if (key == std::string_view::npos || key < 3 || around.substr(key - 3, 4) != "kind") continue;
    const std::string_view after = around.substr(found + 6, 4);
    if (after.empty() || after.starts_with("List") ||
        std::string_view(" \t\r\n'\",}#").find(after.front()) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

void Input::release_before(std::uint64_t offset) const {
  if (mapping_ == nullptr) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t end = std::min(static_cast<std::size_t>(offset), size_) / page * page;
  if (end <= released_) return;
  ::madvise(static_cast<char*>(mapping_) + released_, end - released_, MADV_DONTNEED);
  released_ = end;
}

Input& InputSet::open(const std::string& path) { return *inputs_.emplace_back(Input::open(path)); }

Input& InputSet::add_text(std::string name, std::string_view text) {
  return *inputs_.emplace_back(Input::from_text(std::move(name), text));
}

std::vector<std::string> expand_paths(std::span<const std::string> paths, ExpandOptions options) {
  namespace fs = std::filesystem;
  Diagnostics problems;
  std::vector<std::string> files;
  const auto wanted = [](const fs::path& path) {
    const std::string name = path.filename().string();
    const std::string extension = path.extension().string();
    return !name.starts_with(".") && (extension == ".yaml" || extension == ".yml" || extension == ".json");
  };
  const auto walk = [&](const auto& self, const fs::path& folder, std::size_t depth) -> void {
    std::error_code error;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      entries.push_back(entry->path());
    }
    if (error) {
      problems.error(Mark{.file = folder.native()}, {}, "the directory cannot be read: " + error.message());
      return;
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& path : entries) {
      std::error_code ignored;
      if (fs::is_directory(path, ignored)) {
        // A chain of symbolic links that leads back up would never end.
        if (options.recursive && depth < 64 && !path.filename().string().starts_with(".")) self(self, path, depth + 1);
      } else if (wanted(path)) {
        files.push_back(path.string());
      }
    }
  };
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (path != "-" && status.type() == fs::file_type::not_found) {
      problems.error(Mark{.file = path}, {}, "no such file or directory" + near_file(path));
    } else if (path != "-" && status.type() == fs::file_type::directory) {
      const std::size_t before = files.size();
      walk(walk, path, 0);
      if (files.size() == before && !problems.has_errors()) {
        problems.error(
            Mark{.file = path}, {}, "no .yaml, .yml or .json file in this directory",
            options.recursive ? "" : "files, or folders that hold them; folders below one are named by themselves");
      }
    } else {
      files.push_back(path);
    }
  }
  problems.throw_if_errors();
  return files;
}

}  // namespace knetsim
