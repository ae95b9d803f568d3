#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace knetsim {

/// Puts `bytes` at `path` so that at no time a reader, a crash or a full disk meets half a file: they go to
/// `<path>.part`, which is synced and renamed, and the directory is synced. What an earlier crash left in `<path>.part`
/// is overwritten. On failure the file that stood at `path` is as it was, and the .part is removed.
/// @throws OutputError  No such directory, no permission, disk full, or another process is writing the same file.
void write_file_safely(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// The same with text.
void write_file_safely(const std::filesystem::path& path, std::string_view text);

/// Whether write_file_safely() could work: a long run should fail before it starts. It is tried out, since permissions
/// do not tell (/proc and /sys take no new files): an empty file with a name as long as that of `<path>.part` comes and
/// goes. `<path>.part` itself is left alone, as another process may be writing it.
/// @throws OutputError  As write_file_safely() would, as far as that can be told.
void check_writable(const std::filesystem::path& path);

}  // namespace knetsim
