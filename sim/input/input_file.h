#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/input/document.h"

namespace knetsim {

/// The bytes of one input: a file, standard input, or a text made by the program. It stays where it is (marks and
/// documents point to it) and outlives every Document read from it. Not for use by several threads at once: the index
/// of line ends is built when first asked for.
///
/// A file of a megabyte or more is mapped, so that half a gigabyte costs address space, not memory: read_documents()
/// gives pages back as it goes. A file that another program truncates meanwhile ends the process, as with every mapped
/// file.
class Input {
 public:
  /// Opens a file, or standard input for "-" (called "<stdin>"). Of what is no regular file only a pipe of this process
  /// (/dev/fd/3, what the shell's <(command) gives) is read. Pipes are read to their end first: up to 64 MiB in memory,
  /// beyond that in an unlinked temporary file.
  /// @throws ConfigError  Missing (with a near name from its directory), unreadable, a directory or device, empty,
  ///                      binary (a NUL byte in the first 64 KiB), compressed.
  static std::unique_ptr<Input> open(const std::string& path);
  /// A text that the program has: "--set" values, embedded defaults, tests.
  static std::unique_ptr<Input> from_text(std::string name, std::string_view text);

  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  const std::string& name() const { return name_; }
  /// The whole contents; at least 64 zero bytes follow, so that a scanner may read ahead.
  std::string_view text() const { return {data_, size_}; }

  /// Where bytes were replaced, and how many.
  struct Replaced {
    Mark first;
    std::size_t bytes = 0;
  };
  /// Makes valid UTF-8 of what is not, as kubectl does: each wrong byte becomes U+FFFD. Before anything is read from
  /// it.
  std::optional<Replaced> replace_invalid_utf8();

  /// Place of a byte. @param document  Number of the `---` document, from 1.
  Mark mark(std::uint64_t offset, std::uint32_t document = 1) const;
  /// Text of a line, from 1, without its end; empty beyond the last.
  /// @param most  Bytes after which its end is not looked for any more: a file may be one line.
  std::string_view line(std::uint32_t number, std::size_t most = std::string_view::npos) const;

  /// Whether a line may stand on a screen: not those of a file that by its name is none of the formats read here
  /// (/etc/shadow, a kubeconfig), nor those of a Secret.
  bool may_be_quoted(std::uint32_t number) const;

  /// The bytes before `offset` will hardly be read again: a mapping's pages go back to the system (they are read from
  /// the file again if a mark asks for them).
  void release_before(std::uint64_t offset) const;

 private:
  explicit Input(std::string name) : name_(std::move(name)) {}
  void own(std::string_view text);
  void map(int descriptor, std::size_t size);
  void read_stream(int descriptor);
  void decode();
  void index_to(std::size_t block) const;

  std::string name_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::unique_ptr<char[]> owned_;
  void* mapping_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  bool quotable_ = true;
  mutable std::size_t released_ = 0;
  mutable std::vector<std::uint32_t>
      lines_before_;  ///< Line ends before each block of 4 KiB, as far as it was asked for.
};

/// Keeps inputs alive for as long as marks into them are: one for a run of the program.
class InputSet {
 public:
  /// @throws ConfigError  As Input::open().
  Input& open(const std::string& path);
  Input& add_text(std::string name, std::string_view text);
  const std::vector<std::unique_ptr<Input>>& inputs() const { return inputs_; }

 private:
  std::vector<std::unique_ptr<Input>> inputs_;
};

struct ExpandOptions {
  bool recursive = false;  ///< Descend into directories, as kubectl's -R does.
};

/// Files that a list of files, directories and "-" stands for. A directory gives its .yaml, .yml and .json files in
/// byte order of their names, without those whose name starts with a dot; a file is taken whatever its name.
/// @throws ConfigError  With every path that is missing, and every directory without such a file.
std::vector<std::string> expand_paths(std::span<const std::string> paths, ExpandOptions options = {});

}  // namespace knetsim
