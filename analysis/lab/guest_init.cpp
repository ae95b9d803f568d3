#include "analysis/lab/guest_init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/reboot.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/lab/guest_image.h"

namespace knetsim::lab {
namespace {

namespace fs = std::filesystem;

void mount_one(const char* type, const char* at) {
  if (::mount(type, at, type, 0, nullptr) != 0) fmt::print("guest: {} not mounted: {}\n", at, std::strerror(errno));
}

void load_modules() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(std::string("/") + kGuestModules)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (::syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST) {
      fmt::print("guest: module {}: {}\n", file.filename().string(), std::strerror(errno));
    }
    ::close(fd);
  }
}

int run_payload() {
  std::vector<std::string> words;
  std::ifstream list(std::string("/") + kGuestPayload);
  for (std::string word; std::getline(list, word);) words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  // The first process is given every orphan too.
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::wait(&status);
    if (ended < 0 && errno != EINTR) return 126;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void send_result(int status) {
  const int port = ::open("/dev/ttyS1", O_WRONLY | O_NOCTTY);
  termios raw{};
  ::tcgetattr(port, &raw);
  ::cfmakeraw(&raw);
  ::tcsetattr(port, TCSANOW, &raw);
  std::ifstream stream(std::string("/") + kGuestResult, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  write_all(port, fmt::format("{} {}\n", status, bytes.size()));
  write_all(port, bytes);
  ::tcdrain(port);
}

}  // namespace

bool is_guest_init(const char* program_name) { return ::getpid() == 1 && std::string_view(program_name) == "/init"; }

void guest_init() {
  mount_one("devtmpfs", "/dev");
  const int terminal = ::open("/dev/ttyS0", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) ::dup2(terminal, fd);
  mount_one("proc", "/proc");
  mount_one("sysfs", "/sys");
  mount_one("tmpfs", "/run");
  mount_one("tmpfs", "/tmp");
  ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  ::setenv("HOME", "/root", 1);
  ::chdir("/");
  load_modules();
  const int status = run_payload();
  send_result(status);
  ::sync();
  ::reboot(LINUX_REBOOT_CMD_RESTART);  // which ends the emulator (-no-reboot)
  ::_exit(status);
}

}  // namespace knetsim::lab
