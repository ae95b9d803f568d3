#include "sim/output/safe_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

OutputError cannot_create(const std::filesystem::path& path, int error) {
  return {path, fmt::format("no file can be created in '{}': {}", directory_of(path).string(), reason(error))};
}

/// What is wrong with the path itself, without touching anything.
void check_place(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path directory = directory_of(path);
  if (path.native().find('\0') != std::string::npos) throw OutputError(path.c_str(), "a name with a NUL byte");
  const std::filesystem::file_status there = std::filesystem::status(path, ignored);
  if (!path.has_filename() || std::filesystem::is_directory(there)) throw OutputError(path, "is a directory");
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    throw OutputError(path, "exists and is not a regular file");
  }
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

/// Eight letters and digits that nobody can have guessed.
std::string random_letters() {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    const auto unsafe = static_cast<unsigned>(::getpid());  // a kernel without it: O_EXCL refuses what is there
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(unsafe >> (4 * (i % 8)));
  }
  std::string letters;
  for (const unsigned char byte : bytes) letters += kLetters[byte % kLetters.size()];
  return letters;
}

struct Part {
  std::filesystem::path path;
  Descriptor file;
};

/// A new file beside `path`, under a name of its own. Mode and owner are those of the file that it will replace.
Part make_part(const std::filesystem::path& path) {
  for (int attempt = 0;; ++attempt) {
    std::filesystem::path name = path;
    name += "." + random_letters() + ".part";
    Part part{name, Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666))};
    if (part.file.get() < 0 && errno == EEXIST && attempt < 100) continue;
    if (part.file.get() < 0) throw cannot_create(path, errno);
    struct stat old {};
    if (::stat(path.c_str(), &old) == 0) {
      // A user who may not give files away keeps it; the mode comes after, as chown() takes bits away.
      [[maybe_unused]] const int given = ::fchown(part.file.get(), old.st_uid, old.st_gid);
      ::fchmod(part.file.get(), old.st_mode & 0777U);
    }
    return part;
  }
}

/// @return 0, or the errno of what failed.
int write_all(Descriptor& file, std::span<const std::byte> bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 30U;  // Linux moves at most 2 GiB a call
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
  ::unlink(make_part(path).path.c_str());
}

PendingFile::PendingFile(std::filesystem::path path) : path_(std::move(path)) {
  check_place(path_);
  part_ = make_part(path_).path;
}

PendingFile::~PendingFile() {
  if (!part_.empty()) ::unlink(part_.c_str());
}

void PendingFile::commit() {
  Descriptor file(::open(part_.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  const char* step = "write";
  int error = file.get() < 0 || ::fsync(file.get()) != 0 ? errno : 0;
  if (error == 0 && file.close() != 0) error = errno;
  if (error == 0 && ::rename(part_.c_str(), path_.c_str()) != 0) {
    error = errno;
    step = "rename the finished file";
  }
  if (error != 0) throw OutputError(path_, fmt::format("cannot {}: {}", step, reason(error)));
  part_.clear();
  error = sync_directory(directory_of(path_));
  if (error != 0)
    throw OutputError(path_, fmt::format("written, but its directory cannot be synced: {}", reason(error)));
}

void write_file_safely(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  check_place(path);
  Part part = make_part(path);
  int error = write_all(part.file, bytes);
  const char* step = "write";
  if (error == 0 && part.file.close() != 0) error = errno;
  if (error == 0 && ::rename(part.path.c_str(), path.c_str()) != 0) {
    error = errno;
    step = "rename the finished file";
  }
  if (error != 0) {
    ::unlink(part.path.c_str());
    throw OutputError(path, fmt::format("cannot {}: {} ({} bytes to write)", step, reason(error), bytes.size()));
  }
  error = sync_directory(directory_of(path));
  if (error != 0)
    throw OutputError(path, fmt::format("written, but its directory cannot be synced: {}", reason(error)));
}

}  // namespace knetsim
