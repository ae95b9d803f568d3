// A results file appears whole or not at all. Each way to fail is made to happen: a disk that is full (a limit on file
// size and, where the machine lets us mount one, a small tmpfs), a missing or closed directory, a second writer,
// foreign files in the way. After each the earlier file is as it was and no .part is left.
#include "sim/output/safe_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "sim/output/output_error.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string failure(const std::filesystem::path& path, const std::string& text) {
  try {
    write_file_safely(path, bytes(text));
  } catch (const OutputError& error) {
    return error.what();
  }
  return "";
}

constexpr int kNotAllowed = 77;

/// Exit status of `body`, run in a child so that limits, mounts and user ids end with it.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class SafeFile : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder / "results.h5"; }
  /// Files beside it whose names end in .part.
  std::vector<std::filesystem::path> parts() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().extension() == ".part") found.push_back(entry.path());
    }
    return found;
  }
  TemporaryFolder folder;
};

TEST_F(SafeFile, ReplacesTheEarlierFileAndLeavesNoPart) {
  write_text(file(), "earlier");
  EXPECT_EQ(failure(file(), "later"), "");
  EXPECT_EQ(read_text(file()), "later");
  EXPECT_THAT(parts(), IsEmpty());
}

// The fixed name that it once had, and names like those it takes now: what stands there is somebody else's.
TEST_F(SafeFile, WhatStandsBesideItIsNotOpened) {
  write_text(folder / "victim", "precious");
  std::filesystem::create_symlink(folder / "victim", folder / "results.h5.part");
  std::filesystem::create_hard_link(folder / "victim", folder / "results.h5.0123abcd.part");
  ASSERT_EQ(::mkfifo((folder / "results.h5.able").c_str(), 0600), 0);
  EXPECT_EQ(failure(file(), "whole"), "");
  EXPECT_EQ(read_text(file()), "whole");
  EXPECT_EQ(read_text(folder / "victim"), "precious");
  EXPECT_EQ(parts().size(), 2U);
}

TEST_F(SafeFile, TheModeOfTheEarlierFileIsKept) {
  write_text(file(), "secret");
  ::chmod(file().c_str(), 0600);
  EXPECT_EQ(failure(file(), "also"), "");
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

// As root, renaming over a device would take it out of the machine.
TEST_F(SafeFile, WhatIsNoRegularFileIsLeftAlone) {
  const auto fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(failure(fifo, "x"), HasSubstr("exists and is not a regular file"));
  EXPECT_THAT(failure("/dev/null", "x"), HasSubstr("/dev/null: exists and is not a regular file"));
  EXPECT_TRUE(std::filesystem::is_fifo(fifo));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(failure(std::filesystem::path(std::string("a\0b", 3)), "x"), HasSubstr("NUL"));
}

TEST_F(SafeFile, AWriterThatIsKilledLeavesTheEarlierFile) {
  write_text(file(), "earlier");
  const std::string big(64U << 20U, 'x');
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) write_file_safely(file(), bytes(big));  // killed somewhere: before, in or after a write
  }
  while (parts().empty()) ::usleep(100);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const std::string now = read_text(file());
  EXPECT_TRUE(now == "earlier" || now == big) << now.size();
  EXPECT_EQ(failure(file(), "next"), "");
  EXPECT_EQ(read_text(file()), "next");
}

TEST_F(SafeFile, AFullDiskIsOneLineAndLeavesTheEarlierFile) {
  write_text(file(), "earlier");
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return kNotAllowed;
    const std::string message = failure(file(), std::string(100'000, 'x'));
    return message.find("cannot write: File too large (100000 bytes to write)") == std::string::npos ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_text(file()), "earlier");
  EXPECT_THAT(parts(), IsEmpty());
}

TEST_F(SafeFile, AFullFileSystemIsOneLineAndLeavesTheEarlierFile) {
  const int status = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return kNotAllowed;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) return kNotAllowed;
    write_text(file(), "earlier");
    const std::string message = failure(file(), std::string(100'000, 'x'));
    if (message.find("No space left on device") == std::string::npos) return 1;
    return read_text(file()) == "earlier" && parts().empty() ? 0 : 2;
  });
  if (status == kNotAllowed)
    GTEST_SKIP() << "this user may not mount a tmpfs; the size limit above covers the same path";
  EXPECT_EQ(status, 0);
}

TEST_F(SafeFile, AMissingDirectoryIsNamed) {
  EXPECT_THAT(failure(folder / "none/results.h5", "x"), HasSubstr("does not exist (mkdir -p"));
  EXPECT_THROW(check_writable(folder / "none/results.h5"), OutputError);
}

TEST_F(SafeFile, ADirectoryInItsPlaceIsNamed) {
  EXPECT_THAT(failure(folder.path(), "x"), HasSubstr("is a directory"));
  write_text(file(), "");
  EXPECT_THAT(failure(file() / "below.h5", "x"), HasSubstr("is not a directory"));
}

TEST_F(SafeFile, AClosedDirectoryIsNamed) {
  const auto closed = folder / "closed";
  std::filesystem::create_directory(closed);
  ::chmod(folder.path().c_str(), 0755);
  ::chmod(closed.c_str(), 0555);
  const int status = in_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return kNotAllowed;  // root may write anywhere
    return failure(closed / "results.h5", "x").find("Permission denied") == std::string::npos ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
}

std::string refusal(const std::filesystem::path& path) {
  try {
    check_writable(path);
  } catch (const OutputError& error) {
    return error.what();
  }
  return "";
}

/// Whether the kernel's own file system of this type is mounted there; a bare root has an ordinary folder instead.
bool is_mounted(const std::string& directory, long type) {
  struct statfs file_system {};
  return ::statfs(directory.c_str(), &file_system) == 0 && file_system.f_type == type;
}

// Root may write to these directories by their permissions; only trying shows that they take no new file.
TEST_F(SafeFile, AFileSystemThatTakesNoNewFilesIsNamedBeforehand) {
  bool tried = false;
  for (const auto& [directory, type] :
       {std::pair<std::string, long>{"/proc", PROC_SUPER_MAGIC}, {"/sys", SYSFS_MAGIC}}) {
    if (!is_mounted(directory, type) || ::access(directory.c_str(), W_OK) != 0) continue;
    const std::string message = refusal(directory + "/x.yaml");
    EXPECT_THAT(message, HasSubstr("no file can be created in '" + directory + "': "));
    EXPECT_EQ(message, failure(directory + "/x.yaml", "x"));
    tried = true;
  }
  if (!tried) GTEST_SKIP() << "neither proc nor sysfs is mounted where this user may write by its permissions";
}

TEST_F(SafeFile, ANameThatIsTooLongIsNamedBeforehand) {
  EXPECT_EQ(refusal(folder / std::string(241, 'x')), "");  // ".01234567.part" is 14 long, a name at most 255
  EXPECT_THAT(refusal(folder / std::string(242, 'x')), HasSubstr("File name too long"));
}

TEST_F(SafeFile, TheCheckLeavesNothing) {
  EXPECT_EQ(refusal(file()), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(SafeFile, ManyWritersLeaveOneWholeFile) {
  constexpr int kWriters = 4;
  std::vector<pid_t> children;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int round = 0; round < 50; ++round) failure(file(), std::string(20'000, static_cast<char>('a' + writer)));
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  const std::string text = read_text(file());
  ASSERT_EQ(text.size(), 20'000U);
  EXPECT_EQ(text, std::string(20'000, text[0]));
}

}  // namespace
}  // namespace knetsim
