#include "analysis/lab/emulator.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <deque>
#include <vector>

#include "analysis/lab/command.h"
#include "analysis/lab/descriptor.h"
#include "analysis/lab/lab_error.h"

namespace knetsim::lab {
namespace {

using Clock = std::chrono::steady_clock;

/// The archive as a file without a name, at which the emulator can look.
Descriptor in_memory(const std::string& bytes) {
  Descriptor file(::memfd_create("initramfs", MFD_CLOEXEC));
  std::string_view left = bytes;
  while (!left.empty()) {
    const ssize_t written = ::write(file.get(), left.data(), left.size());
    if (written <= 0) throw LabError(fmt::format("no memory for the guest's files: {}", std::strerror(errno)));
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

struct EmulatorPipe {
  Descriptor read, write;
  EmulatorPipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw LabError("no pipe: too many open files?");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
};

std::vector<std::string> command_line(const GuestKernel& kernel, int archive, int results,
                                      const EmulatorOptions& options) {
  // Everything that could differ between two boots is given: addresses, clock, random numbers (-seed is what rdrand,
  // rdseed and the kernel's boot seed come from). The kernel's own mitigations stay as they are for this CPU.
  const std::string kernel_arguments =
      "console=ttyS0 quiet loglevel=3 panic=-1 reboot=t nokaslr norandmaps nowatchdog random.trust_cpu=on "
      "random.trust_bootloader=on";
  std::vector<std::string> command = words(
      fmt::format("{} -nodefaults -no-user-config -display none -no-reboot -machine pc -accel tcg,thread=single "
                  "-icount shift=0,sleep=off -cpu max -smp 1 -m {} -rtc clock=vm,base=2026-01-01T00:00:00 -seed 1 "
                  "-initrd /proc/self/fd/{} -chardev stdio,id=terminal,signal=off -serial chardev:terminal "
                  "-chardev file,id=results,path=/proc/self/fd/{} -serial chardev:results",
                  kEmulator, options.memory_mb, archive, results));
  command.insert(command.end(), {"-kernel", kernel.image.string(), "-append", kernel_arguments});
  return command;
}

/// The emulator as a process that ends with this object.
class Process {
 public:
  Process(const std::vector<std::string>& command, int output, const std::vector<int>& inherited) {
    const std::string program = find_program(command.front());
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw LabError("no process can be started");
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::signal(SIGPIPE, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    for (const int fd : inherited) ::fcntl(fd, F_SETFD, 0);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

/// Cuts what the terminal prints into lines, and keeps the last ones.
class Lines {
 public:
  explicit Lines(const EmulatorOptions& options) : options_(options) {}
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\r') continue;
      if (c != '\n') {
        line_ += c;
        continue;
      }
      if (options_.on_line) options_.on_line(line_);
      last_.push_back(line_);
      if (last_.size() > 5) last_.pop_front();
      line_.clear();
    }
  }
  std::string last() const { return fmt::format("{}{}", fmt::join(last_, "\n  "), line_); }

 private:
  const EmulatorOptions& options_;
  std::string line_;
  std::deque<std::string> last_;
};

/// "0 1234\n" and 1,234 bytes.
bool parse_result(const std::string& sent, GuestRun& run) {
  const std::size_t end = sent.find('\n');
  const std::size_t blank = sent.find(' ');
  if (end == std::string::npos || blank == std::string::npos || blank > end) return false;
  std::size_t bytes = 0;
  std::from_chars(sent.data(), sent.data() + blank, run.status);
  std::from_chars(sent.data() + blank + 1, sent.data() + end, bytes);
  run.result = sent.substr(end + 1);
  return run.result.size() == bytes;
}

}  // namespace

GuestRun run_guest(const GuestKernel& kernel, const std::string& archive, const EmulatorOptions& options) {
  if (!is_installed(kEmulator)) {
    throw LabError(fmt::format("the program '{}' is not installed: ./dev setup lab, or apt-get install qemu-system-x86",
                               kEmulator));
  }
  const Descriptor files = in_memory(archive);
  EmulatorPipe terminal;
  EmulatorPipe results;
  Process emulator(command_line(kernel, files.get(), results.write.get(), options), terminal.write.get(),
                   {files.get(), results.write.get()});
  terminal.write.close();
  results.write.close();

  Lines lines(options);
  std::string sent;
  const auto deadline = Clock::now() + options.patience;
  for (bool terminal_open = true, results_open = true; terminal_open || results_open;) {
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ends[2] = {{.fd = terminal_open ? terminal.read.get() : -1, .events = POLLIN, .revents = 0},
                      {.fd = results_open ? results.read.get() : -1, .events = POLLIN, .revents = 0}};
    if (wait <= 0 || ::poll(ends, 2, static_cast<int>(wait)) == 0) {
      throw LabError(fmt::format("the emulated machine did not end within {} s; its last lines:\n  {}",
                                 options.patience.count(), lines.last()));
    }
    char buffer[65536];
    const auto read = [&](pollfd& end, bool& open) -> std::string_view {
      if ((end.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return {};
      const ssize_t got = ::read(end.fd, buffer, sizeof buffer);
      if (got <= 0 && errno != EINTR) open = false;
      return {buffer, static_cast<std::size_t>(std::max<ssize_t>(0, got))};
    };
    lines.add(read(ends[0], terminal_open));
    sent += read(ends[1], results_open);
  }
  emulator.wait();
  GuestRun run;
  if (!parse_result(sent, run)) {
    throw LabError(fmt::format("the emulated machine ended without a result; its last lines:\n  {}", lines.last()));
  }
  return run;
}

}  // namespace knetsim::lab
