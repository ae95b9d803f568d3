#include "sim/output/safe_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "sim/output/output_error.h"

namespace knetsim {
namespace {

/// An open file; close() is explicit where its result matters (network file systems report a full disk there).
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

std::string reason(int error) { return std::generic_category().message(error); }

std::filesystem::path with_suffix(std::filesystem::path path, std::string_view suffix) { return path += suffix; }

OutputError cannot_create(const std::filesystem::path& path, int error) {
  return {path, fmt::format("no file can be created in '{}': {}", directory_of(path).string(), reason(error))};
}

/// What is wrong with the path itself, without touching anything.
void check_place(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path directory = directory_of(path);
  if (!path.has_filename() || std::filesystem::is_directory(path, ignored)) throw OutputError(path, "is a directory");
  if (!std::filesystem::exists(directory, ignored)) {
    throw OutputError(
        path, fmt::format("directory '{}' does not exist (mkdir -p {})", directory.string(), directory.string()));
  }
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw OutputError(path, fmt::format("'{}' is not a directory", directory.string()));
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    throw OutputError(path, fmt::format("cannot write to directory '{}': {}", directory.string(), reason(errno)));
  }
}

/// Locks the .part against a second writer. The lock belongs to the file, not to its name: where the other writer
/// renamed it between our open and our lock, the name now means another file (or none) and we start again.
Descriptor open_part(const std::filesystem::path& path, const std::filesystem::path& part) {
  for (;;) {
    Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (file.get() < 0) throw cannot_create(path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw OutputError(path, "another process is writing this file");
    }
    struct stat opened {};
    struct stat named {};
    const bool same = ::fstat(file.get(), &opened) == 0 && ::stat(part.c_str(), &named) == 0 &&
                      opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
    if (same) return file;
  }
}

/// @return 0, or the errno of what failed.
int write_all(Descriptor& file, std::span<const std::byte> bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 30U;  // Linux moves at most 2 GiB a call
  if (::ftruncate(file.get(), 0) != 0) return errno;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), std::min(bytes.size(), kPiece));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

/// Makes the new name survive a power cut. File systems that cannot sync a directory answer EINVAL; that is no failure.
int sync_directory(const std::filesystem::path& directory) {
  const Descriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0) return errno == EACCES ? 0 : errno;  // writable but not readable: nothing to sync through
  return ::fsync(file.get()) == 0 || errno == EINVAL ? 0 : errno;
}

}  // namespace

void write_file_safely(const std::filesystem::path& path, std::string_view text) {
  write_file_safely(path, std::as_bytes(std::span(text)));
}

void check_writable(const std::filesystem::path& path) {
  check_place(path);
  const std::filesystem::path trial = with_suffix(path, ".able");
  const Descriptor file(::open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() >= 0) {
    ::unlink(trial.c_str());
  } else if (errno != EEXIST) {  // such a file was created once: it is not ours to remove
    throw cannot_create(path, errno);
  }
}

void write_file_safely(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  check_place(path);
  const std::filesystem::path part = with_suffix(path, ".part");
  Descriptor file = open_part(path, part);
  int error = write_all(file, bytes);
  const char* step = "write";
  if (error == 0 && ::rename(part.c_str(), path.c_str()) != 0) {
    error = errno;
    step = "rename the finished file";
  }
  if (error != 0) {
    ::unlink(part.c_str());
    throw OutputError(path, fmt::format("cannot {}: {} ({} bytes to write)", step, reason(error), bytes.size()));
  }
  if (file.close() != 0) throw OutputError(path, fmt::format("cannot close: {}", reason(errno)));
  error = sync_directory(directory_of(path));
  if (error != 0)
    throw OutputError(path, fmt::format("written, but its directory cannot be synced: {}", reason(error)));
}

}  // namespace knetsim
