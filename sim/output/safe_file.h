#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace knetsim {

/// A file on its way to `path`: made beside it under a name of its own, `<path>.<random>.part`, with mode and owner of
/// the file that it will replace. Without commit() it is gone again.
class PendingFile {
 public:
  /// @throws OutputError  As write_file_safely().
  explicit PendingFile(std::filesystem::path path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Where the bytes go meanwhile.
  const std::filesystem::path& part() const { return part_; }
  /// Syncs and renames it, and syncs the directory. @throws OutputError  Disk full, or the name cannot be had.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path part_;
};

/// Puts `bytes` at `path` so that at no time a reader, a crash or a full disk meets half a file: they go to a file
/// beside it that is made for this call, `<path>.<random>.part`, which is synced and renamed, and the directory is
/// synced. Nothing that stands there already is opened: no link is followed, no pipe waited for. A file that stood at
/// `path` gives the new one its mode and owner; on failure it is as it was, and the .part is removed. A writer that is
/// killed leaves its .part behind. Of several writers at a time the last one's file stays, whole.
/// @throws OutputError  No such directory, no permission, disk full, or what stands there is no regular file.
void write_file_safely(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// The same with text.
void write_file_safely(const std::filesystem::path& path, std::string_view text);

/// Whether write_file_safely() could work: a long run should fail before it starts. It is tried out, since permissions
/// do not tell (/proc and /sys take no new files): an empty file with such a name comes and goes.
/// @throws OutputError  As write_file_safely() would, as far as that can be told.
void check_writable(const std::filesystem::path& path);

}  // namespace knetsim
