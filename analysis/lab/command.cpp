#include "analysis/lab/command.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

using Clock = std::chrono::steady_clock;

/// A pipe whose ends close with their owner. A pair of sockets, since writing to one can do without SIGPIPE.
struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw LabError("no pair of sockets: too many open files?");
    }
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    close(read);
    close(write);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

/// Where programs of root's are: sudo's secure_path (sudoers(5), Debian 12).
constexpr const char* kFolders = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// This program's environment, but for the language of messages and for where programs are: iptables runs modprobe.
std::vector<std::string> environment_of_commands() {
  std::vector<std::string> all{"LC_ALL=C", std::string("PATH=") + kFolders};
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text = *one;
    if (!text.starts_with("LC_ALL=") && !text.starts_with("PATH=")) all.emplace_back(text);
  }
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// In the child, whose memory is its parent's until it has become another program: system calls alone.
[[noreturn]] void become(char* const* arguments, char* const* environment, const CommandOptions& options,
                         const Pipe& in, const Pipe& out) {
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);  // ignored by this program, and that is inherited
  ::dup2(in.read, 0);
  ::dup2(out.write, 1);
  ::dup2(out.write, 2);
  if (options.net_namespace >= 0) {
    // A mount namespace of its own, so that /sys can show the network namespace, and nobody else notices.
    if (::setns(options.net_namespace, CLONE_NEWNET) != 0 || ::unshare(CLONE_NEWNS) != 0 ||
        ::mount("", "/", "none", MS_REC | MS_PRIVATE, nullptr) != 0) {
      ::_exit(126);
    }
    ::umount2("/sys", MNT_DETACH);
    ::mount("sysfs", "/sys", "sysfs", 0, nullptr);
    // Its own /run too: the lock of iptables there is the machine's, and loading a lab's rules takes seconds.
    ::mount("tmpfs", "/run", "tmpfs", 0, nullptr);
  }
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandResult run(const std::vector<std::string>& command, const CommandOptions& options) {
  const std::string program = find_program(command.front());
  if (program.empty()) return {.status = 127, .timed_out = false, .output = command.front() + ": not found"};
  std::vector<std::string> texts = command;
  texts.front() = program;
  std::vector<std::string> environment_texts = environment_of_commands();
  const std::vector<char*> arguments = pointers_to(texts);
  const std::vector<char*> environment = pointers_to(environment_texts);
  Pipe in;
  Pipe out;
  // A copy of the page tables of a large process takes longer than most commands.
  const pid_t child = ::vfork();
  if (child < 0) throw LabError("no process can be started");
  if (child == 0) become(arguments.data(), environment.data(), options, in, out);
  Pipe::close(in.read);
  Pipe::close(out.write);

  CommandResult result;
  std::string_view left = options.input;
  if (left.empty()) Pipe::close(in.write);
  const auto deadline = Clock::now() + options.patience;
  while (true) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ends[2] = {{.fd = out.read, .events = POLLIN, .revents = 0},
                      {.fd = in.write, .events = POLLOUT, .revents = 0}};
    if (wait <= 0 || ::poll(ends, 2, static_cast<int>(wait)) == 0) {
      ::kill(-child, SIGKILL);
      result.timed_out = true;
      break;
    }
    if ((ends[1].revents & (POLLOUT | POLLERR)) != 0) {
      const ssize_t written = ::send(in.write, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (written < 0 && errno != EAGAIN) left = {};  // it does not read on
      left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(0, written)));
      if (left.empty()) Pipe::close(in.write);
    }
    if ((ends[0].revents & (POLLIN | POLLHUP)) != 0) {
      char buffer[65536];
      const ssize_t got = ::read(out.read, buffer, sizeof buffer);
      if (got <= 0) break;
      result.output.append(buffer, static_cast<std::size_t>(got));
    }
  }
  result.status = wait_for(child);
  return result;
}

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return list;
}

std::filesystem::path find_program(const std::string& program) {
  const char* path = ::geteuid() == 0 ? nullptr : std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") + ":" + kFolders);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.starts_with('/')) continue;  // "" and "." are wherever somebody happens to be
    std::filesystem::path candidate = std::filesystem::path(folder) / program;
    std::error_code unknown;
    if (std::filesystem::is_regular_file(candidate, unknown) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return {};
}

bool is_installed(const std::string& program) { return !find_program(program).empty(); }

}  // namespace knetsim::lab
